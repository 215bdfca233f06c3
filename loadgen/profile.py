"""Rate profiles: when each write is due.

A profile is the arrival rate as a function of time. Its integral from the
start, `expected(t)`, is the number of writes due by then, and write k
(k = 0, 1, 2, ...) is due when the integral reaches k. So the schedule is
absolute: it is known before the run and owes nothing to the replies.
"""

from __future__ import annotations

import math
from typing import Protocol

from msgspec import Struct

# Rounding in the integral must not make one write more than the formula gives.
_EPSILON = 1e-6


class Profile(Protocol):
    """An arrival rate over `duration_s` seconds."""

    @property
    def duration_s(self) -> float:
        """How long the profile lasts, in seconds."""
        ...

    def rate(self, t_s: float) -> float:
        """Writes per second at t."""
        ...

    def expected(self, t_s: float) -> float:
        """The integral of the rate from 0 to t: writes due by then."""
        ...

    def at(self, n: float) -> float:
        """The inverse of `expected`: the time in seconds when n writes are due."""
        ...


class Constant(Struct, frozen=True, tag="constant"):
    """The same rate throughout: expected(t) = rate · t.

    rate │▔▔▔▔▔▔▔▔
         └──────── t
    """

    per_s: float
    duration_s: float

    def rate(self, t_s: float) -> float:  # noqa: ARG002 - the rate is the same at any time
        """Writes per second at t."""
        return self.per_s

    def expected(self, t_s: float) -> float:
        """Writes due by t."""
        return self.per_s * t_s

    def at(self, n: float) -> float:
        """Seconds until n writes are due."""
        return n / self.per_s


def count(profile: Profile) -> int:
    """How many writes are due before the profile ends."""
    return math.ceil(profile.expected(profile.duration_s) - _EPSILON)
