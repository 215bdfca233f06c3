"""How long a call took, as metrics have it."""

from __future__ import annotations

from time import perf_counter_ns

_TICK_NS = 10_000
SCALE = 0.01
"""The milliseconds of a tick: samples are in whole ticks, so that many are alike and put together quickly."""


def now_ns() -> int:
    """A time to measure from."""
    return perf_counter_ns()


def ticks_since(began_ns: int) -> int:
    """The ticks since a time, at least one."""
    return max(1, (perf_counter_ns() - began_ns) // _TICK_NS)
