"""The interface between the engine and a workload.

A workload reads every arrival of the plan in order and selects those of its segment. The same seed must give the same
selection, so that n segments together write what one segment alone would write.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from loadgen.dynamodb.writes import Write, WriteResult
from loadgen.schedule.arrivals import Arrival


class Workload(Protocol):
    """Draws and renders writes, and receives their results."""

    @property
    def failure(self) -> str | None:
        """Why the workload ended before the plan did, in one sentence."""
        ...

    def arrivals(self, offsets_ns: Iterator[int]) -> Iterator[Arrival]:
        """Yield the segment's arrivals, for due times in ns after the start."""
        ...

    def write(self, arrival: Arrival) -> Write | None:
        """Render the write for an arrival, when it is due, in the order of the arrivals.

        None when no write is allowed now; it counts as dropped.
        """
        ...

    def finish(self, write: Write, result: WriteResult) -> None:
        """Receive the result of a write. Until then its key must not be written again."""
        ...
