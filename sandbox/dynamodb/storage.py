"""A table's items by key, in the order of Query and of Scan.

A Scan's order is that of the hash of the partition key, then of the sort key. It is independent of the other items in
the table, so a page begins at the right place even if the item at the end of the previous page is deleted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from hashlib import md5
from typing import Any, Protocol

from sandbox.dynamodb.compare import sortable
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import KeySchema

HASHES = 2**128
_LEAST_GONE = 1000

Place = tuple[Any, ...]
"""A position in an order; positions of the same order are comparable."""


def hash_of(content: str) -> int:
    """The hash of a partition key, from 0 to HASHES - 1."""
    return int.from_bytes(md5(content.encode(), usedforsecurity=False).digest(), "big")


class Ordered:
    """Keys in the order of their places, sorted when they are read.

    Added keys wait until the next read, and removed keys stay until they are many, so that the cost of a write does not
    depend on the number of keys.
    """

    def __init__(self) -> None:
        self._sorted: list[tuple[Place, Any]] = []
        self._added: list[tuple[Place, Any]] = []
        self._gone: set[Place] = set()

    def __len__(self) -> int:
        return len(self._sorted) + len(self._added) - len(self._gone)

    def add(self, place: Place, key: Any) -> None:
        """Add a key that is absent."""
        if place in self._gone:
            self._gone.discard(place)
        else:
            self._added.append((place, key))

    def discard(self, place: Place) -> None:
        """Remove the key at a place that has one."""
        self._gone.add(place)
        if len(self._gone) > _LEAST_GONE and 2 * len(self._gone) > len(self._sorted) + len(self._added):
            kept = [entry for entry in self._sorted + self._added if entry[0] not in self._gone]
            self._sorted, self._added, self._gone = sorted(kept, key=_place), [], set()

    def between(self, low: Place | None, high: Place | None, *, forward: bool = True) -> Iterator[tuple[Place, Any]]:
        """The entries from place `low` (inclusive) to `high` (exclusive); None for no bound."""
        if self._added:
            self._sorted += self._added
            self._sorted.sort(key=_place)
            self._added = []
        start = 0 if low is None else bisect_left(self._sorted, low, key=_place)
        stop = len(self._sorted) if high is None else bisect_left(self._sorted, high, key=_place)
        for number in range(start, stop) if forward else range(stop - 1, start - 1, -1):
            entry = self._sorted[number]
            if entry[0] not in self._gone:
                yield entry


def _place(entry: tuple[Place, Any]) -> Place:
    return entry[0]


class StoreView(Protocol):
    """A structure that is updated with a store's items: a secondary index, or the expiry times of items."""

    def change(self, old: StoredItem | None, new: StoredItem | None) -> None:
        """Replace the old item by the new one; None for no item."""
        ...


class _Partition:
    """Several items of one partition key by sort key; their order is computed at its first use."""

    __slots__ = ("items", "order")

    def __init__(self, *items: StoredItem) -> None:
        self.items = {item.key.range: item for item in items}
        self.order: Ordered | None = None


class Store:
    """The items of one table. Used by one thread."""

    def __init__(self, key: KeySchema) -> None:
        self._schema = key
        # A partition with one item stores it directly, as every partition of a table without sort keys does.
        self._partitions: dict[str, StoredItem | _Partition] = {}
        self._hashes: Ordered | None = None
        self._count = 0
        self.size_bytes = 0
        self.views: dict[str, StoreView] = {}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StoredItem]:
        for found in self._partitions.values():
            if isinstance(found, StoredItem):
                yield found
            else:
                yield from found.items.values()

    def get(self, key: Key) -> StoredItem | None:
        """The item with a key; None if absent."""
        found = self._partitions.get(key.hash)
        if isinstance(found, _Partition):
            return found.items.get(key.range)
        return found if found is not None and found.key.range == key.range else None

    def change(self, key: Key, old: StoredItem | None, new: StoredItem | None) -> None:
        """Replace the item with a key by a new one; None for no item."""
        if new is not None:
            self._put(key, new, is_new=old is None)
            self.size_bytes += new.size_bytes
        elif old is not None:
            self._remove(key)
        if old is not None:
            self.size_bytes -= old.size_bytes
        if self.views:
            for view in self.views.values():
                view.change(old, new)

    def partition(self, content: str) -> tuple[Ordered, dict[str, StoredItem]]:
        """The order of a partition, whose places are (sort key,), and its items by sort key."""
        found = self._partitions.get(content)
        if found is None:
            return Ordered(), {}
        partition = _Partition(found) if isinstance(found, StoredItem) else found
        return self._order_of(partition), partition.items

    def partition_bytes(self, content: str) -> int:
        """The size of all items of a partition, in bytes."""
        found = self._partitions.get(content)
        if isinstance(found, _Partition):
            return sum(item.size_bytes for item in found.items.values())
        return 0 if found is None else found.size_bytes

    def scanned(self, low: int, high: int, after: Key | None) -> Iterator[StoredItem]:
        """The items with hashes from `low` to `high - 1`, after a key if one is given, in the order of a Scan."""
        first: Place = (low,)
        begins: Place | None = None
        if after is not None:
            first, begins = max(first, (hash_of(after.hash), after.hash)), self.place_after(after.range)
        for place, content in self._order_of_hashes().between(first, (high,)):
            found = self._partitions[content]
            since = begins if place == first else None
            if isinstance(found, _Partition):
                for _, range_ in self._order_of(found).between(since, None):
                    yield found.items[range_]
            elif since is None or self.place_of(found.key.range) >= since:
                yield found

    def place_of(self, range_: str) -> Place:
        """The place of a sort key in its partition."""
        kind = self._schema.range
        return (0,) if kind is None else (sortable(kind.kind, range_),)

    def place_after(self, range_: str) -> Place:
        """The place directly after a sort key's."""
        return (*self.place_of(range_), 0)

    def _put(self, key: Key, item: StoredItem, *, is_new: bool) -> None:
        self._count += is_new
        found = self._partitions.get(key.hash)
        if isinstance(found, _Partition):
            found.items[key.range] = item
            if is_new and found.order is not None:
                found.order.add(self.place_of(key.range), key.range)
        elif is_new and found is not None:
            self._partitions[key.hash] = _Partition(found, item)
        else:
            self._partitions[key.hash] = item
            if found is None and self._hashes is not None:
                self._hashes.add((hash_of(key.hash), key.hash), key.hash)

    def _remove(self, key: Key) -> None:
        self._count -= 1
        found = self._partitions[key.hash]
        if isinstance(found, _Partition):
            del found.items[key.range]
            if found.order is not None:
                found.order.discard(self.place_of(key.range))
            if found.items:
                return
        del self._partitions[key.hash]
        if self._hashes is not None:
            self._hashes.discard((hash_of(key.hash), key.hash))

    def _order_of(self, partition: _Partition) -> Ordered:
        if partition.order is None:
            partition.order = Ordered()
            for range_ in partition.items:
                partition.order.add(self.place_of(range_), range_)
        return partition.order

    def _order_of_hashes(self) -> Ordered:
        if self._hashes is None:
            self._hashes = Ordered()
            for content in self._partitions:
                self._hashes.add((hash_of(content), content), content)
        return self._hashes
