"""The units that calls read and write, and the keys of these calls, for counters. By default there is no counter.

The server installs its counters here; operations report to them once they are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sandbox.dynamodb.items import Key
from sandbox.dynamodb.table import ItemChange, StoredTable


class UsageCounter(Protocol):
    """Counts the units of calls."""

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> None:
        """Count writes; `factor` is 2 in a transaction."""
        ...

    def read(self, table: StoredTable, units: float, index: str | None = None, items: int | None = None) -> None:
        """Count a read of some units; `items` is the number that a Query or a Scan returns."""
        ...


class KeyCounter(Protocol):
    """Counts the keys of calls. A key without a sort key, in a table that has one, is of a whole partition."""

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int) -> None:
        """Count the keys of writes; `factor` is 2 in a transaction."""
        ...

    def read(self, table: StoredTable, key: Key, units: float, index: str | None) -> None:
        """Count the key of a read of some units."""
        ...

    def throttled(self, table: StoredTable, key: Key, index: str | None) -> None:
        """Count the key of a call for which there is no capacity."""
        ...


class Usage:
    """The counters of this process."""

    counter: UsageCounter | None = None
    keys: KeyCounter | None = None

    def wrote(self, changes: Sequence[tuple[StoredTable, ItemChange]], factor: int = 1) -> None:
        """Count writes."""
        if self.counter is not None:
            self.counter.wrote(changes, factor)
        if self.keys is not None:
            self.keys.wrote(changes, factor)

    def read(self, table: StoredTable, units: float, index: str | None = None, items: int | None = None) -> None:
        """Count a read."""
        if self.counter is not None:
            self.counter.read(table, units, index, items)

    def read_key(self, table: StoredTable, key: Key, units: float, index: str | None = None) -> None:
        """Count the key of a read."""
        if self.keys is not None:
            self.keys.read(table, key, units, index)

    def throttled(self, table: StoredTable, key: Key, index: str | None = None) -> None:
        """Count the key of a throttled call."""
        if self.keys is not None:
            self.keys.throttled(table, key, index)


USAGE = Usage()
