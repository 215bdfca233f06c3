"""The secondary indexes of a table: built at their first use, and updated with every change from then on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.dynamodb.compare import sortable
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import Index
from sandbox.dynamodb.storage import Ordered, Place, Store, hash_of
from sandbox.dynamodb.values import Attributes


class IndexView:
    """The keys of the items in one index, by partition, in the order of the index's sort key and of the table's key."""

    def __init__(self, index: Index, store: Store) -> None:
        self._index = index
        self._store = store
        self._partitions: dict[str, Ordered] = {}
        self._hashes = Ordered()
        for item in store:
            self.change(None, item)

    def change(self, old: StoredItem | None, new: StoredItem | None) -> None:
        """Replace the old item by the new one; None for no item."""
        was, is_ = self._placed(old), self._placed(new)
        if was == is_:
            return
        if was is not None:
            content, place, _ = was
            self._partitions[content].discard(place)
            if not len(self._partitions[content]):
                del self._partitions[content]
                self._hashes.discard((hash_of(content), content))
        if is_ is not None:
            content, place, key = is_
            if content not in self._partitions:
                self._partitions[content] = Ordered()
                self._hashes.add((hash_of(content), content), content)
            self._partitions[content].add(place, key)

    def partition(self, content: str) -> Ordered:
        """The order of a partition of the index; the places begin with the index's sort key."""
        return self._partitions.get(content) or Ordered()

    def place_of(self, attributes: Attributes, key: Key) -> Place:
        """The place of an item in its partition of the index."""
        part = self._index.key.range
        first = 0 if part is None else sortable(part.kind, attributes[part.name][part.kind])
        return (first, hash_of(key.hash), key.hash, *self._store.place_of(key.range))

    def scanned(self, low: int, high: int, after: tuple[Attributes, Key] | None) -> Iterator[Key]:
        """The keys of the items with hashes from `low` to `high - 1`, after a place, in the order of a Scan."""
        first: tuple[Any, ...] = (low,)
        begins: Place | None = None
        if after is not None:
            hash_ = self._index.key.hash
            content = after[0][hash_.name][hash_.kind]
            first, begins = max(first, (hash_of(content), content)), (*self.place_of(*after), 0)
        for place, content in self._hashes.between(first, (high,)):
            for _, key in self._partitions[content].between(begins if place == first else None, None):
                yield key

    def _placed(self, item: StoredItem | None) -> tuple[str, Place, Key] | None:
        """The partition and place of an item, and its key; None if it is not in the index."""
        if item is None:
            return None
        attributes = item.attributes
        if not self._index.holds(attributes):
            return None
        hash_ = self._index.key.hash
        return attributes[hash_.name][hash_.kind], self.place_of(attributes, item.key), item.key
