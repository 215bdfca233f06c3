"""The order in which a table is scanned: by the hash of the partition key, then by the sort key.

The order does not depend on what else is in the table, so a scan goes on at
the right place though the item at which a page ended is gone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from decimal import Decimal
from hashlib import md5
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from sandbox.front.items import StoredItem
from sandbox.front.tables import Key, find, rows

_MAX_PAGE_BYTES = 1 << 20
_HASHES = 2**128


class Place(NamedTuple):
    """Where an item stands: the hash of its partition key and its sort key's value, or 0."""

    hash: int
    sort: Any = 0

    @classmethod
    def of(cls, partition_key: DynamoType, sort_key: DynamoType | None) -> Place:
        """The place of an item with this key."""
        content = _ordered(partition_key)
        text = content if isinstance(content, bytes) else str(content).encode()
        digest = int.from_bytes(md5(text, usedforsecurity=False).digest(), "big")
        return cls(digest, 0 if sort_key is None else _ordered(sort_key))


class _Order:
    """The places of a table's items, in order; made again when keys have come or gone."""

    def __init__(self) -> None:
        self._seen: list[Any] = []
        self.places: list[Place] = []
        self.keys: dict[Place, Key] = {}

    def update(self, items: Mapping[DynamoType, Any], has_sort_key: bool) -> None:
        seen: list[Any] = [(a, b) for a, inner in items.items() for b in inner] if has_sort_key else list(items)
        # A list compares its elements by identity first, and the keys of a dictionary stay the same objects.
        if seen == self._seen:
            return
        self._seen = seen
        keys = [Key(*pair) for pair in seen] if has_sort_key else [Key(partition_key, None) for partition_key in seen]
        self.keys = {Place.of(*key): key for key in keys}
        self.places = sorted(self.keys)


_orders: WeakKeyDictionary[Table, _Order] = WeakKeyDictionary()


def scan_page(
    table: Table, after: Place | None, limit: int | None, segment: int, segments: int
) -> tuple[list[StoredItem], bool]:
    """The items after a place, up to a limit of items and 1 MB, of one of several segments; whether there are more.

    The page that a limit or the size ends is followed by another, if only an
    empty one, as DynamoDB's is.
    """
    order = _orders.setdefault(table, _Order())
    order.update(rows(table), table.has_range_key)
    begin = bisect_left(order.places, Place(_boundary(segment, segments)))
    end = bisect_left(order.places, Place(_boundary(segment + 1, segments)))
    if after is not None:
        begin = max(begin, bisect_right(order.places, after))
    page: list[StoredItem] = []
    size_bytes = 0
    for index in range(begin, end):
        item = find(table, order.keys[order.places[index]])
        if item is None:
            continue
        size_bytes += item.size_bytes
        if size_bytes > _MAX_PAGE_BYTES and page:
            return page, True
        page.append(item)
        if len(page) == limit:
            return page, True
    return page, False


def _boundary(segment: int, segments: int) -> int:
    return -(-segment * _HASHES // segments)


def _ordered(key: DynamoType) -> Any:
    """A key's value in a form that Python orders as DynamoDB does."""
    if key.type == "N":
        return Decimal(key.value).normalize()
    return key.value.encode() if isinstance(key.value, str) else key.value
