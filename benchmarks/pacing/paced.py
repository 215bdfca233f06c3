"""The result of one way of pacing, and the load generator's targets."""

from __future__ import annotations

import resource
import time
from typing import NamedTuple

import msgspec

from loadgen.metrics.histogram import coarse, percentiles


class Goal(NamedTuple):
    """The load generator's targets at a rate, in addition to the exact count."""

    lag_p99_us: int
    cpu_share: float


GOALS = {500.0: Goal(500, 0.10), 20_000.0: Goal(2_500, 0.50)}


class Paced(msgspec.Struct, kw_only=True):
    """The result of one way of pacing: lag in µs, and its share of a core. `acked` is only for ways that send."""

    way: str
    asked_per_s: float
    seconds: float
    planned: int
    sent: int
    acked: int | None = None
    lag_p50_us: int
    lag_p99_us: int
    lag_max_us: int
    service_p99_us: int | None = None
    cpu_share: float
    preempted: int

    def misses(self) -> list[str]:
        """The missed targets."""
        goal = GOALS.get(self.asked_per_s)
        found = [] if self.sent == self.planned and self.acked in (None, self.sent) else ["count"]
        if goal and self.lag_p99_us > goal.lag_p99_us:
            found.append(f"p99 > {goal.lag_p99_us:,} µs")
        if goal and self.cpu_share > goal.cpu_share:
            found.append(f"core > {goal.cpu_share:.0%}")
        return found


class Used:
    """The processor use of this process since construction."""

    def __init__(self) -> None:
        self._begin = resource.getrusage(resource.RUSAGE_SELF)

    def since(self) -> tuple[float, int]:
        """Processor seconds, and the number of involuntary context switches."""
        now = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = now.ru_utime + now.ru_stime - self._begin.ru_utime - self._begin.ru_stime
        return cpu_s, now.ru_nivcsw - self._begin.ru_nivcsw


class Schedule:
    """The writes of a constant rate, starting at construction, for ways that keep the rate themselves."""

    def __init__(self, way: str, rate: float, seconds: float) -> None:
        self.planned = round(rate * seconds)
        self.sent = 0
        self._way, self._rate, self._seconds = way, rate, seconds
        self._lag: dict[int, int] = {}
        self._used = Used()
        self._begin_ns = time.monotonic_ns()

    @property
    def next_ns(self) -> int:
        """The due time of the next write, on the monotonic clock."""
        return self._begin_ns + int(self.sent * 1e9 / self._rate)

    @property
    def over(self) -> bool:
        """Whether all are sent, or the time has expired."""
        return self.sent == self.planned or time.monotonic_ns() - self._begin_ns >= self._seconds * 1e9

    def due(self, most: int) -> int:
        """Count the due writes, up to `most`, as sent; returns their number."""
        now_ns, before = time.monotonic_ns(), self.sent
        while self.sent < self.planned and self.sent - before < most and (due_ns := self.next_ns) <= now_ns:
            late_us = coarse((now_ns - due_ns) // 1000)
            self._lag[late_us] = self._lag.get(late_us, 0) + 1
            self.sent += 1
        return self.sent - before

    def paced(self, acked: int | None = None) -> Paced:
        """The result."""
        cpu_s, preempted = self._used.since()
        share = cpu_s / (time.monotonic_ns() - self._begin_ns) * 1e9
        p50, p99, highest = percentiles(self._lag, (50, 99, 100))
        return Paced(
            way=self._way,
            asked_per_s=self._rate,
            seconds=self._seconds,
            planned=self.planned,
            sent=self.sent,
            acked=acked,
            lag_p50_us=p50,
            lag_p99_us=p99,
            lag_max_us=highest,
            cpu_share=share,
            preempted=preempted,
        )
