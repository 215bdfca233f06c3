"""Key choice: which of the orders written so far an update or delete is for.

Orders are numbered by their inserts. A choice is a pure function of 32 random
bits and of how many orders are ready (inserted, by the plan, long enough ago),
so every segment of a run makes the same one.

An order rests for `rest_s` of plan time after each write. That keeps a key
from being planned again while it is likely still in flight, and it bounds how
hot a key can get: to one write in each rest.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from itertools import accumulate
from typing import Protocol

from msgspec import Struct

# Orders are spread over this many lanes by number; a segment owns whole lanes.
LANES = 240
# An order is chosen among this many that are ready; a multiple of LANES.
SPAN = 400 * LANES
# So many of the newest orders are kept in mind: those that are ready, and those that still rest.
WINDOW = 2 * SPAN


class KeyChoice(Protocol):
    """A distribution over the orders that are ready."""

    @property
    def rest_s(self) -> float:
        """How long an order rests after each write before it is written again, in plan time."""
        ...

    @property
    def of_first(self) -> bool:
        """Whether the choice is among the first SPAN orders of the run, rather than the newest."""
        ...

    def choose(self, bits: int, ready: int) -> int:
        """The number of an order below `ready` (at least 1), chosen with 32 random bits."""
        ...


class Uniform(Struct, frozen=True, tag="uniform"):
    """Each of the newest SPAN orders as often as any other."""

    rest_s: float = 1.0

    @property
    def of_first(self) -> bool:
        """Among the newest."""
        return False

    def choose(self, bits: int, ready: int) -> int:
        """The number of an order below `ready`."""
        if ready <= SPAN:
            return bits * ready >> 32
        return ready - SPAN + (bits * SPAN >> 32)


class Latest(Struct, frozen=True, tag="latest"):
    """The newest most often: the order of rank k from the newest in proportion to 1 / k^theta."""

    theta: float = 0.99
    rest_s: float = 1.0

    @property
    def of_first(self) -> bool:
        """Among the newest."""
        return False

    def choose(self, bits: int, ready: int) -> int:
        """The number of an order below `ready`."""
        return ready - 1 - _rank(bits, ready, self.theta)


class Zipfian(Struct, frozen=True, tag="zipfian"):
    """The same few orders most often: the k-th order of the run in proportion to 1 / k^theta."""

    theta: float = 0.99
    rest_s: float = 0.05

    @property
    def of_first(self) -> bool:
        """Among the first."""
        return True

    def choose(self, bits: int, ready: int) -> int:
        """The number of an order below `ready`."""
        return _rank(bits, ready, self.theta)


class HotSet(Struct, frozen=True, tag="hot"):
    """The first `keys` orders get this share of the changes, all orders together the rest."""

    keys: int = 100
    share: float = 0.9
    rest_s: float = 0.05

    @property
    def of_first(self) -> bool:
        """Among the first."""
        return True

    def choose(self, bits: int, ready: int) -> int:
        """The number of an order below `ready`."""
        fraction = bits / 2**32
        if fraction < self.share:
            return int(fraction / self.share * min(self.keys, ready))
        return int((fraction - self.share) / (1 - self.share) * min(ready, SPAN))


AnyKeys = Uniform | Latest | Zipfian | HotSet


def _rank(bits: int, ready: int, theta: float) -> int:
    """A rank from 0 below `ready` (SPAN at most) with Zipf's distribution, by the inverse of its sum."""
    sums = _sums(theta)
    span = min(SPAN, ready)
    return bisect_right(sums, bits / 2**32 * sums[span - 1], 0, span - 1)


@cache
def _sums(theta: float) -> list[float]:
    return list(accumulate((rank + 1) ** -theta for rank in range(SPAN)))
