"""The server as `python -m sandbox.server`, with frequent snapshots for a test."""

from __future__ import annotations

import sandbox.front.saving.upkeep
import sandbox.server


def main() -> None:
    """Serve until SIGTERM."""
    sandbox.front.saving.upkeep.LEAST_BYTES = 5_000
    sandbox.front.saving.upkeep.EVERY_S = 0.05
    sandbox.server.main()
