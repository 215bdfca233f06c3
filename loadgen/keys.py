"""Key choice: which of the orders written so far an update or delete is for.

Orders are numbered by their inserts. A choice is a pure function of 32 random
bits and of how many orders are ready (inserted, by the plan, long enough ago),
so every segment of a run makes the same one.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

# Orders are spread over this many lanes by number; a segment owns whole lanes.
LANES = 240
# An order is chosen among the last SPAN that are ready. Twice as many are kept in
# mind (a multiple of LANES), because those that still rest are the newest.
SPAN = 400 * LANES
WINDOW = 2 * SPAN


class KeyChoice(Protocol):
    """A distribution over the orders that are ready."""

    @property
    def rest_s(self) -> float:
        """How long an order rests after each write before it is chosen again, in plan time."""
        ...

    def choose(self, bits: int, ready: int) -> int:
        """The number of an order below `ready` (at least 1), chosen with 32 random bits."""
        ...


class Uniform(Struct, frozen=True, tag="uniform"):
    """Each of the last SPAN orders as often as any other."""

    rest_s: float = 1.0

    def choose(self, bits: int, ready: int) -> int:
        """The number of an order below `ready`."""
        span = min(SPAN, ready)
        return ready - span + (bits * span >> 32)
