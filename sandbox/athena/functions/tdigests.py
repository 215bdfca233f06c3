"""T-Digest functions, and the digest of approx_percentile: https://trino.io/docs/435/functions/tdigest.html.

A value is the bytes in which Trino writes it. Up to some fifty values each is a centroid; of more, the centroids depend
on the order of the rows. Sources: airlift, io.airlift.stats.TDigest; trino 435, TDigestFunctions and
TDigestAggregationFunction of io.trino.operator.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError

_COMPRESSION = 100.0
_INTERNAL = 2 * _COMPRESSION
"""The compression while values are added; a written digest has the other one."""
_CAPACITY = int(6 * (_INTERNAL + 10))
_HEADER = "<b4di"
_INTERNAL_ERROR = "GENERIC_INTERNAL_ERROR"


@dataclass
class TDigest:
    """Centroids, with their means and weights, and the extremes of the values."""

    means: list[float] = field(default_factory=list[float])
    weights: list[float] = field(default_factory=list[float])
    total: float = 0.0
    least: float = math.inf
    greatest: float = -math.inf
    capacity: int = _CAPACITY
    _backwards: bool = False

    @classmethod
    def read(cls, octets: bytes) -> TDigest:
        """Read it from its bytes.

        Raises:
            TrinoError: they are no digest.
        """
        try:
            tag, least, greatest, _, total, count = struct.unpack_from(_HEADER, octets)
            numbers = struct.unpack(f"<{2 * count}d", octets[struct.calcsize(_HEADER) :])
        except struct.error as error:
            raise TrinoError(_INTERNAL_ERROR, f"Invalid format: {error}") from error
        if tag != 0:
            raise TrinoError(_INTERNAL_ERROR, "Invalid format")
        return cls(list(numbers[:count]), list(numbers[count:]), total, least, greatest)

    def written(self) -> bytes:
        """Return its bytes, of its centroids as they are after compression."""
        self._merge(_COMPRESSION)
        head = struct.pack(_HEADER, 0, self.least, self.greatest, _COMPRESSION, self.total, len(self.means))
        return head + struct.pack(f"<{2 * len(self.means)}d", *self.means, *self.weights)

    def add(self, value: float, weight: float) -> None:
        """Add a value.

        Raises:
            TrinoError: the value is not finite.
        """
        if not math.isfinite(value):
            raise TrinoError(_INTERNAL_ERROR, "value is NaN" if math.isnan(value) else "value must be finite")
        if len(self.means) == self.capacity:
            self._merge(_INTERNAL)
        self.means.append(value)
        self.weights.append(weight)
        self.total += weight
        self.least, self.greatest = min(value, self.least), max(value, self.greatest)

    def add_all(self, other: TDigest) -> None:
        """Add the centroids of another digest."""
        if len(self.means) + len(other.means) > self.capacity:
            self._merge(_INTERNAL)
            other._merge(_INTERNAL)
            self.capacity = max(self.capacity, len(self.means) + len(other.means))
        self.means += other.means
        self.weights += other.weights
        self.total += other.total
        self.least, self.greatest = min(other.least, self.least), max(other.greatest, self.greatest)

    def _merge(self, compression: float) -> None:
        """Join neighbours that are small enough together, from one end and the other in turn."""
        if not self.means:
            return
        order = sorted(zip(self.means, self.weights, strict=True), reverse=self._backwards)
        total = self.total
        size = (4 * _log(total / compression) + 24) / compression
        done, bound = 0.0, 0.0
        joined = [order[0]]
        for mean, weight in order[1:]:
            last_mean, last_weight = joined[-1]
            both = last_weight + weight
            share = min((done + both) / total, 1)
            if both <= total * min(bound, share * (1 - share) * size):
                joined[-1] = last_mean + (mean - last_mean) * weight / both, both
                continue
            done += last_weight
            bound = done / total * (1 - done / total) * size
            joined.append((mean, weight))
        if self._backwards:
            joined.reverse()
        self._backwards = not self._backwards
        self.means, self.weights = [mean for mean, _ in joined], [weight for _, weight in joined]

    def values_at(self, quantiles: Sequence[float]) -> list[float]:
        """The values at quantiles, of a digest that was read.

        Raises:
            TrinoError: the quantiles are not ascending, or outside of 0 and 1.
        """
        if any(b < a for a, b in pairwise(quantiles)):
            raise TrinoError(_INTERNAL_ERROR, "quantiles must be sorted in increasing order")
        if not all(0 <= quantile <= 1 for quantile in quantiles):
            raise TrinoError(_INTERNAL_ERROR, "quantiles should be in [0, 1] range")
        return [self._at(quantile * self.total) for quantile in quantiles]

    def _at(self, offset: float) -> float:
        means, weights = self.means, self.weights
        if len(means) < 2:
            return means[0] if means else math.nan
        if offset < 1:
            return self.least
        half = weights[0] / 2
        if offset < half:
            return self.least + (offset - 1) / (half - 1) * (means[0] - self.least)
        last, rest = weights[-1] / 2, self.total - offset
        if offset <= self.total - 1 and rest <= last and last > 1:
            return self.greatest + (rest - 1) / (last - 1) * (means[-1] - self.greatest)
        if offset >= self.total - 1:
            return self.greatest
        so_far, place = half, 0
        while place < len(means) - 1 and so_far + (weights[place] + weights[place + 1]) / 2 <= offset:
            so_far += (weights[place] + weights[place + 1]) / 2
            place += 1
        if place < len(means) - 1:
            return self._between(place, offset - so_far)
        return self.greatest + (rest - 1) / (last - 1) * (means[-1] - self.greatest) if last > 1 else self.greatest

    def _between(self, place: int, offset: float) -> float:
        """The value between a centroid and the next one: that of a single value, or interpolated."""
        left, right = self.weights[place], self.weights[place + 1]
        mean, following = self.means[place], self.means[place + 1]
        if left == 1 and offset < left / 2:
            return mean
        if right == 1 and offset >= left / 2:
            return following
        length = (left + right) / 2
        if left == 1:
            offset, length = offset - left / 2, right / 2
        elif right == 1:
            length = left / 2
        return mean + offset / length * (following - mean)


def _log(number: float) -> float:
    return math.log(number) if number > 0 else -math.inf


def _digest(values: list[dict[str, float]]) -> bytes:
    found = TDigest()
    for value in values:
        if not value["w"] >= 1:
            raise TrinoError(INVALID, f"weight must be >= 1, was {value['w']}")
        found.add(value["x"], value["w"])
    return found.written()


def _percentile(values: list[dict[str, float]], p: float) -> float:
    """approx_percentile: the quantile of the digest of values."""
    if not 0 <= p <= 1:
        raise TrinoError(INVALID, "Percentile must be between 0 and 1")
    return _value_at(_digest(values), p)


def _merged(values: list[bytes]) -> bytes:
    found = TDigest.read(values[0])
    for value in values[1:]:
        found.add_all(TDigest.read(value))
    return found.written()


def _value_at(octets: bytes, quantile: float) -> float:
    return TDigest.read(octets).values_at([quantile])[0]


def _values_at(octets: bytes, quantiles: list[float]) -> list[float]:
    if any(b < a for a, b in pairwise(quantiles)):
        raise TrinoError(INVALID, "percentiles must be sorted in increasing order")
    return TDigest.read(octets).values_at(quantiles)


def _listed(function: str, value: Callable[[TypedCall], str]) -> Callable[[TypedCall], str]:
    def sql(call: TypedCall) -> str:
        some = " AND ".join(f"{call[i]} IS NOT NULL" for i in range(len(call)))
        return f"{function}({call.aggregate('list', value(call), filter_=some)})"

    return sql


def _weighted(call: TypedCall) -> str:
    return f"{{'x': {call[0]}, 'w': {call[1] if len(call) > 1 else '1::DOUBLE'}}}"


_ONE = "tdigest_agg(5e0)"
FUNCTIONS = (
    entry(
        "tdigest_agg(double) -> tdigest; tdigest_agg(double, double) -> tdigest",
        _listed("athena_tdigest", _weighted),
        f"value_at_quantile({_ONE}, 0.5)",
        "5.0",
        kind="aggregate",
    ),
    entry(
        "merge(tdigest) -> tdigest",
        _listed("athena_merged_tdigest", lambda call: call[0]),
        "value_at_quantile(merge(CAST(NULL AS tdigest)), 0.5)",
        None,
        kind="aggregate",
    ),
    entry(
        "value_at_quantile(tdigest, double) -> double",
        "athena_tdigest_value",
        f"value_at_quantile({_ONE}, 0.5)",
        "5.0",
    ),
    entry(
        "values_at_quantiles(tdigest, array(double)) -> array(double)",
        "athena_tdigest_values",
        f"values_at_quantiles({_ONE}, ARRAY[0e0, 1e0])",
        "[5.0, 5.0]",
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    Native("athena_tdigest", _digest, ("STRUCT(x DOUBLE, w DOUBLE)[]",), "BLOB"),
    Native("athena_tdigest_percentile", _percentile, ("STRUCT(x DOUBLE, w DOUBLE)[]", "DOUBLE"), "DOUBLE"),
    Native("athena_merged_tdigest", _merged, ("BLOB[]",), "BLOB"),
    Native("athena_tdigest_value", _value_at, ("BLOB", "DOUBLE"), "DOUBLE"),
    Native("athena_tdigest_values", _values_at, ("BLOB", "DOUBLE[]"), "DOUBLE[]"),
)
