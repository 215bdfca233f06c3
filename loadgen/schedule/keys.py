"""Key choice: selects the existing order of an update or delete.

Orders are numbered by their inserts. A choice is a pure function of 32 random bits and of the number of ready orders
(inserted long enough ago by the plan), so every segment of a run makes the same choice.

An order rests for `rest_s` of plan time after each write. So the plan does not reuse a key while a write of it is
probably in flight, and a key receives at most one write per rest.
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
# The number of newest orders that are tracked: those that are ready and those that rest.
WINDOW = 2 * SPAN


class KeyChoice(Protocol):
    """A distribution over the orders that are ready."""

    @property
    def rest_s(self) -> float:
        """The minimum plan time in seconds between two writes of an order."""
        ...

    @property
    def of_first(self) -> bool:
        """Whether the choice is among the first SPAN orders of the run instead of the newest."""
        ...

    def choose(self, bits: int, ready: int) -> int:
        """Return the number of an order below `ready` (at least 1), chosen with 32 random bits."""
        ...


class Uniform(Struct, frozen=True, tag="uniform"):
    """Chooses uniformly among the newest SPAN orders."""

    rest_s: float = 0.1

    @property
    def of_first(self) -> bool:
        """Among the newest."""
        return False

    def choose(self, bits: int, ready: int) -> int:
        """Return the number of an order below `ready`."""
        if ready <= SPAN:
            return bits * ready >> 32
        return ready - SPAN + (bits * SPAN >> 32)


class Latest(Struct, frozen=True, tag="latest"):
    """Prefers the newest: the order of rank k from the newest in proportion to 1 / k^theta."""

    theta: float = 0.99
    rest_s: float = 0.1

    @property
    def of_first(self) -> bool:
        """Among the newest."""
        return False

    def choose(self, bits: int, ready: int) -> int:
        """Return the number of an order below `ready`."""
        return ready - 1 - _rank(bits, ready, self.theta)


class Zipfian(Struct, frozen=True, tag="zipfian"):
    """Prefers the same few orders: the k-th order of the run in proportion to 1 / k^theta."""

    theta: float = 0.99
    rest_s: float = 0.05

    @property
    def of_first(self) -> bool:
        """Among the first."""
        return True

    def choose(self, bits: int, ready: int) -> int:
        """Return the number of an order below `ready`."""
        return _rank(bits, ready, self.theta)


class HotSet(Struct, frozen=True, tag="hot"):
    """Gives this share of the changes to the first `keys` orders, the rest to all orders."""

    keys: int = 100
    share: float = 0.9
    rest_s: float = 0.05

    @property
    def of_first(self) -> bool:
        """Among the first."""
        return True

    def choose(self, bits: int, ready: int) -> int:
        """Return the number of an order below `ready`."""
        fraction = bits / 2**32
        if fraction < self.share:
            return int(fraction / self.share * min(self.keys, ready))
        return int((fraction - self.share) / (1 - self.share) * min(ready, SPAN))


AnyKeys = Uniform | Latest | Zipfian | HotSet


def _rank(bits: int, ready: int, theta: float) -> int:
    """Return a rank from 0 below `ready` (at most SPAN) with Zipf's distribution, by the inverse of its sum."""
    sums = _sums(theta)
    span = min(SPAN, ready)
    return bisect_right(sums, bits / 2**32 * sums[span - 1], 0, span - 1)


@cache
def _sums(theta: float) -> list[float]:
    return list(accumulate((rank + 1) ** -theta for rank in range(SPAN)))
