"""Checks that the change log contains every write of the load generator's ledger (`stack.ledger`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from msgspec import Struct

from lake.athena import Row
from lake.scratch import scratch
from stack import UserError
from stack.ledger import Acknowledged
from transform.schema import Column, LakeTable

_REMOVE = "REMOVE"
_VERSION_ATTRIBUTE = ("version",)
_INSERT = "INSERT"
_SCHEMA = """
CREATE TABLE write (
  key TEXT, removed INTEGER, version INTEGER, op TEXT, times INTEGER DEFAULT 1, found INTEGER DEFAULT 0,
  PRIMARY KEY (key, removed, version)
) WITHOUT ROWID;
CREATE TABLE unversioned (
  key TEXT PRIMARY KEY, times INTEGER DEFAULT 1, is_there INTEGER,
  puts INTEGER, inserts INTEGER DEFAULT 0, deletes INTEGER DEFAULT 0,
  found_puts INTEGER DEFAULT 0, found_inserts INTEGER DEFAULT 0, found_deletes INTEGER DEFAULT 0
) WITHOUT ROWID;
"""
# In the order of writes to one key, a delete of an existing item and a put of a missing one are changes.
_NOTE = """
INSERT INTO unversioned(key, is_there, puts) VALUES (:key, :put, :put) ON CONFLICT DO UPDATE SET
  times = times + 1, puts = max(puts, :put), is_there = :put,
  inserts = inserts + (:put AND NOT is_there), deletes = deletes + (is_there AND NOT :put)
"""
_COUNT = """
UPDATE unversioned SET found_puts = found_puts + :changes * NOT :removed,
  found_inserts = found_inserts + :changes * :inserted, found_deletes = found_deletes + :changes * :removed
WHERE key = :key
"""
_SHORT = "max(puts - found_puts, inserts - found_inserts, 0) + max(deletes - found_deletes, 0)"


class LostWrite(Struct, frozen=True):
    """An acknowledged write that is not in the change log; version 0 is of an item without a version."""

    key: str
    op: str
    version: int


class AcknowledgedWrites:
    """Counts how often each acknowledged write must be in the change log, in a temporary SQLite file.

    A write may be in the log more often than in the ledger (its reply was lost and it was retried), but never less
    often. A write of an item without a version cannot be found alone, and is not a change if it writes equal values.
    The changes that its key's writes must have made are counted: the first put, each delete of what was put, each put
    of what was deleted.
    """

    def __init__(
        self,
        ledger: Iterable[Acknowledged],
        table_name: str,
        created: datetime | None = None,
        erased: Collection[str] = (),
    ) -> None:
        """`created` is when the table was: of the ledger's writes, `earlier` were acknowledged before.

        `erased` are keys as in the ledger, whose `erased_writes` need not be in the change log.
        """
        self._database = scratch(_SCHEMA)
        self.writes = 0
        self.unversioned = 0
        self.earlier = 0
        self.erased_writes = 0
        # Both are ISO 8601 in UTC, whose texts are in the order of time.
        first = "" if created is None else f"{created.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        for ack in ledger:
            if ack.table == table_name and ack.key in erased:
                self.erased_writes += 1
            elif ack.table == table_name:
                self._note(ack)
                self.earlier += "" < ack.at < first

    @property
    def versions(self) -> bool:
        """Whether writes have a version that identifies them."""
        return self.writes > self.unversioned

    def find(self, log: Iterable[Row]) -> None:
        """Count the change log's rows of `LakeReader.change_counts`: key cells, op, version, number of changes."""
        self._database.execute("UPDATE write SET found = 0")
        self._database.execute("UPDATE unversioned SET found_puts = 0, found_inserts = 0, found_deletes = 0")
        for *cells, op, version, changes in log:
            key, removed, number = "/".join(cell or "" for cell in cells), op == _REMOVE, int(changes or 0)
            if self.versions:
                self._database.execute(
                    "UPDATE write SET found = found + ? WHERE key = ? AND removed = ? AND version = ?",
                    (number, key, removed, version),
                )
            if self.unversioned:
                found = {"key": key, "changes": number, "removed": removed, "inserted": op == _INSERT}
                self._database.execute(_COUNT, found)

    def close(self) -> None:
        """Delete the file."""
        self._database.close()

    @property
    def lost(self) -> int:
        """The number of acknowledged writes that are not in the change log."""
        (lost,) = self._database.execute("SELECT coalesce(sum(max(times - found, 0)), 0) FROM write").fetchone()
        (short,) = self._database.execute(f"SELECT coalesce(sum({_SHORT}), 0) FROM unversioned").fetchone()
        return lost + short

    def lost_writes(self, limit: int = -1) -> Iterator[LostWrite]:
        """Return those writes in the order of key and version; a negative `limit` returns all."""
        query = f"""
        SELECT key, op, version FROM write WHERE found < times
        UNION ALL SELECT key, CASE WHEN deletes > found_deletes THEN 'delete' ELSE 'insert' END, 0
        FROM unversioned WHERE {_SHORT} > 0 ORDER BY key, version LIMIT ?"""
        for key, op, version in self._database.execute(query, (limit,)):
            yield LostWrite(key, op, version)

    def _note(self, ack: Acknowledged) -> None:
        self.writes += 1
        if ack.version:
            self._database.execute(
                "INSERT INTO write(key, removed, version, op) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET times = times + 1",
                (ack.key, ack.op == "delete", ack.version, ack.op),
            )
        else:
            self.unversioned += 1
            self._database.execute(_NOTE, {"key": ack.key, "put": ack.op != "delete"})


def version_column(table: LakeTable) -> Column:
    """The column of the attribute that counts the writes to an item; raises UserError when the schema has no such
    column.
    """
    for column in table.columns:
        if column.attribute == _VERSION_ATTRIBUTE:
            return column
    raise UserError("A ledger needs a column for the attribute `version`: add one to transform/schema.py.")
