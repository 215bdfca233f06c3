"""The maintenance of the files between calls."""

from __future__ import annotations

import asyncio
import logging

from sandbox.front.saving.checkpoint import write_snapshot
from sandbox.front.saving.saving import Saving

log = logging.getLogger(__name__)

EVERY_S = 1.0
LEAST_BYTES = 64 << 20
"""The minimum growth of the journal between two snapshots."""


async def keep_up(saving: Saving) -> None:
    """Save what calls left unsaved, and replace a journal that has grown by a snapshot, until cancelled."""
    last_end, size = saving.journal.end, 0
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            saving.sweep()
            if saving.journal.end - last_end > max(LEAST_BYTES, size):
                saving.save_recorded()
                last_end = saving.journal.end
                size = await write_snapshot(saving.journal)
        except Exception:
            log.exception("the journal could not be replaced")
