"""The load generator's ledger against the change log, which must contain every write of it (`stack.ledger`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from lake.athena import Row
from lake.scratch import scratch
from stack import UserError
from stack.ledger import Acknowledged
from transform.schema import Column, Table

_REMOVE = "REMOVE"
_VERSION_ATTRIBUTE = ("version",)
_SCHEMA = """
CREATE TABLE write (
  key TEXT, removed INTEGER, version INTEGER, op TEXT, times INTEGER DEFAULT 1, found INTEGER DEFAULT 0,
  PRIMARY KEY (key, removed, version)
) WITHOUT ROWID
"""


class LostWrite(Struct, frozen=True):
    """An acknowledged write that is not in the change log."""

    key: str
    op: str
    version: int


class Delivery:
    """How often each acknowledged write must be in the change log, kept in a temporary SQLite file.

    A write may be in the log more often than in the ledger (its reply was lost and it was retried), but never less
    often.
    """

    def __init__(self, ledger: Iterable[Acknowledged], table_name: str) -> None:
        self._database = scratch(_SCHEMA)
        self._database.executemany(
            "INSERT INTO write(key, removed, version, op) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET times = times + 1",
            ((ack.key, ack.op == "delete", ack.version, ack.op) for ack in ledger if ack.table == table_name),
        )
        (self.writes,) = self._database.execute("SELECT coalesce(sum(times), 0) FROM write").fetchone()

    def find(self, log: Iterable[Row]) -> None:
        """Count the change log's rows of `LakeReader.change_counts`: key cells, op, version, number of changes."""
        self._database.execute("UPDATE write SET found = 0")
        self._database.executemany(
            "UPDATE write SET found = found + ? WHERE key = ? AND removed = ? AND version = ?",
            (
                (int(row[-1] or 0), "/".join(cell or "" for cell in row[:-3]), row[-3] == _REMOVE, row[-2])
                for row in log
            ),
        )

    def close(self) -> None:
        """Delete the file."""
        self._database.close()

    @property
    def lost(self) -> int:
        """The number of acknowledged writes that are not in the change log."""
        (lost,) = self._database.execute("SELECT coalesce(sum(max(times - found, 0)), 0) FROM write").fetchone()
        return lost

    def lost_writes(self, limit: int = -1) -> Iterator[LostWrite]:
        """Those writes in the order of key and version; a negative `limit` returns all."""
        query = "SELECT key, op, version FROM write WHERE found < times ORDER BY key, version LIMIT ?"
        for key, op, version in self._database.execute(query, (limit,)):
            yield LostWrite(key, op, version)


def version_column(table: Table) -> Column:
    """The column of the attribute that counts the writes to an item; raises UserError when the schema has no such
    column.
    """
    for column in table.columns:
        if column.attribute == _VERSION_ATTRIBUTE:
            return column
    raise UserError("A ledger needs a column for the attribute `version`: add one to transform/schema.py.")
