"""The latency of a call in the resolution of the metrics."""

from __future__ import annotations

from time import perf_counter_ns

_TICK_NS = 10_000
SCALE = 0.01
"""The milliseconds of a tick: samples are whole ticks, so that many are equal and merge quickly."""


def now_ns() -> int:
    """The current time of the clock that `ticks_since` uses, in nanoseconds."""
    return perf_counter_ns()


def ticks_since(began_ns: int) -> int:
    """The ticks since a time, at least one."""
    return max(1, (perf_counter_ns() - began_ns) // _TICK_NS)
