"""What to write: the interface between the engine and a workload.

A workload arrivals every arrival of the plan in order and keeps what belongs to
its segment. It must arrival the same from the same seed, so that n segments
together write what one would have written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from loadgen.dynamodb.writes import Write, WriteResult
from loadgen.schedule.arrivals import Arrival


class Workload(Protocol):
    """Draws and renders writes, and learns what became of them."""

    @property
    def failure(self) -> str | None:
        """Why it ended before the plan, in one sentence."""
        ...

    def arrivals(self, offsets_ns: Iterator[int]) -> Iterator[Arrival]:
        """The segment's part of arrivals that are due at these times after the start."""
        ...

    def write(self, arrival: Arrival) -> Write | None:
        """Render the write for an arrival, when it is due, in the order of the arrivals.

        None when there is nothing that may be written now; it counts as dropped.
        """
        ...

    def finish(self, write: Write, result: WriteResult) -> None:
        """Learn what became of a write. Until then its key must not be written again."""
        ...
