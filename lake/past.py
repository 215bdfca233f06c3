"""The change log as of a second: the rows and last images that the view and the log had then.

A change's time is its second, so a key with a change in that second can have its state before or after it. Such a key
has moved and is left out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from components import view
from lake.athena import Athena, quote
from lake.export_rows import sequence_of
from lake.reader import ComparedKeys, LakeReader, image_hash
from transform.schema import ENVELOPE, LakeTable

_SEQUENCE = quote(ENVELOPE[2].name)
_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)


class PastLake(LakeReader):
    """A change log as of `moment`, a second in UTC; the rows of a backfill of that second are from before it."""

    def __init__(
        self, athena: Athena, table: LakeTable, change_log: str, moment: datetime, scope: ComparedKeys | None = None
    ) -> None:
        super().__init__(athena, table, change_log, change_log, scope)
        self.table = table
        self.moment = moment
        self._before = f"{_SEQUENCE} <= '{sequence_of(moment)}'"
        self._until = f"{_SEQUENCE} < '{sequence_of(moment + _SECOND)}'"

    def hashes(self, image: str) -> tuple[str, str, str]:
        """SQL for the hashes of a key, a row and an image, from a relation with the table's columns: k, d, i."""
        return f"{self._key_hash()} AS k", f"{self._row_hash()} AS d", f"{image_hash(image)} AS i"

    def without_moved(self, query: str) -> str:
        """SQL for the rows of a query with the table's key columns, without the keys that have moved."""
        keys = [quote(column.name) for column in self.table.key_columns]
        named = ", ".join(f"{key} AS moved_{at}" for at, key in enumerate(keys))
        same = " AND ".join(f"q.{key} = m.moved_{at}" for at, key in enumerate(keys))
        return (
            f"({query}) AS q LEFT JOIN (SELECT DISTINCT {named} {self._moved()}) AS m ON {same} WHERE m.moved_0 IS NULL"
        )

    def moved_keys(self) -> int:
        """Return the number of keys that have moved. Raises: QueryError."""
        keys = ", ".join(quote(column.name) for column in self.table.key_columns)
        (count,) = self._athena.one(f"SELECT count(*) FROM (SELECT DISTINCT {keys} {self._moved()})")
        return int(count or 0)

    def _moved(self) -> str:
        # A change arrives after it is made.
        first = f"{quote(view.PARTITION)} >= '{self.moment - _HOUR:%Y-%m-%d-%H}'"
        return f"FROM {quote(self.change_log)} WHERE {first} AND NOT ({self._before}) AND {self._until}"

    def _rows(self) -> str:
        selected = view.names(view.columns(self.table))
        return f"(SELECT * FROM ({view.latest(self.table, selected, self._log())}) WHERE {self._before})"

    def _log(self) -> str:
        return f"(SELECT * FROM {quote(self.change_log)} WHERE {self._until})"

    def _chosen(self) -> list[str]:
        return [self._before]
