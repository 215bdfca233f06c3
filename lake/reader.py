"""The lake through Athena: the change log's state, and the current-state view."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lake.athena import Athena, Row, quote
from lake.drain import LogState
from lake.ledger import version_column
from lake.values import found
from transform.schema import ENVELOPE, Table

_EVENT_ID, _OP, _SEQUENCE = (ENVELOPE[at].name for at in range(3))


class Changes(Struct, frozen=True):
    """The number of the change log's rows and of its distinct changes."""

    rows: int
    distinct: int

    @property
    def duplicates(self) -> int:
        """Rows that repeat a change."""
        return self.rows - self.distinct


class LakeReader:
    """A change log and its view in an Athena database."""

    def __init__(self, athena: Athena, table: Table, change_log: str, view: str) -> None:
        self._athena = athena
        self._table = table
        self.change_log = change_log
        self.view = view

    def log_state(self) -> LogState:
        """The change log's number of rows and highest sequence."""
        rows, last = self._athena.one(f"SELECT count(*), max({quote(_SEQUENCE)}) FROM {quote(self.change_log)}")
        return LogState(int(rows or 0), last)

    def changes(self) -> Changes:
        """The change log's rows and distinct changes."""
        sql = f"SELECT count(*), count(DISTINCT {quote(_EVENT_ID)}) FROM {quote(self.change_log)}"
        rows, distinct = self._athena.one(sql)
        return Changes(int(rows or 0), int(distinct or 0))

    def view_rows(self) -> Iterator[Row]:
        """The view's rows, unordered, as the canonical text of the table's columns."""
        columns = self._table.columns
        names = ", ".join(quote(column.name) for column in columns)
        for row in self._athena.query(f"SELECT {names} FROM {quote(self.view)}").rows:
            yield tuple(map(found, columns, row))

    def change_counts(self) -> Iterator[Row]:
        """The number of distinct changes for each key, op and version, in this order.

        Raises UserError when no column has the attribute `version`.
        """
        keys = (column.name for column in self._table.key_columns)
        by = ", ".join(quote(name) for name in (*keys, _OP, version_column(self._table).name))
        sql = f"SELECT {by}, count(DISTINCT {quote(_EVENT_ID)}) FROM {quote(self.change_log)} GROUP BY {by}"
        return self._athena.query(sql).rows
