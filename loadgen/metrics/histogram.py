"""Latency histograms: cheap to record into, standard when they leave.

`Buckets` is what the hot path writes to: a dict of counts by microseconds, cut to
11 significant bits, which is the resolution of an HdrHistogram of three digits.
A buckets becomes an HdrHistogram in its standard encoded form (V2, compressed,
base64), which other tools plot and which merge by adding.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

LOWEST_US = 1
HIGHEST_US = 3_600_000_000
DIGITS = 3
_BITS = 11
# Below this, `coarse` keeps a value as it is.
EXACT_US = 1 << _BITS
PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99)

Buckets = dict[int, int]


def new_buckets() -> Buckets:
    """Empty buckets to count into: a missing value counts as 0."""
    return defaultdict(int)


def coarse(value_us: int) -> int:
    """The value cut to the resolution of the histogram; values below EXACT_US are kept."""
    excess = value_us.bit_length() - _BITS
    return value_us if excess <= 0 else value_us >> excess << excess


def percentiles(buckets: Mapping[int, int], wanted: Iterable[float]) -> list[int]:
    """The values in µs at the given percentiles, which must ascend; zeros for empty buckets."""
    targets = list(wanted)
    total = sum(buckets.values())
    if total == 0:
        return [0] * len(targets)
    found: list[int] = []
    seen = 0
    remaining = iter(targets)
    target = next(remaining, None)
    for value in sorted(buckets):
        seen += buckets[value]
        while target is not None and seen >= target / 100 * total - 1e-9:
            found.append(value)
            target = next(remaining, None)
    return found


class Histogram(Protocol):
    """What is used of hdrh's HdrHistogram, which has no type annotations."""

    def record_value(self, value: int, count: int = 1) -> bool:
        """Count a value; False when it is out of range."""
        ...

    def get_value_at_percentile(self, percentile: float) -> int:
        """The value at a percentile."""
        ...

    def get_total_count(self) -> int:
        """How many values were counted."""
        ...

    def get_count_at_value(self, value: int) -> int:
        """How many values were counted in the bucket of this one."""
        ...

    def get_max_value(self) -> int:
        """The highest value, within the resolution."""
        ...

    def get_min_value(self) -> int:
        """The lowest value, within the resolution."""
        ...

    def get_mean_value(self) -> float:
        """The mean, within the resolution."""
        ...

    def add(self, other_hist: Histogram) -> None:
        """Add all of another histogram."""
        ...

    def encode(self) -> bytes:
        """The standard encoded form, base64."""
        ...


def empty() -> Histogram:
    """A histogram from 1 µs to 1 hour with three significant digits."""
    return cast("Histogram", _hdrh().HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS))


def from_buckets(buckets: Mapping[int, int]) -> Histogram:
    """A histogram of all that the buckets count; more than an hour counts as an hour."""
    histogram = empty()
    for value, number in buckets.items():
        histogram.record_value(min(max(value, LOWEST_US), HIGHEST_US), number)
    return histogram


def decode(encoded: str) -> Histogram:
    """The histogram of an encoded form."""
    return cast("Histogram", _hdrh().HdrHistogram.decode(encoded.encode()))


def merge(encoded: Iterable[str]) -> Histogram:
    """One histogram of several encoded ones."""
    merged = empty()
    for one in encoded:
        merged.add(decode(one))
    return merged


def _hdrh() -> Any:
    return importlib.import_module("hdrh.histogram")
