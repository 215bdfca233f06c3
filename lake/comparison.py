"""Compares the table with the view and the last images: by digests, and row by row where these differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from lake.athena import Cell, Row
from lake.canonical import RawItem, read_image, shortened, unequal
from lake.fingerprints import Fingerprints, bucket_of
from lake.inventory import ItemDigests
from lake.reader import Digests, LastImage
from lake.scratch import scratch
from lake.values import same
from transform.schema import LakeTable

Kind = Literal["missing", "extra", "different"]
Fetch = Callable[[Sequence[Row]], list[Raw]]
_T = TypeVar("_T")

_SCHEMA = """
CREATE TABLE item (
  key BLOB PRIMARY KEY, row INTEGER, image INTEGER, seen INTEGER DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE difference (kind TEXT, key TEXT, "column" TEXT, expected TEXT, found TEXT);
CREATE TABLE different (key BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_FETCHED = 100
_MAX_SHOWN = 200


class Difference(Struct, frozen=True, omit_defaults=True):
    """One difference of a key.

    missing: the item is not in the view; extra: the view's row has no item, or is not the key's only one; different: a
    column has another value, or an attribute of the last image (`after.` and its name). Values are canonical text, None
    for NULL; values of images are the first 200 characters of their JSON. `different` has a column.
    """

    kind: Kind
    key: tuple[str | None, ...]
    column: str | None = None
    expected: str | None = None
    found: str | None = None


class Comparison:
    """The differences between a table's items and the lake. `close` deletes the file.

    `suspects` returns the buckets that differ. For these, call `expect`, then `compare_rows` and `compare_images`.
    `moving` keys are not compared, because they have a change after the moment of interest.
    """

    def __init__(self, table: LakeTable, fingerprints: Fingerprints, inventory: ItemDigests, fetch: Fetch) -> None:
        self._table = table
        self._fingerprints = fingerprints
        self._inventory = inventory
        self._fetch = fetch
        self._database = scratch(_SCHEMA)
        self._attributes = {column.attribute[0] for column in table.columns}
        self._moving: Collection[bytes] = frozenset()
        self.items = inventory.items
        self.rows = 0
        self.missing = 0
        self.extra = 0
        self.moving = inventory.moved
        self.shortened = 0

    def close(self) -> None:
        """Delete the file."""
        self._database.close()

    @property
    def different(self) -> int:
        """The number of keys with different values."""
        (count,) = self._database.execute("SELECT count(*) FROM different").fetchone()
        return count

    @property
    def wrong(self) -> int:
        """The number of keys that differ."""
        return self.missing + self.extra + self.different

    def suspects(self, digests: Digests, share: int) -> tuple[set[int], set[int]]:
        """Return the buckets whose digests differ: of the view's rows, and of the images."""
        self.rows = digests.rows
        inventory, empty = self._inventory, (0, 0)
        views = {at for at in range(share) if inventory.rows(at) != digests.view.get(at, empty)}
        images = {at for at in range(share) if inventory.images(at) != digests.images.get(at, empty)}
        return views, images

    def expect(self, buckets: Collection[int], moving: Collection[bytes] = frozenset()) -> None:
        """Load the table's fingerprints of these buckets."""
        self._moving = moving
        for key, row, image in self._inventory.entries(buckets):
            put = self._database.execute(
                "INSERT OR IGNORE INTO item(key, row, image) VALUES (?, ?, ?)", (key, row, image)
            )
            if not put.rowcount:
                # The keys of two items are equal in the columns: the view can have only one.
                self._missing(key)

    def compare_rows(self, rows: Iterable[Row], buckets: Collection[int]) -> None:
        """Compare all rows of the view in these buckets."""
        for batch in _batches(self._unequal_rows(rows)):
            items = self._items([key for key, _ in batch])
            for key, row in batch:
                if key in items:
                    self._compare_row(key, self._fingerprints.cells(items[key]), row)
                else:
                    self._extra(key)
        self._find_missing(buckets)

    def compare_images(self, images: Iterable[LastImage]) -> None:
        """Compare the last images; `compare_rows` reports keys that the table lacks."""
        for batch in _batches(self._unequal_images(images)):
            items = self._items([key for key, _ in batch])
            for key, after in batch:
                if key in items:
                    self._compare_image(key, items[key], after)

    def differences(self, limit: int = -1) -> Iterator[Difference]:
        """Return the differences in key order; a negative `limit` returns all."""
        query = 'SELECT kind, key, "column", expected, found FROM difference ORDER BY key, rowid LIMIT ?'
        for kind, key, column, expected, found in self._database.execute(query, (limit,)):
            yield Difference(kind, msgspec.json.decode(key, type=tuple[str | None, ...]), column, expected, found)

    def _unequal_rows(self, rows: Iterable[Row]) -> Iterator[tuple[bytes, Row]]:
        for row in rows:
            key, digest = self._fingerprints.of_row(row)
            stored = self._database.execute("SELECT row, seen FROM item WHERE key = ?", (key,)).fetchone()
            if stored is None or stored[1]:
                self._extra(key)
                continue
            self._database.execute("UPDATE item SET seen = 1 WHERE key = ?", (key,))
            if stored[0] != digest and not self._is_moving(key):
                yield key, row

    def _unequal_images(self, images: Iterable[LastImage]) -> Iterator[tuple[bytes, str]]:
        for last in images:
            if last.after is None:
                continue
            key, digest = self._fingerprints.of_image(last.key, last.after)
            stored = self._database.execute("SELECT image FROM item WHERE key = ?", (key,)).fetchone()
            if stored is not None and stored[0] != digest and key not in self._moving:
                yield key, last.after

    def _items(self, keys: Sequence[bytes]) -> dict[bytes, RawItem]:
        """Return the current state of these items."""
        cells = [self._fingerprints.key_cells(key) for key in keys]
        items = map(read_image, self._fetch([key for key in cells if None not in key]))
        return {self._fingerprints.of_item(item).key: item for item in items}

    def _compare_row(self, key: bytes, expected: Row, found: Row) -> None:
        for column, ours, theirs in zip(self._table.columns, expected, found, strict=True):
            if not same(column, ours, theirs):
                self._different(key, column.name, ours, theirs)

    def _compare_image(self, key: bytes, item: RawItem, after: str) -> None:
        try:
            image = read_image(after)
        except msgspec.MsgspecError:
            self._different(key, "after", None, after[:_MAX_SHOWN])
            return
        self.shortened += shortened(image)
        differs = self._database.execute("SELECT 1 FROM different WHERE key = ?", (key,)).fetchone() is not None
        for name in unequal(item, image):
            # Its column is already reported.
            if differs and name in self._attributes:
                continue
            self._different(key, f"after.{name}", _shown(item, name), _shown(image, name))

    def _find_missing(self, buckets: Collection[int]) -> None:
        if not buckets:
            return
        wanted = frozenset(buckets)
        for (key,) in self._database.execute("SELECT key FROM item WHERE NOT seen"):
            if bucket_of(key) in wanted:
                self._missing(key)

    def _missing(self, key: bytes) -> None:
        if not self._is_moving(key):
            self.missing += 1
            self._differs("missing", key)

    def _extra(self, key: bytes) -> None:
        if not self._is_moving(key):
            self.extra += 1
            self._differs("extra", key)

    def _different(self, key: bytes, column: str, expected: Cell, found: Cell) -> None:
        self._database.execute("INSERT OR IGNORE INTO different VALUES (?)", (key,))
        self._differs("different", key, column, expected, found)

    def _is_moving(self, key: bytes) -> bool:
        moves = key in self._moving
        self.moving += moves
        return moves

    def _differs(
        self, kind: Kind, key: bytes, column: str | None = None, expected: Cell = None, found: Cell = None
    ) -> None:
        shown = msgspec.json.encode(self._fingerprints.key_cells(key)).decode()
        self._database.execute("INSERT INTO difference VALUES (?, ?, ?, ?, ?)", (kind, shown, column, expected, found))


def _batches(rows: Iterator[_T]) -> Iterator[list[_T]]:
    while batch := [*islice(rows, _FETCHED)]:
        yield batch


def _shown(image: RawItem, name: str) -> Cell:
    value = image.get(name)
    return None if value is None else bytes(value).decode(errors="replace")[:_MAX_SHOWN]
