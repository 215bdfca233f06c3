"""Samples put together: what CloudWatch stores of a metric's values in one period."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

import msgspec

MAX_DISTINCT = 150
"""How many distinct values a set has; PutMetricData takes as many.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""
_BIN = math.log(1.02)
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
STATISTICS = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


class StatisticSet(msgspec.Struct, array_like=True):
    """Count, sum, minimum and maximum of samples, and how often each value was seen.

    `values` is None when only the four numbers are known, as of PutMetricData's StatisticValues. Beyond `MAX_DISTINCT`
    values they are in bins of 2 %.
    """

    count: float
    sum: float
    minimum: float
    maximum: float
    values: dict[float, float] | None = None

    def merge(self, other: StatisticSet) -> None:
        """Add the samples of another set."""
        self.count += other.count
        self.sum += other.sum
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        if self.values is None or other.values is None:
            self.values = None
            return
        merged = dict(self.values)
        for value, count in other.values.items():
            merged[value] = merged.get(value, 0.0) + count
        self.values = merged if len(merged) <= MAX_DISTINCT else binned(merged)

    def copy(self) -> StatisticSet:
        """The same samples, apart."""
        return StatisticSet(self.count, self.sum, self.minimum, self.maximum, self.values)

    def statistic(self, name: str) -> float | None:
        """A statistic by CloudWatch's name of it; None when the set does not have it.

        A percentile needs the values, or samples that are all the same: CloudWatch cannot tell it of other statistic
        sets. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Percentiles
        """
        if name == "SampleCount":
            return self.count
        if name == "Sum":
            return self.sum
        if name == "Average":
            return self.sum / self.count
        if name == "Minimum":
            return self.minimum
        if name == "Maximum":
            return self.maximum
        percent = percentile_of(name)
        return None if percent is None else self._percentile(percent)

    def _percentile(self, percent: float) -> float | None:
        if self.minimum == self.maximum:
            return self.minimum
        if self.values is None or self.minimum < 0:
            return None
        needed = self.count * percent / 100
        for value in sorted(self.values):
            needed -= self.values[value]
            if needed <= 1e-9:
                return min(max(value, self.minimum), self.maximum)
        return self.maximum


def percentile_of(name: str) -> float | None:
    """The number of a percentile such as p99.9; None for what is not one."""
    found = _PERCENTILE.fullmatch(name)
    return None if found is None else float(found[1])


def is_statistic(name: str) -> bool:
    """Whether a name is that of a statistic which the store computes."""
    return name in STATISTICS or percentile_of(name) is not None


def statistic_set(counts: Mapping[float, float]) -> StatisticSet:
    """A set of values and how often each was seen; there is at least one."""
    total = math.fsum(value * count for value, count in counts.items())
    values = dict(counts) if len(counts) <= MAX_DISTINCT else binned(counts)
    return StatisticSet(sum(counts.values()), total, min(counts), max(counts), values)


def binned(counts: Mapping[float, float]) -> dict[float, float]:
    """Values in bins of 2 %, each by its middle; if those are still too many, in wider ones."""
    width = _BIN
    while True:
        bins: dict[float, float] = {}
        for value, count in counts.items():
            middle = value and math.copysign(math.exp(round(math.log(abs(value)) / width) * width), value)
            bins[middle] = bins.get(middle, 0.0) + count
        if len(bins) <= MAX_DISTINCT:
            return bins
        width *= 2


def merged(sets: Iterable[StatisticSet]) -> StatisticSet | None:
    """All samples of several sets; None without a set."""
    total: StatisticSet | None = None
    for each in sets:
        if total is None:
            total = each.copy()
        else:
            total.merge(each)
    return total
