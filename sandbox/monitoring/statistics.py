"""Sets of samples: what CloudWatch stores of a metric's values in one period."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

MAX_DISTINCT = 150
"""The maximum number of distinct values in a set, which is also that of PutMetricData.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""
_BIN = math.log(1.02)
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
STATISTICS = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")


class StatisticSet(msgspec.Struct, array_like=True):
    """Count, sum, minimum and maximum of samples, and the frequency of each value.

    `values` is None if only the four numbers are known, as of PutMetricData's StatisticValues. Beyond `MAX_DISTINCT`
    values they are in bins of 2 %, or of more; `width` is that of the bins' logarithms, 0 without bins.
    """

    count: float
    sum: float
    minimum: float
    maximum: float
    values: dict[float, float] | None = None
    width: float = 0.0

    def merge(self, other: StatisticSet) -> None:
        """Add the samples of another set."""
        self.count += other.count
        self.sum += other.sum
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        if self.values is None or other.values is None:
            self.values = None
            return
        width = max(self.width, other.width)
        merged = dict(self.values) if width == self.width else _in_bins(self.values, width)
        for value, count in other.values.items():
            # What is binned already stays: only what comes is put into its bins.
            bin_ = _middle(value, width) if width else value
            merged[bin_] = merged.get(bin_, 0.0) + count
        self.values, self.width = binned(merged, width)

    def copy(self) -> StatisticSet:
        """An independent copy of the samples."""
        return StatisticSet(self.count, self.sum, self.minimum, self.maximum, self.values, self.width)

    def packed(self) -> bytes:
        """The samples in a compact form for `unpacked`: numbers without a fraction use as few bytes as possible."""
        numbers = [_short(self.count), _short(self.sum), _short(self.minimum), _short(self.maximum)]
        values = self.values and {_short(value): _short(count) for value, count in self.values.items()}
        return _pack([*numbers, values, self.width])

    def statistic(self, name: str) -> float | None:
        """Return a statistic by CloudWatch's name; None if the set cannot have it.

        A percentile needs the values, or equal samples: CloudWatch returns no percentile of other statistic sets.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Percentiles
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


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(StatisticSet).decode


def unpacked(packed: bytes) -> StatisticSet:
    """The set of `StatisticSet.packed`."""
    return _unpack(packed)


def percentile_of(name: str) -> float | None:
    """The number of a percentile such as p99.9; None for any other name."""
    found = _PERCENTILE.fullmatch(name)
    return None if found is None else float(found[1])


def is_statistic(name: str) -> bool:
    """Return whether a name is a statistic that the store computes."""
    return name in STATISTICS or percentile_of(name) is not None


def statistic_set(counts: Mapping[float, float]) -> StatisticSet:
    """The set of values and their frequencies, of which there is at least one."""
    total = math.fsum(value * count for value, count in counts.items())
    return StatisticSet(sum(counts.values()), total, min(counts), max(counts), *binned(dict(counts)))


def _short(number: float) -> float:
    return int(number) if number.is_integer() else number


def binned(counts: dict[float, float], width: float = 0.0) -> tuple[dict[float, float], float]:
    """Combine values in bins if they are too many, and return them with the bins' width: of 2 % or a multiple of it."""
    while len(counts) > MAX_DISTINCT:
        width = 2 * width or _BIN
        counts = _in_bins(counts, width)
    return counts, width


def _in_bins(counts: Mapping[float, float], width: float) -> dict[float, float]:
    bins: dict[float, float] = {}
    for value, count in counts.items():
        middle = _middle(value, width)
        bins[middle] = bins.get(middle, 0.0) + count
    return bins


@lru_cache(8192)
def _middle(value: float, width: float) -> float:
    """The middle of a value's bin; cached, since the same values come each second."""
    return value and math.copysign(math.exp(round(math.log(abs(value)) / width) * width), value)


def merged(sets: Iterable[StatisticSet]) -> StatisticSet | None:
    """All samples of several sets; None for no set."""
    total: StatisticSet | None = None
    for each in sets:
        if total is None:
            total = each.copy()
        else:
            total.merge(each)
    return total
