"""The server's metrics by region, bounded in their number and their retention.

CloudWatch stores points of less than a minute for 3 hours, those of a minute for 15 days, of five minutes for 63 days,
then of an hour for 455 days (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html,
"Metrics retention"). A sandbox has them in memory, so it stores those of a minute for a day and those of five minutes
for 15 days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sandbox.monitoring.recorder import MetricKey, Published
from sandbox.monitoring.statistics import StatisticSet, merged

MINUTE_S = 60
MAX_METRICS = 5_000
"""The maximum number of a region's metrics; a new one replaces the one with the oldest last sample."""
_AGES = ((3 * 3600, MINUTE_S), (86_400, 300))
"""Pairs of an age and the period into which older points are combined, in seconds."""
_KEPT_S = 15 * 86_400


class _Points:
    """A metric's points by their time (epoch seconds)."""

    __slots__ = ("at", "unit")

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.at: dict[int, StatisticSet] = {}

    def add(self, at_s: int, samples: StatisticSet) -> None:
        there = self.at.get(at_s)
        if there is None:
            self.at[at_s] = samples.copy()
        else:
            there.merge(samples)

    def thin_out(self, now_s: float) -> None:
        for age_s, resolution_s in _AGES:
            for at_s in [at_s for at_s in self.at if at_s % resolution_s and at_s < now_s - age_s]:
                self.add(at_s - at_s % resolution_s, self.at.pop(at_s))
        for at_s in [at_s for at_s in self.at if at_s < now_s - _KEPT_S]:
            del self.at[at_s]


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
        if now_s - self._thinned_s >= MINUTE_S:
            self.thin_out(now_s)

    def thin_out(self, now_s: float) -> None:
        """Combine old points, and drop those older than the retention."""
        self._thinned_s = now_s
        for metrics in self._regions.values():
            for key, points in list(metrics.items()):
                points.thin_out(now_s)
                if not points.at:
                    del metrics[key]

    def metrics(self, region: str) -> Iterator[Listed]:
        """All metrics of a region."""
        for (metric, unit), points in self._regions.get(region, {}).items():
            yield Listed(metric, unit, max(points.at))

    def periods(
        self, region: str, metric: MetricKey, start_s: int, end_s: int, period_s: int, unit: str | None = None
    ) -> dict[int, StatisticSet]:
        """A metric's samples from `start_s` (inclusive) to `end_s` (exclusive), by the starts of the periods.

        Without a unit the samples of all units are included.
        """
        found: dict[int, list[StatisticSet]] = {}
        for points in self._points(region, metric, unit):
            for at_s, samples in points.at.items():
                if start_s <= at_s < end_s:
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
                for at_s, samples in points.at.items():
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
