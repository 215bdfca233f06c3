"""What to write: the interface between the engine and a workload.

A workload draws every arrival of the plan in order and keeps what belongs to
its segment. It must draw the same from the same seed, so that n segments
together write what one would have written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from loadgen.dynamodb.writes import Fate, Write
from loadgen.schedule.arrivals import Draw


class Workload(Protocol):
    """Draws and renders writes, and learns what became of them."""

    @property
    def failure(self) -> str | None:
        """Why its draws have ended before the arrivals, in a sentence."""
        ...

    def draws(self, offsets_ns: Iterator[int]) -> Iterator[Draw]:
        """The segment's part of arrivals that are due at these times after the start."""
        ...

    def bulks(self, offsets_ns: Iterator[int], most: int, *, wait_ns: int, boundary_ns: int) -> Iterator[Draw] | None:
        """The same in bulk, in batches as `bulk.batches` makes them; None when this workload cannot."""
        ...

    def expand(self, write: Write) -> list[Write]:
        """The writes that one in bulk stands for, in the order of its rows."""
        ...

    def write(self, draw: Draw) -> Write | None:
        """Render the write for a draw, when it is due, in the order of the draws.

        None when there is nothing that may be written now; it counts as dropped.
        """
        ...

    def settle(self, write: Write, fate: Fate) -> None:
        """Learn what became of a write. Until then its key must not be written again."""
        ...
