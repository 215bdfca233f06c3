"""What calls read and write, for who counts it. By default no one does.

The server puts a counter here; the operations report to it once they have done what they were asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sandbox.dynamodb.table import ItemChange, StoredTable


class UsageCounter(Protocol):
    """What counts the units of calls."""

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> None:
        """Writes that were made; `factor` is 2 in a transaction."""
        ...

    def read(self, table: StoredTable, units: float, index: str | None = None, items: int | None = None) -> None:
        """A read of so many units; `items` is how many a Query or a Scan returns."""
        ...


class Usage:
    """The counter of this process."""

    counter: UsageCounter | None = None

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> None:
        """Count writes that were made."""
        if self.counter is not None:
            self.counter.wrote(changes, factor)

    def read(self, table: StoredTable, units: float, index: str | None = None, items: int | None = None) -> None:
        """Count a read."""
        if self.counter is not None:
            self.counter.read(table, units, index, items)


USAGE = Usage()
