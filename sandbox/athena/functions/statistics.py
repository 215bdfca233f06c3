"""Statistical aggregate functions: https://trino.io/docs/435/functions/aggregate.html."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.athena.functions.building import INVALID, invalid, once
from sandbox.athena.functions.function import TrinoFunction, TypedCall, entry
from sandbox.athena.functions.native import Native
from sandbox.athena.types import DOUBLE
from sandbox.athena.values import fail

_MOST = 2**63 - 1


def _of_numbers(name: str, duckdb: str, answer: str | None) -> TrinoFunction:
    """A function of bigint or double whose result is a double. For a single infinity DuckDB returns 0, Trino NaN."""

    def sql(call: TypedCall) -> str:
        found = call.aggregate(duckdb, f"CAST({call[0]} AS DOUBLE)")
        if call.arguments[0].type.name == "bigint" or not duckdb.endswith("pop"):
            return found
        is_finite = call.aggregate("bool_and", f"isfinite({call[0]})")
        return f"CASE WHEN {is_finite} THEN {found} WHEN NOT {is_finite} THEN 'nan'::DOUBLE END"

    return entry(
        f"{name}(bigint) -> double; {name}(double) -> double",
        sql,
        f"{name}(1e0)",
        answer,
        kind="aggregate",
    )


def _of_pairs(name: str, sql: Callable[[TypedCall], str] | None, answer: str | None) -> TrinoFunction:
    """A function of two doubles; for integers and decimals Trino uses that of reals."""

    def default(call: TypedCall) -> str:
        return f"CAST({call.aggregate(name, f'{call[0]}::DOUBLE', f'{call[1]}::DOUBLE')} AS {call.type.physical})"

    return entry(
        f"{name}(double, double) -> double; {name}(real, real) -> real", sql or default, f"{name}(1e0, 2e0)", answer,
        kind="aggregate",
    )  # fmt: skip


def _related(name: str) -> Callable[[TypedCall], str]:
    """A function of pairs, computed as in Trino, to the last digit."""

    def sql(call: TypedCall) -> str:
        pair = f"{{'y': CAST({call[0]} AS DOUBLE), 'x': CAST({call[1]} AS DOUBLE)}}"
        pairs = call.aggregate("list", pair, filter_=f"{call[0]} IS NOT NULL AND {call[1]} IS NOT NULL")
        return f"CAST(athena_{name}({pairs}) AS {call.type.physical})"

    return sql


def _skewness(call: TypedCall) -> str:
    """The population's skewness; DuckDB's is that of a sample."""
    value = f"CAST({call[0]} AS DOUBLE)"
    values = call.aggregate("list", value, filter_=f"{call[0]} IS NOT NULL")
    return (
        f"CASE WHEN {call.aggregate('count', value)} >= 3 THEN coalesce(athena_skewness({values}), 'nan'::DOUBLE) END"
    )


def _kurtosis(call: TypedCall) -> str:
    """NaN for equal values, where DuckDB's is NULL."""
    value = f"CAST({call[0]} AS DOUBLE)"
    count, values = call.aggregate("count", value), call.aggregate("list", value, filter_=f"{call[0]} IS NOT NULL")
    return f"CASE WHEN {count} >= 4 THEN coalesce(athena_kurtosis({values}), 'nan'::DOUBLE) END"


def _geometric_mean(call: TypedCall) -> str:
    mean = call.aggregate("avg", f"CASE WHEN {call[0]} = 0 THEN '-inf'::DOUBLE WHEN {call[0]} < 0 THEN 'nan'::DOUBLE "
                          f"ELSE ln(CAST({call[0]} AS DOUBLE)) END")  # fmt: skip
    return f"CAST(exp({mean}) AS {call.type.physical})"


def _percentile(call: TypedCall) -> str:
    """x, [w,] p [, accuracy], where p may be an array."""
    several = call.type.name == "array"
    kind = call.type.element.physical if several else call.type.physical
    weighted = len(call) >= 3
    weight = f"CAST({call[1]} AS DOUBLE)" if weighted else "1"
    some = f"{call[0]} IS NOT NULL" + (f" AND {call[1]} IS NOT NULL" if weighted else "")
    fraction = call[2] if weighted else call[1]
    whole = kind == "BIGINT"
    value = _exact(call[0]) if whole else _number(call)
    values = call.aggregate("list", f"{{'x': {value}, 'w': {weight}}}" if weighted else value, filter_=some)
    function = "athena_tdigest_percentile" if weighted else "athena_percentile"

    def one(listed: str, p: str) -> str:
        found = f"{function}({listed}, {p})"
        return _whole(found) if whole else f"CAST({found} AS {kind})"

    if several:
        refused = invalid("'Percentile cannot be null'", call.type)
        return once(
            [values, fraction],
            lambda a: (
                f"CASE WHEN {a[0]} IS NULL THEN NULL WHEN len(list_filter({a[1]}, lambda p_: p_ IS NULL)) > 0"
                f" THEN {refused} ELSE list_transform({a[1]}, lambda p_: {one(a[0], 'p_')}) END"
            ),
        )
    return once([values, fraction], lambda a: one(a[0], a[1]))


def _whole(found: str) -> str:
    """A double rounded half up to a bigint, whose maximum is not a double. DuckDB's least() ignores NULL."""
    return once(
        [f"CAST(floor({found} + 0.5) AS HUGEINT)"],
        lambda a: f"CAST(CASE WHEN {a[0]} > {_MOST} THEN {_MOST} ELSE {a[0]} END AS BIGINT)",
    )


def _number(call: TypedCall) -> str:
    value = f"CAST({call[0]} AS DOUBLE)"
    if call.arguments[0].type.name not in {"double", "real"}:
        return value
    message = f"CASE WHEN isnan({call[0]}) THEN 'value is NaN' ELSE 'value must be finite' END"
    return f"CASE WHEN NOT isfinite({call[0]}) THEN {fail('GENERIC_INTERNAL_ERROR', message, DOUBLE)} ELSE {value} END"


def _exact(value: str) -> str:
    """A bigint as a double, which Trino refuses if a digit is lost, except for the maximum."""
    message = f"'no exact double representation for long: ' || {value}"
    refused = fail(INVALID, message, DOUBLE)
    lost = f"abs(CAST({value} AS HUGEINT)) > {2**53} AND {value} <> {_MOST}"
    return (
        f"CASE WHEN {lost} AND CAST(CAST({value} AS DOUBLE) AS HUGEINT) <> {value} THEN {refused}"
        f" ELSE CAST({value} AS DOUBLE) END"
    )


def _moments(values: list[float]) -> tuple[int, float, float, float]:
    """The number of values and their central moments 2, 3 and 4, accumulated as in io.trino…AggregationUtils."""
    n, mean, m2, m3, m4 = 0, 0.0, 0.0, 0.0, 0.0
    for value in values:
        n += 1
        delta = value - mean
        part = delta / n
        term = delta * part * (n - 1)
        m4 = m4 + term * (part * part) * (float(n) * n - 3 * n + 3) + 6 * (part * part) * m2 - 4 * part * m3
        m3 = m3 + term * part * (n - 2) - 3 * part * m2
        m2 += term
        mean += part
    return n, m2, m3, m4


def _python_skewness(values: list[float]) -> float:
    n, m2, m3, _ = _moments(values)
    return math.sqrt(n) * m3 / m2**1.5 if m2 else math.nan


def _python_kurtosis(values: list[float]) -> float:
    n, m2, _, m4 = _moments(values)
    if not m2:
        return math.nan
    return ((n - 1.0) * n * (n + 1)) / ((n - 2.0) * (n - 3)) * m4 / (m2 * m2) - 3 * ((n - 1.0) * (n - 1)) / (
        (n - 2.0) * (n - 3)
    )


@dataclass
class _Relation:
    """Means and sums of squares and products of pairs, as in io.trino…AggregationUtils.updateCorrelationState."""

    mean_x: float = 0.0
    mean_y: float = 0.0
    squares_x: float = 0.0
    squares_y: float = 0.0
    products: float = 0.0

    @classmethod
    def of(cls, pairs: list[dict[str, float]]) -> _Relation:
        found = cls()
        for count, pair in enumerate(pairs, 1):
            dx, dy = pair["x"] - found.mean_x, pair["y"] - found.mean_y
            found.mean_x += dx / count
            found.mean_y += dy / count
            found.products += dx * (pair["y"] - found.mean_y)
            found.squares_x += dx * (pair["x"] - found.mean_x)
            found.squares_y += dy * (pair["y"] - found.mean_y)
        return found


def _of_some(call: Callable[[list[dict[str, float]]], float | None]) -> Callable[..., float | None]:
    def checked(pairs: list[dict[str, float]] | None) -> float | None:
        return call(pairs) if pairs else None

    return checked


def _divided(dividend: float, divisor: float) -> float | None:
    """The quotient; NULL if it is not a finite number."""
    result = dividend / divisor if divisor else math.nan
    return result if math.isfinite(result) else None


def _python_corr(pairs: list[dict[str, float]]) -> float | None:
    found = _Relation.of(pairs)
    if not found.squares_x or not found.squares_y:
        return None
    return _divided(found.products / math.sqrt(found.squares_x), math.sqrt(found.squares_y))


def _python_regr_slope(pairs: list[dict[str, float]]) -> float | None:
    found = _Relation.of(pairs)
    return _divided(found.products, found.squares_x)


def _python_regr_intercept(pairs: list[dict[str, float]]) -> float | None:
    found = _Relation.of(pairs)
    slope = _divided(found.products, found.squares_x)
    return None if slope is None else found.mean_y - slope * found.mean_x


FUNCTIONS = (
    _of_numbers("stddev", "stddev_samp", None),
    _of_numbers("stddev_samp", "stddev_samp", None),
    _of_numbers("stddev_pop", "stddev_pop", "0.0"),
    _of_numbers("variance", "var_samp", None),
    _of_numbers("var_samp", "var_samp", None),
    _of_numbers("var_pop", "var_pop", "0.0"),
    entry(
        "kurtosis(bigint) -> double; kurtosis(double) -> double", _kurtosis, "kurtosis(1e0)", None, kind="aggregate"
    ),
    entry(
        "skewness(bigint) -> double; skewness(double) -> double", _skewness, "skewness(1e0)", None, kind="aggregate"
    ),
    _of_pairs("corr", _related("corr"), None),
    _of_pairs("covar_pop", None, "0.0"),
    _of_pairs("covar_samp", None, None),
    _of_pairs("regr_slope", _related("regr_slope"), None),
    _of_pairs("regr_intercept", _related("regr_intercept"), None),
    entry(
        "geometric_mean(bigint) -> double; geometric_mean(double) -> double; geometric_mean(real) -> real",
        _geometric_mean,
        "geometric_mean(4e0)",
        "4.0",
        kind="aggregate",
    ),
    *(
        entry(
            "; ".join(
                f"approx_percentile({', '.join(filter(None, (type_, weight, p, accuracy)))}) -> "
                f"{f'array({type_})' if p.startswith('array') else type_}"
                for weight, p, accuracy in (
                    ("", "double", ""), ("double", "double", ""), ("double", "double", "double"),
                    ("", "array(double)", ""),
                    ("double", "array(double)", ""),
                )
            ),
            _percentile,
            f"approx_percentile({literal}, 0.5)",
            answer,
            kind="aggregate",
        )
        for type_, literal, answer in (("bigint", "5", "5"), ("double", "5e0", "5.0"), ("real", "1.5", "1.5"))
    ),
)  # fmt: skip
# Up to 39 values each is a centroid of the digest. Of more than 10,000, which the digest would take long to read, the
# percentile is exact.
MACROS = (
    """athena_percentile(listed, p) AS CASE
        WHEN p NOT BETWEEN 0 AND 1 OR len(listed) BETWEEN 40 AND 10000
            THEN athena_tdigest_percentile(list_transform(listed, lambda x_: {'x': x_, 'w': 1::DOUBLE}), p)
        ELSE athena_ordered_percentile(list_sort(listed), p) END""",
    """athena_ordered_percentile(listed, p) AS CASE
        WHEN p * len(listed) < 1 THEN listed[1] WHEN len(listed) - p * len(listed) < 1 THEN listed[-1]
        ELSE listed[floor(p * len(listed))::BIGINT + 1] END""",
)
NATIVES = (
    *(
        Native(f"athena_{name}", _of_some(call), ("STRUCT(y DOUBLE, x DOUBLE)[]",), "DOUBLE", takes_null=True)
        for name, call in (
            ("corr", _python_corr),
            ("regr_slope", _python_regr_slope),
            ("regr_intercept", _python_regr_intercept),
        )
    ),
    Native("athena_kurtosis", _python_kurtosis, ("DOUBLE[]",), "DOUBLE"),
    Native("athena_skewness", _python_skewness, ("DOUBLE[]",), "DOUBLE"),
)
