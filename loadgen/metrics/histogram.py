"""Latency histograms: cheap to record, exported in the standard form.

`LatencyRecorder` counts. `Buckets` is the internal form: a dict of counts by microseconds, cut to 11 significant bits,
which is the resolution of an HdrHistogram of three digits. The exported form is an HdrHistogram in its standard
encoding (V2, compressed, base64), which other tools plot.

Percentiles, mean and maximum follow the HdrHistogram of Java (org.HdrHistogram.AbstractHistogram: getValueAtPercentile,
getMean, getMaxValue), like the JavaScript and Rust versions: the value at a percentile is the highest value of the
bucket that the rank rounded up falls into. The histograms that the tests record were decoded in Java and JavaScript.
"""

from __future__ import annotations

import importlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

LOWEST_US = 1
HIGHEST_US = 3_600_000_000
DIGITS = 3
_BITS = 11
EXACT_BITS = _BITS
"""Of a value of so many bits, `coarse` cuts none."""
SUB_BUCKETS = 1 << _BITS
BUCKETS = (HIGHEST_US >> _BITS).bit_length() + 1
PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99)

Buckets = dict[int, int]
"""The number of latencies by the lowest value of their bucket in µs."""


def new_buckets() -> Buckets:
    """Return empty buckets, in which a missing value counts as 0."""
    return defaultdict(int)


class LatencyRecorder:
    """Records latencies of the current second.

    The hot path adds to `exact` itself, the numbers by µs, where no bit of a value is left above EXACT_BITS. A dict of
    as many values takes three times as long: its parts are out of the processor's caches.
    """

    __slots__ = ("_others", "exact")

    def __init__(self) -> None:
        self.exact = [0] * (1 << EXACT_BITS)
        self._others = new_buckets()

    def record(self, value_us: int, number: int = 1) -> None:
        """Add to the number of a latency, of any size."""
        if value_us >> EXACT_BITS:
            self._others[coarse(value_us)] += number
        else:
            self.exact[value_us] += number

    def buckets(self) -> Buckets:
        """Return the numbers so far, as a separate object."""
        return {value: number for value, number in enumerate(self.exact) if number} | self._others


def coarse(value_us: int) -> int:
    """Return the lowest value of a value's bucket; values of up to EXACT_BITS bits are exact."""
    excess = value_us.bit_length() - _BITS
    return value_us if excess <= 0 else value_us >> excess << excess


def percentiles(buckets: Mapping[int, int], wanted: Iterable[float]) -> list[int]:
    """Return the values in µs at the given ascending percentiles (0 to 100); zeros for empty buckets."""
    targets = list(wanted)
    total = sum(buckets.values())
    if total == 0:
        return [0] * len(targets)
    found: list[int] = []
    seen = 0
    values = iter(sorted(buckets))
    value = 0
    for percentile in targets:
        reached = rank(percentile, total)
        while seen < reached:
            value = next(values)
            seen += buckets[value]
        found.append(highest(value) if percentile else value)
    return found


def mean_us(buckets: Mapping[int, int]) -> float:
    """Return the mean in µs, with each value as the middle of its bucket; 0 for empty buckets."""
    total = sum(buckets.values())
    return sum(middle(value) * number for value, number in buckets.items()) / total if total else 0.0


def max_us(buckets: Mapping[int, int]) -> int:
    """Return the highest value in µs of the last bucket that is not empty; 0 for empty buckets."""
    return max((highest(value) for value, number in buckets.items() if number), default=0)


def encode(buckets: Mapping[int, int]) -> str:
    """Return the standard encoding, from 1 µs to 1 hour with three digits; more than an hour counts as an hour."""
    histogram = _hdrh().HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for value, number in buckets.items():
        histogram.record_value(min(value, HIGHEST_US), number)
    return histogram.encode().decode()


def decode(encoded: str) -> Buckets:
    """Decode the standard encoding into buckets."""
    histogram = _hdrh().HdrHistogram.decode(encoded.encode())
    return {histogram.get_value_from_index(index): number for index, number in enumerate(histogram.counts) if number}


def rank(percentile: float, total: int) -> int:
    """Return the rank of a percentile, which is lowered by one ulp so that 7 % of 100 are 7."""
    return max(1, math.ceil(max(0.0, math.nextafter(percentile, -math.inf)) * total / 100))


def middle(value: int) -> int:
    """The middle in µs of the bucket whose lowest value this is."""
    return value + _size(value) // 2


def _size(value: int) -> int:
    """How many µs the bucket of a value spans."""
    return 1 << max(0, value.bit_length() - _BITS)


def highest(value: int) -> int:
    """The highest value in µs of the bucket whose lowest value this is."""
    return value + _size(value) - 1


def _hdrh() -> Any:
    return importlib.import_module("hdrh.histogram")
