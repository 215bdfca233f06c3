"""Statistical functions: https://trino.io/docs/435/functions/math.html#statistical-functions."""

from __future__ import annotations

import math
import statistics

from sandbox.athena.functions.building import INVALID, in_python
from sandbox.athena.functions.function import entry
from sandbox.athena.functions.native import Native, TrinoError


def _width_bucket(operand: float, low: float, high: float, count: int) -> int:
    if count <= 0:
        raise TrinoError(INVALID, "bucketCount must be greater than 0")
    if math.isnan(operand):
        raise TrinoError(INVALID, "operand must not be NaN")
    for name, bound in (("first", low), ("second", high)):
        if not math.isfinite(bound):
            raise TrinoError(INVALID, f"{name} bound must be finite")
    if low == high:
        raise TrinoError(INVALID, "bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    if operand < lower:
        bucket = 0
    elif operand >= upper:
        bucket = count + 1
    else:
        bucket = int(count * (operand - lower) / (upper - lower) + 1)
    return count - bucket + 1 if low > high else bucket


def _width_bucket_of_bins(operand: float, bins: list[float | None]) -> int:
    if not bins:
        raise TrinoError(INVALID, "Bins cannot be an empty array")
    if math.isnan(operand):
        raise TrinoError(INVALID, "Operand cannot be NaN")
    lower, upper = 0, len(bins)
    while lower < upper:
        if (bins[lower] or 0) > (bins[upper - 1] or 0):
            raise TrinoError(INVALID, "Bin values are not sorted in ascending order")
        index = (lower + upper) // 2
        value = bins[index]
        if value is None or not math.isfinite(value):
            raise TrinoError(INVALID, f"Bin value must be finite, got {value}")
        lower, upper = (lower, index) if operand < value else (index + 1, upper)
    return lower


def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    if deviation <= 0:
        raise TrinoError(INVALID, "standardDeviation must be > 0")
    return 0.5 * math.erfc(-(value - mean) / (deviation * math.sqrt(2)))


def _inverse_normal_cdf(mean: float, deviation: float, p: float) -> float:
    if not 0 < p < 1:
        raise TrinoError(INVALID, "p must be 0 > p > 1")
    if deviation <= 0:
        raise TrinoError(INVALID, "sd must be > 0")
    return statistics.NormalDist(mean, deviation).inv_cdf(p)


def _wilson(successes: int, trials: int, z: float, sign: int) -> float:
    if successes < 0:
        raise TrinoError(INVALID, "number of successes must not be negative")
    if trials <= 0:
        raise TrinoError(INVALID, "number of trials must be positive")
    if successes > trials:
        raise TrinoError(INVALID, "number of successes must not be larger than number of trials")
    if z < 0:
        raise TrinoError(INVALID, "z-score must not be negative")
    s, n = float(successes), float(trials)
    p = s / n
    middle = p + z * z / (2 * n)
    spread = z * math.sqrt((p * (1 - p) + z * z / (4 * n)) / n)
    return (middle + sign * spread) / (1 + z * z / n)


FUNCTIONS = (
    entry(
        "width_bucket(double, double, double, bigint) -> bigint",
        "athena_width_bucket",
        "width_bucket(3, 10, 0, 4)",
        "3",
    ),
    entry(
        "width_bucket(double, array(double)) -> bigint",
        "athena_width_bucket_of_bins",
        "width_bucket(2e0, ARRAY[1e0, 2e0, 3e0])",
        "2",
    ),
    entry("normal_cdf(double, double, double) -> double", in_python("athena_normal_cdf"), "normal_cdf(0, 1, 0)", "0.5"),
    entry(
        "inverse_normal_cdf(double, double, double) -> double",
        "athena_inverse_normal_cdf",
        "inverse_normal_cdf(0, 1, 0.5)",
        "0.0",
    ),
    entry(
        "wilson_interval_lower(bigint, bigint, double) -> double",
        "athena_wilson({0}, {1}, {2}, -1)",
        "wilson_interval_lower(1250, 1310, 1.96e0)",
        "0.9414883725395894",
    ),
    entry(
        "wilson_interval_upper(bigint, bigint, double) -> double",
        "athena_wilson({0}, {1}, {2}, 1)",
        "wilson_interval_upper(1250, 1310, 1.96e0)",
        "0.9642524717143908",
    ),
)
MACROS = ()
NATIVES = (
    Native("athena_width_bucket", _width_bucket, ("DOUBLE", "DOUBLE", "DOUBLE", "BIGINT"), "BIGINT"),
    Native("athena_width_bucket_of_bins", _width_bucket_of_bins, ("DOUBLE", "DOUBLE[]"), "BIGINT"),
    Native("athena_normal_cdf", _normal_cdf, ("DOUBLE", "DOUBLE", "DOUBLE"), "DOUBLE"),
    Native("athena_inverse_normal_cdf", _inverse_normal_cdf, ("DOUBLE", "DOUBLE", "DOUBLE"), "DOUBLE"),
    Native("athena_wilson", _wilson, ("BIGINT", "BIGINT", "DOUBLE", "BIGINT"), "DOUBLE"),
)
