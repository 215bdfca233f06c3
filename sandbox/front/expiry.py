"""The removal of expired items from every table with a time to live."""

from __future__ import annotations

import asyncio
import logging
import time

from moto.dynamodb.models import dynamodb_backends

from sandbox.dynamodb.expiry import remove_expired
from sandbox.front.counting.dynamodb import DYNAMODB
from sandbox.front.tables import table_of
from sandbox.journal.in_use import journal
from sandbox.state import ACCOUNT_ID

log = logging.getLogger(__name__)

_EVERY_S = 1.0
_MAX_AT_ONCE = 200
"""How many items of a table are removed before other calls are handled."""


async def expire_items() -> None:
    """Look for expired items until the task is cancelled."""
    while True:
        more = False
        try:
            more = remove_once(time.time())
            journal().commit()
        except Exception:
            log.exception("the removal of expired items failed")
        await asyncio.sleep(0 if more else _EVERY_S)


def remove_once(now_s: float) -> bool:
    """Remove some of the expired items; return whether there may be more."""
    more = False
    for backend in dynamodb_backends[ACCOUNT_ID].values():
        for table in list(backend.tables.values()):
            attribute = table.ttl.get("AttributeName")
            if table.ttl.get("TimeToLiveStatus") == "ENABLED" and attribute is not None:
                removed = remove_expired(table_of(table), attribute, now_s, _MAX_AT_ONCE)
                if removed:
                    DYNAMODB.expired(table.region_name, table.name, removed)
                more |= removed == _MAX_AT_ONCE
    return more
