"""The units that calls read and write, for a counter. By default there is no counter.

The server installs a counter here; operations report to it once they are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sandbox.dynamodb.table import ItemChange, StoredTable


class UsageCounter(Protocol):
    """Counts the units of calls."""

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> None:
        """Count writes; `factor` is 2 in a transaction."""
        ...

    def read(self, table: StoredTable, units: float, index: str | None = None, items: int | None = None) -> None:
        """Count a read of some units; `items` is the number that a Query or a Scan returns."""
        ...


class Usage:
    """The counter of this process."""

    counter: UsageCounter | None = None

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> None:
        """Count writes."""
        if self.counter is not None:
            self.counter.wrote(changes, factor)

    def read(self, table: StoredTable, units: float, index: str | None = None, items: int | None = None) -> None:
        """Count a read."""
        if self.counter is not None:
            self.counter.read(table, units, index, items)


USAGE = Usage()
