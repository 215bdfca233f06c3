"""Time to live: the removal of expired items.

AWS removes them within a few days, the sandbox immediately. An item whose time is more than five years ago is not
removed.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from heapq import heapify, heappop, heappush

from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.storage import Store
from sandbox.dynamodb.table import ItemChange, StoredTable

IDENTITY = b'{"type":"Service","principalId":"dynamodb.amazonaws.com"}'
"""The originator of expired items' removals, in events and in the records of a Kinesis destination.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
"""
_OLDEST_S = 5 * 365 * 86_400
_VIEW = "\0time-to-live"


class _Times:
    """The expiry times of a table's items by one of their attributes, the earliest first."""

    def __init__(self, attribute: str, store: Store) -> None:
        self.attribute = attribute
        self._times: list[tuple[float, Key]] = []
        for item in store:
            self._add(item)
        heapify(self._times)

    def change(self, old: StoredItem | None, new: StoredItem | None) -> None:  # noqa: ARG002 - as every view
        """Add the new item's time; `due` ignores the old one's."""
        at_s = self._time_of(new)
        if new is not None and at_s is not None:
            heappush(self._times, (at_s, new.key))

    def due(self, store: Store, now_s: float) -> Iterator[StoredItem]:
        """Yield the expired items; entries of items that have since changed are dropped."""
        while self._times and self._times[0][0] <= now_s:
            at_s, key = heappop(self._times)
            item = store.get(key)
            if item is not None and self._time_of(item) == at_s and at_s > now_s - _OLDEST_S:
                yield item

    def _add(self, item: StoredItem) -> None:
        at_s = self._time_of(item)
        if at_s is not None:
            self._times.append((at_s, item.key))

    def _time_of(self, item: StoredItem | None) -> float | None:
        number = None if item is None else item.attributes.get(self.attribute, {}).get("N")
        return None if number is None else float(Decimal(number))


def remove_expired(table: StoredTable, attribute: str, now_s: float, limit: int) -> int:
    """Remove up to `limit` items whose `attribute` is a past time (epoch seconds); return their number."""
    view = table.store.views.get(_VIEW)
    if not isinstance(view, _Times) or view.attribute != attribute:
        view = table.store.views[_VIEW] = _Times(attribute, table.store)
    removed = 0
    for item in view.due(table.store, now_s):
        table.write(ItemChange(item.key, item, None), IDENTITY)
        removed += 1
        if removed == limit:
            break
    return removed
