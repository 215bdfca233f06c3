"""Rate profiles: when each write is due.

A profile is the arrival rate as a function of time. Its integral from the start, `expected(t)`, is the number of writes
due by then, and write n (n = 0, 1, 2, ...) is due when the integral reaches n: at `at(n)`. So the schedule is absolute:
it is fixed before the run and independent of the replies.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from loadgen.schedule.trace import Recorded

# Rounding in the integral must not add a write to those of the formula.
_EPSILON = 1e-6


class Profile(Protocol):
    """An arrival rate over `duration_s` seconds."""

    @property
    def duration_s(self) -> float:
        """How long the profile lasts."""
        ...

    def rate(self, t_s: float) -> float:
        """Writes per second at t."""
        ...

    def expected(self, t_s: float) -> float:
        """The integral of the rate from 0 to t: writes due by then."""
        ...

    def at(self, n: float) -> float:
        """The inverse of `expected`: seconds until n writes are due."""
        ...

    def times(self) -> Iterator[float]:
        """When each write is due, in seconds, in order: `at(0), at(1), ...` before the end."""
        ...

    def rates(self) -> list[float]:
        """The rates that define the profile, in writes per second: at least one is above 0, none is below."""
        ...


class Constant(Struct, frozen=True, tag="constant"):
    """The same rate throughout.

    rate │▔▔▔▔▔▔▔▔▔▔        rate(t)     = r
         │                  expected(t) = r · t
         └────────── t      at(n)       = n / r
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
        return n / self.per_s if n > 0 else 0.0

    def times(self) -> Iterator[float]:
        """When each write is due."""
        per_s = self.per_s
        return (n / per_s for n in range(_whole(self)))

    def rates(self) -> list[float]:
        """The rate."""
        return [self.per_s]


class Ramp(Struct, frozen=True, tag="ramp"):
    """From one rate to another in a straight line.

    rate │      ▁▃▅▇        rate(t)     = a + s·t          s = (b - a) / duration
         │ ▁▃▅▇▔            expected(t) = a·t + s·t²/2
         └────────── t      at(n)       = 2n / (a + √(a² + 2·s·n))
    """

    from_per_s: float
    to_per_s: float
    duration_s: float

    def rate(self, t_s: float) -> float:
        """Writes per second at t."""
        return self.from_per_s + self._slope * t_s

    def expected(self, t_s: float) -> float:
        """Writes due by t."""
        return (self.from_per_s + self._slope * t_s / 2) * t_s

    def at(self, n: float) -> float:
        """Seconds until n writes are due."""
        if n <= 0:
            return 0.0
        # The usual solution of the quadratic, turned so that a flat ramp does not divide by its slope.
        return 2 * n / (self.from_per_s + math.sqrt(max(0.0, self.from_per_s**2 + 2 * self._slope * n)))

    def times(self) -> Iterator[float]:
        """When each write is due."""
        return map(self.at, range(_whole(self)))

    def rates(self) -> list[float]:
        """The first rate and the last."""
        return [self.from_per_s, self.to_per_s]

    @property
    def _slope(self) -> float:
        return (self.to_per_s - self.from_per_s) / self.duration_s


class Sine(Struct, frozen=True, tag="sine"):
    """A wave about a mean, from the mean upwards.

    rate │ ╭─╮   ╭─╮        rate(t)     = m·(1 + a·sin ωt)              ω = 2π / period
         │╯   ╰─╯   ╰       expected(t) = m·t + m·a/ω·(1 - cos ωt)
         └────────── t      at(n) by Newton's method between n/m - 2a/ω and n/m
    """

    mean_per_s: float
    amplitude: float
    period_s: float
    duration_s: float

    def rate(self, t_s: float) -> float:
        """Writes per second at t."""
        return self.mean_per_s * (1 + self.amplitude * math.sin(self._omega * t_s))

    def expected(self, t_s: float) -> float:
        """Writes due by t."""
        wave = self.amplitude / self._omega * (1 - math.cos(self._omega * t_s))
        return self.mean_per_s * (t_s + wave)

    def at(self, n: float) -> float:
        """Seconds until n writes are due, to a millionth of a write."""
        high = n / self.mean_per_s
        low = max(0.0, high - 2 * self.amplitude / self._omega)
        t_s = (low + high) / 2
        while True:
            excess = self.expected(t_s) - n
            if abs(excess) < _EPSILON or high - low < 1e-12:
                return t_s
            if excess > 0:
                high = t_s
            else:
                low = t_s
            rate = self.rate(t_s)
            t_s = t_s - excess / rate if rate > 0 else low
            if not low < t_s < high:
                t_s = (low + high) / 2

    def times(self) -> Iterator[float]:
        """When each write is due."""
        return map(self.at, range(_whole(self)))

    def rates(self) -> list[float]:
        """The mean."""
        return [self.mean_per_s]

    @property
    def _omega(self) -> float:
        return 2 * math.pi / self.period_s


Phase = Constant | Ramp | Sine


class Phases(Struct, frozen=True, tag="phases"):
    """Consecutive profiles; `title` is the name of the whole.

    rate │    ▔▔▔           expected(t) = what the phases before gave + expected of the phase at t
         │▔▔▔▔   ▔▔▔▔
         └────────── t
    """

    phases: tuple[Phase, ...]
    title: str = "phases"

    @property
    def duration_s(self) -> float:
        """How long all phases last."""
        return sum(phase.duration_s for phase in self.phases)

    def rate(self, t_s: float) -> float:
        """Writes per second at t."""
        for phase in self.phases[:-1]:
            if t_s < phase.duration_s:
                return phase.rate(t_s)
            t_s -= phase.duration_s
        return self.phases[-1].rate(t_s)

    def expected(self, t_s: float) -> float:
        """Writes due by t."""
        due = 0.0
        for phase in self.phases[:-1]:
            if t_s < phase.duration_s:
                return due + phase.expected(t_s)
            due += phase.expected(phase.duration_s)
            t_s -= phase.duration_s
        return due + self.phases[-1].expected(t_s)

    def at(self, n: float) -> float:
        """Seconds until n writes are due."""
        begin_s = 0.0
        for phase in self.phases[:-1]:
            due = phase.expected(phase.duration_s)
            if n < due:
                break
            n -= due
            begin_s += phase.duration_s
        else:
            phase = self.phases[-1]
        return begin_s + phase.at(n)

    def times(self) -> Iterator[float]:
        """When each write is due."""
        begin_s = due = 0.0
        first, whole = 0, _whole(self)
        for phase in self.phases:
            end = due + phase.expected(phase.duration_s)
            until = min(whole, math.ceil(end - _EPSILON))
            for n in range(first, until):
                yield begin_s + phase.at(n - due)
            first, due = until, end
            begin_s += phase.duration_s

    def rates(self) -> list[float]:
        """The rates of all phases."""
        return [rate for phase in self.phases for rate in phase.rates()]


Regular = Phase | Phases


class Poisson(Struct, frozen=True, tag="poisson"):
    """Independent arrivals at the rate of another profile, like those of many users.

    The gaps of a Poisson process of rate 1 are exponential; mapping its time through the inverse of the rate's integral
    gives a process of that rate. `expected` is its mean; the seed determines the actual number of writes.
    """

    of: Regular
    seed: int

    @property
    def duration_s(self) -> float:
        """How long the profile lasts."""
        return self.of.duration_s

    def rate(self, t_s: float) -> float:
        """Mean writes per second at t."""
        return self.of.rate(t_s)

    def expected(self, t_s: float) -> float:
        """Mean writes due by t."""
        return self.of.expected(t_s)

    def at(self, n: float) -> float:
        """Seconds until n writes are due in the mean."""
        return self.of.at(n)

    def times(self) -> Iterator[float]:
        """When each write is due."""
        gap = random.Random(f"poisson/{self.seed}").expovariate
        end = self.of.expected(self.of.duration_s)
        n = gap(1.0)
        while n < end:
            yield self.of.at(n)
            n += gap(1.0)

    def rates(self) -> list[float]:
        """The rates of the mean."""
        return self.of.rates()


AnyProfile = Regular | Poisson | Recorded


def step(low_per_s: float, high_per_s: float, steps: int, duration_s: float) -> Phases:
    """Return stairs of equal length from one rate to another."""
    rise = (high_per_s - low_per_s) / max(steps - 1, 1)
    stairs = (Constant(low_per_s + rise * number, duration_s / steps) for number in range(steps))
    return Phases(tuple(stairs), "step")


def spike(per_s: float, peak_per_s: float, at_s: float, width_s: float, duration_s: float) -> Phases:
    """Return one rate, with a jump to the peak for a while."""
    rest_s = duration_s - at_s - width_s
    return Phases((Constant(per_s, at_s), Constant(peak_per_s, width_s), Constant(per_s, rest_s)), "spike")


def count(profile: Profile) -> int:
    """Return the number of writes due before the profile ends."""
    if isinstance(profile, Poisson):
        return sum(1 for _ in profile.times())
    return _whole(profile)


def _whole(profile: Profile) -> int:
    return math.ceil(profile.expected(profile.duration_s) - _EPSILON)
