"""The counts of a process, until they are taken for the store.

Counting is one append to a list: the samples are combined when they are taken, once a second.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable

import msgspec

from sandbox.monitoring.statistics import StatisticSet, statistic_set

OFF_VARIABLE = "CDC_SANDBOX_NO_METRICS"
"""A value in this variable disables counting, to measure its cost: see `switched_by_signals`."""
_MAX_SERIES = 5_000

Dimensions = tuple[tuple[str, str], ...]
"""Pairs of a dimension's name and value, sorted by name."""


class MetricKey(msgspec.Struct, frozen=True, array_like=True):
    """Identifies a metric in a region."""

    namespace: str
    name: str
    dimensions: Dimensions


class Published(msgspec.Struct, array_like=True):
    """The samples of a metric since the previous report, in one of CloudWatch's units. `at_s` is None for now."""

    region: str
    metric: MetricKey
    unit: str
    samples: StatisticSet
    at_s: int | None = None


def metric(namespace: str, name: str, **dimensions: str) -> MetricKey:
    """The key of a metric by its dimensions."""
    return MetricKey(namespace, name, tuple(sorted(dimensions.items())))


class MetricSeries:
    """One metric that this process counts; `add` takes a sample, `scale` is the factor applied to it."""

    __slots__ = ("_pending", "add", "key", "scale")

    def __init__(self, key: tuple[str, MetricKey, str], scale: float) -> None:
        self.key = key
        self.scale = scale
        self._pending: list[float] = []
        self.add: Callable[[float], None] = self._pending.append

    def discard(self) -> None:
        """Forget the samples since the last call."""
        self._pending.clear()

    def take(self) -> StatisticSet | None:
        """Take the samples since the last call; None if there are no samples."""
        # Other threads append concurrently: each of these two steps is atomic.
        taken = self._pending.copy()
        del self._pending[: len(taken)]
        if not taken:
            return None
        scale = self.scale
        return statistic_set({value * scale: float(count) for value, count in Counter(taken).items()})


class Recorder:
    """The metrics of this process; what is counted while it is not `on` is discarded."""

    def __init__(self, *, on: bool = True) -> None:
        self.on = on
        self._series: dict[tuple[str, MetricKey, str], MetricSeries] = {}
        self._lock = threading.Lock()

    def series(self, region: str, counted: MetricKey, unit: str, scale: float = 1.0) -> MetricSeries:
        """The series of a metric, the same object for every call."""
        key = (region, counted, unit)
        series = self._series.get(key)
        if series is None:
            with self._lock:
                if len(self._series) >= _MAX_SERIES:
                    self._series.pop(next(iter(self._series)))
                series = self._series.setdefault(key, MetricSeries(key, scale))
        return series

    def take(self) -> list[Published]:
        """Take what was counted since the last call."""
        published: list[Published] = []
        for series in list(self._series.values()):
            if not self.on:
                series.discard()
                continue
            samples = series.take()
            if samples is not None:
                published.append(Published(*series.key, samples))
        return published


def switched_by_signals(recorder: Recorder) -> None:
    """Let this process count from SIGUSR1 on, and no longer from SIGUSR2 on.

    So one process is measured with and without: two differ by more than the cost.
    """

    def switch(number: int, frame: object) -> None:  # noqa: ARG001 - signal.signal's signature
        recorder.on = number == signal.SIGUSR1

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, switch)


RECORDER = Recorder(on=not os.environ.get(OFF_VARIABLE))
"""The recorder of this process."""
if not RECORDER.on:
    switched_by_signals(RECORDER)
