"""The table against the view, key by key and column by column.

The table's rows are in a temporary SQLite file, indexed by key; the view's rows stream past it in any order. So neither
side is sorted, and a million orders take tens of megabytes of memory and some hundred on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from lake.athena import Row
from lake.scratch import scratch
from lake.values import same
from transform.schema import Table

Kind = Literal["missing", "extra", "different"]

_SCHEMA = """
CREATE TABLE item (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, cells BLOB NOT NULL);
CREATE TABLE difference (kind TEXT, key TEXT, "column" TEXT, expected TEXT, found TEXT);
"""


class Difference(Struct, frozen=True, omit_defaults=True):
    """One difference of a key.

    missing: the item is not in the view; extra: the view's row has no item, or is not the key's only one; different: a
    column has another value. Values are canonical text, None for NULL; the column is given for `different`.
    """

    kind: Kind
    key: tuple[str | None, ...]
    column: str | None = None
    expected: str | None = None
    found: str | None = None


class Comparison:
    """Rows of the table's columns, in the order of the columns and in canonical text, from both sides.

    Call `expect` with all rows of the table, then `find` with all rows of the view; after that the counts and
    `differences` are complete. `close` deletes the file.
    """

    def __init__(self, table: Table) -> None:
        self._columns = table.columns
        self._key_at = tuple(table.columns.index(column) for column in table.key_columns)
        self._database = scratch(_SCHEMA)
        self._seen = bytearray(1)
        self.items = 0
        self.rows = 0
        self.missing = 0
        self.extra = 0
        self.different = 0

    def close(self) -> None:
        """Delete the file."""
        self._database.close()

    @property
    def clean(self) -> bool:
        """Whether both sides are equal."""
        return not (self.missing or self.extra or self.different)

    def expect(self, rows: Iterable[Row]) -> None:
        """Store the table's rows."""
        for row in rows:
            self.items += 1
            key = self._key(row)
            put = self._database.execute(
                "INSERT OR IGNORE INTO item(key, cells) VALUES (?, ?)", (key, msgspec.msgpack.encode(row))
            )
            if not put.rowcount:
                # Two items whose keys are equal in the columns: the view can have only one.
                self.missing += 1
                self._differs("missing", key)

    def find(self, rows: Iterable[Row]) -> None:
        """Compare the view's rows and count the differences."""
        (stored,) = self._database.execute("SELECT count(*) FROM item").fetchone()
        self._seen = bytearray(stored + 1)
        for row in rows:
            self.rows += 1
            self._compare(row)
        for number, key in self._database.execute("SELECT number, key FROM item"):
            if not self._seen[number]:
                self.missing += 1
                self._differs("missing", key)

    def differences(self, limit: int = -1) -> Iterator[Difference]:
        """The differences in key order; a negative `limit` returns all."""
        query = 'SELECT kind, key, "column", expected, found FROM difference ORDER BY key, rowid LIMIT ?'
        for kind, key, column, expected, found in self._database.execute(query, (limit,)):
            yield Difference(kind, msgspec.json.decode(key, type=tuple[str | None, ...]), column, expected, found)

    def _compare(self, row: Row) -> None:
        key = self._key(row)
        stored = self._database.execute("SELECT number, cells FROM item WHERE key = ?", (key,)).fetchone()
        if stored is None or self._seen[stored[0]]:
            self.extra += 1
            self._differs("extra", key)
            return
        self._seen[stored[0]] = 1
        cells = msgspec.msgpack.decode(stored[1], type=tuple[str | None, ...])
        if cells == row:
            return
        wrong = [
            (column.name, expected, found)
            for column, expected, found in zip(self._columns, cells, row, strict=True)
            if not same(column, expected, found)
        ]
        for name, expected, found in wrong:
            self._differs("different", key, name, expected, found)
        self.different += bool(wrong)

    def _differs(
        self, kind: Kind, key: str, column: str | None = None, expected: str | None = None, found: str | None = None
    ) -> None:
        self._database.execute("INSERT INTO difference VALUES (?, ?, ?, ?, ?)", (kind, key, column, expected, found))

    def _key(self, row: Row) -> str:
        return msgspec.json.encode([row[at] for at in self._key_at]).decode()
