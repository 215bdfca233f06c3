"""Which loaded objects running queries read, so that their rows are dropped only behind the last of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sandbox.athena.objects import S3Object


@dataclass(eq=False)
class RunningQuery:
    """A running query: the objects that it holds, by data table, and what was kept of tables since it began."""

    held: set[tuple[str, S3Object]] = field(default_factory=set[tuple[str, S3Object]])
    kept: dict[str, Collection[S3Object]] = field(default_factory=dict[str, Collection[S3Object]])


class Holds:
    """The running queries and the condemned objects, whose rows no later query reads. Thread-safe.

    The caller serializes `take` and `free` of one data table.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: set[RunningQuery] = set()
        self._counts: Counter[tuple[str, S3Object]] = Counter()
        self._condemned: dict[str, set[S3Object]] = {}

    def begin(self) -> RunningQuery:
        """A query that begins, before it looks up its tables."""
        reading = RunningQuery()
        with self._lock:
            self._readings.add(reading)
        return reading

    def take(self, reading: RunningQuery, table: str, name: str, items: Iterable[S3Object]) -> None:
        """Hold objects of a table, whose rows are in the data table `name`.

        Those that the table has lost since the query began are condemned: the query may have loaded them again.
        """
        with self._lock:
            new = {(name, item) for item in items} - reading.held
            reading.held |= new
            self._counts.update(new)
            kept = reading.kept.get(table)
            if kept is not None:
                self._condemned.setdefault(name, set()).update(item for _, item in new if item not in kept)

    def keep(self, table: str, kept: Collection[S3Object]) -> None:
        """Note what is kept of a table, for the queries that run: they may have looked it up before."""
        with self._lock:
            for reading in self._readings:
                reading.kept[table] = kept

    def condemn(self, name: str, items: Iterable[S3Object]) -> None:
        """Condemn objects of a data table."""
        with self._lock:
            self._condemned.setdefault(name, set()).update(items)

    def free(self, name: str) -> set[S3Object]:
        """The condemned objects of a data table that no query holds; they are no longer condemned."""
        with self._lock:
            condemned = self._condemned.pop(name, set())
            held = {item for item in condemned if self._counts[name, item]}
            if held:
                self._condemned[name] = held
            return condemned - held

    def end(self, reading: RunningQuery) -> set[str]:
        """End a query; return the data tables that it read and that have condemned objects."""
        with self._lock:
            self._readings.discard(reading)
            self._counts.subtract(reading.held)
            for place in reading.held:
                if not self._counts[place]:
                    del self._counts[place]
            return {name for name, _ in reading.held} & self._condemned.keys()
