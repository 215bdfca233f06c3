"""The server's metrics by region, bounded in their number and their retention.

CloudWatch stores points of less than a minute for 3 hours, those of a minute for 15 days, of five minutes for 63 days,
then of an hour for 455 days (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html,
"Metrics retention"). A sandbox has them in memory, so it stores those of a minute for a day and those of five minutes
for 15 days.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sandbox.monitoring.recorder import MetricKey, Published
from sandbox.monitoring.statistics import StatisticSet, merged, unpacked

MINUTE_S = 60
MAX_METRICS = 5_000
"""The maximum number of a region's metrics; a new one replaces the one with the oldest last sample."""
_AGES = ((3 * 3600, MINUTE_S), (86_400, 300))
"""Pairs of an age and the period into which older points are combined, in seconds."""
_KEPT_S = 15 * 86_400
_NEW_S = 600
"""The age after which a point is packed; a point of many values then uses an eighth of the memory."""


class _Points:
    """A metric's points by their time (epoch seconds); the older ones are packed."""

    __slots__ = ("_new", "_packed", "last_s", "unit")

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.last_s = 0
        self._new: dict[int, StatisticSet] = {}
        self._packed: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self._new) + len(self._packed)

    def add(self, at_s: int, samples: StatisticSet) -> None:
        there = self._take(at_s)
        if there is None:
            there = samples.copy()
        else:
            there.merge(samples)
        self._new[at_s] = there
        self.last_s = max(self.last_s, at_s)

    def between(self, start_s: float, end_s: float) -> Iterator[tuple[int, StatisticSet]]:
        """Yield the points from `start_s` (inclusive) to `end_s` (exclusive)."""
        for at_s, samples in self._new.items():
            if start_s <= at_s < end_s:
                yield at_s, samples
        for at_s, packed in self._packed.items():
            if start_s <= at_s < end_s:
                yield at_s, unpacked(packed)

    def thin_out(self, now_s: float) -> None:
        for age_s, resolution_s in _AGES:
            for at_s in [at_s for at_s in self._times() if at_s % resolution_s and at_s < now_s - age_s]:
                if (samples := self._take(at_s)) is not None:
                    self.add(at_s - at_s % resolution_s, samples)
        for at_s in [at_s for at_s in self._times() if at_s < now_s - _KEPT_S]:
            self._new.pop(at_s, None)
            self._packed.pop(at_s, None)
        for at_s in [at_s for at_s in self._new if at_s < now_s - _NEW_S]:
            self._packed[at_s] = self._new.pop(at_s).packed()

    def _times(self) -> Iterator[int]:
        yield from self._new
        yield from self._packed

    def _take(self, at_s: int) -> StatisticSet | None:
        packed = self._packed.pop(at_s, None)
        return self._new.pop(at_s, None) if packed is None else unpacked(packed)


class Listed(NamedTuple):
    """A metric of the store, its unit and the time of its last sample (epoch seconds)."""

    metric: MetricKey
    unit: str
    last_s: int


class MetricStore:
    """The metrics of all regions. Times are epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._regions: dict[str, dict[tuple[MetricKey, str], _Points]] = {}
        self._thinned_s = clock()

    def add(self, published: Iterable[Published], resolution_s: int = MINUTE_S) -> None:
        """Add samples to the period of their time, by default the current one."""
        now_s = int(self.clock())
        for region, metric, unit, samples, at_s in map(_parts, published):
            metrics = self._regions.setdefault(region, {})
            points = metrics.pop((metric, unit), None)
            if points is None:
                points = _Points(unit)
                if len(metrics) >= MAX_METRICS:
                    del metrics[next(iter(metrics))]
            # The dictionary is ordered by the last additions.
            metrics[metric, unit] = points
            at_s = now_s if at_s is None else at_s
            points.add(at_s - at_s % resolution_s, samples)
        if now_s - self._thinned_s >= _NEW_S:
            self.thin_out(now_s)

    def thin_out(self, now_s: float) -> None:
        """Combine and pack old points, and drop those older than the retention."""
        self._thinned_s = now_s
        for metrics in self._regions.values():
            for key, points in list(metrics.items()):
                points.thin_out(now_s)
                if not len(points):
                    del metrics[key]

    def metrics(self, region: str) -> Iterator[Listed]:
        """All metrics of a region."""
        for (metric, unit), points in self._regions.get(region, {}).items():
            yield Listed(metric, unit, points.last_s)

    def periods(
        self, region: str, metric: MetricKey, start_s: int, end_s: int, period_s: int, unit: str | None = None
    ) -> dict[int, StatisticSet]:
        """A metric's samples from `start_s` (inclusive) to `end_s` (exclusive), by the starts of the periods.

        Without a unit the samples of all units are included.
        """
        found: dict[int, list[StatisticSet]] = {}
        for points in self._points(region, metric, unit):
            for at_s, samples in points.between(start_s, end_s):
                found.setdefault(at_s - (at_s - start_s) % period_s, []).append(samples)
        periods = {at_s: merged(sets) for at_s, sets in sorted(found.items())}
        return {at_s: samples for at_s, samples in periods.items() if samples is not None}

    def unit_of(self, region: str, metric: MetricKey) -> str:
        """The unit of a metric's last samples; "None" if it has no unit."""
        units = [unit for known, unit, _ in self.metrics(region) if known == metric]
        return units[-1] if units else "None"

    def everything(self) -> Iterator[Published]:
        """All points, for saving."""
        for region, metrics in self._regions.items():
            for (metric, unit), points in metrics.items():
                for at_s, samples in points.between(0, math.inf):
                    yield Published(region, metric, unit, samples, at_s)

    def restore(self, kept: Iterable[Published]) -> None:
        """Add saved points at their own times."""
        self.add(kept, resolution_s=1)

    def _points(self, region: str, metric: MetricKey, unit: str | None) -> Iterator[_Points]:
        for (known, in_unit), points in self._regions.get(region, {}).items():
            if known == metric and unit in (None, in_unit):
                yield points


def _parts(published: Published) -> tuple[str, MetricKey, str, StatisticSet, int | None]:
    return published.region, published.metric, published.unit, published.samples, published.at_s
