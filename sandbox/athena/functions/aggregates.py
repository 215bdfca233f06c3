"""Aggregate functions: https://trino.io/docs/435/functions/aggregate.html."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sandbox.athena.conversions.numbers import unscaled
from sandbox.athena.errors import StatementError
from sandbox.athena.functions import checksums, hashes
from sandbox.athena.functions.building import once
from sandbox.athena.functions.equality import equality_key, has_variants
from sandbox.athena.functions.function import TrinoFunction, TypedCall, entry
from sandbox.athena.functions.hashes import in_table_order
from sandbox.athena.functions.listagg import NATIVES as LISTING
from sandbox.athena.functions.listagg import listagg
from sandbox.athena.functions.native import Native
from sandbox.athena.types import INTEGERS
from sandbox.athena.values import fail

_SHORT_DECIMAL = 18
_STATES = frozenset({*INTEGERS, "real", "double", "boolean", "decimal", "date", "time", "timestamp", "unknown"}) | {
    "interval day to second",
    "interval year to month",
    "timestamp with time zone",
}
"""The types of reduce_agg's state."""
_SUMMED = 28
"""The sum of decimals with more digits may exceed a decimal, although their mean does not."""
_MAX_VALUES = 10000


def _aggregate(
    signatures: str, sql: str | Callable[[TypedCall], str], example: str, answer: str | None
) -> TrinoFunction:
    return entry(signatures, sql, example, answer, kind="aggregate")


def _count(call: TypedCall) -> str:
    return call.aggregate("count", call[0] if len(call) else "*")


def _sum(call: TypedCall) -> str:
    name = call.type.name
    if name == "bigint":
        over = fail("NUMERIC_VALUE_OUT_OF_RANGE", "'bigint addition overflow'", call.type)
        total = call.aggregate("sum", call[0])
        return once([total], lambda a: f"CASE WHEN {a[0]} BETWEEN -9223372036854775808 AND 9223372036854775807 "
                    f"THEN CAST({a[0]} AS BIGINT) WHEN {a[0]} IS NOT NULL THEN {over} END")  # fmt: skip
    if name == "decimal":
        return call.aggregate("sum", f"CAST({call[0]} AS {call.type.physical})")
    return f"CAST({call.aggregate('sum', call[0])} AS {call.type.physical})"


def _average(call: TypedCall) -> str:
    argument, type_ = call[0], call.type
    if type_.name == "decimal":
        wide = type_.decimal[0] > _SUMMED
        # The sum of HUGEINTs rounds differently from that of decimals.
        summed = unscaled(argument, type_) if wide else f"CAST({argument} AS DECIMAL(38, {type_.decimal[1]}))"
        total = call.aggregate("sum", summed)
        mean = f"athena_average({total}, {call.aggregate('count', argument)}, {type_.decimal[1]})"
        return f"CAST({mean} AS {type_.physical})"
    if type_.name in {"double", "real"}:
        total = call.aggregate("sum", f"{argument}::DOUBLE")
        return f"CAST({total} / {call.aggregate('count', argument)} AS {type_.physical})"
    return f"CAST(round({call.aggregate('avg', argument)}) AS {type_.physical})"


def _first(call: TypedCall, order: str) -> str:
    """min and max with a number: the array of that many values."""
    values = call.aggregate(
        "list", call[0], order_by=f"{_ordered(call, 0, order)} {order}", filter_=f"{call[0]} IS NOT NULL"
    )
    return _limited(call, values, call[1], f"second argument of {call.name}_n")


def _limited(call: TypedCall, values: str, count: str, argument: str) -> str:
    few = fail("INVALID_FUNCTION_ARGUMENT", f"'{argument} must be a positive integer'", call.type)

    def checked(a: Sequence[str]) -> str:
        message = f"'{argument} must be less than or equal to {_MAX_VALUES}; found ' || {a[1]}"
        many = fail("INVALID_FUNCTION_ARGUMENT", message, call.type)
        whole = f"list_slice({a[0]}, 1, {a[1]})"
        return f"CASE WHEN {a[1]} <= 0 THEN {few} WHEN {a[1]} > {_MAX_VALUES} THEN {many} ELSE {whole} END"

    return once([values, count], checked)


def _ordered(call: TypedCall, index: int, order: str) -> str:
    """A key by which min and max order: NaN is last, as the least for max and as the greatest for min.

    It is never a bare literal, which DuckDB refuses in ORDER BY.
    """
    type_ = call.arguments[index].type
    if type_.name == "timestamp with time zone":
        return f"struct_extract({call[index]}, 'instant')"
    if type_.name not in {"double", "real"}:
        return f"CAST({call[index]} AS {type_.physical})"
    last = "-inf" if order == "DESC" else "inf"
    return f"CASE WHEN isnan({call[index]}) THEN '{last}' ELSE {call[index]} END"


def _of_arrays(call: TypedCall, found: str) -> str:
    """Trino fails if it compares a NULL element; here every NULL element of several arrays fails."""
    message = "'ARRAY comparison not supported for arrays with null elements'"
    some = call.aggregate("bool_or", f"list_count({call[0]}) < len({call[0]})")
    several = f"{call.aggregate('count', call[0])} > 1 AND {some}"
    return f"CASE WHEN {several} THEN {fail('NOT_SUPPORTED', message, call.type)} ELSE {found} END"


def _array_agg(call: TypedCall) -> str:
    """Distinct values that have several forms are compared by their keys."""
    if not call.modifiers.distinct or not has_variants(call.arguments[0].type):
        return call.aggregate("list", call[0])
    pair = f"{{'k': {equality_key(call[0], call.arguments[0].type)}, 'v': {call[0]}}}"
    listed = replace(call, modifiers=replace(call.modifiers, distinct=False)).aggregate("list", pair)
    return f"list_transform(athena_firsts({listed}), lambda e_: e_.v)"


def _extreme(name: str, order: str) -> tuple[TrinoFunction, ...]:
    def one(call: TypedCall) -> str:
        found = call.aggregate(name, call[0])
        if call.type.name == "array":
            return _of_arrays(call, found)
        if call.type.name == "timestamp with time zone":
            return call.aggregate(f"arg_{name}", call[0], _ordered(call, 0, order))
        if call.type.name not in {"double", "real"}:
            return found
        # The first of equal values, such as 0 and -0; DuckDB's arg_max of FLOATs returns a different one.
        value = f"CAST({call[0]} AS DOUBLE)"
        first = call.aggregate(f"arg_{name}", value, f"CASE WHEN NOT isnan({call[0]}) THEN {value} END")
        return f"CAST(coalesce({first}, {found}) AS {call.type.physical})"

    return (
        _aggregate(f"<T: orderable> {name}(T) -> T", one, f"{name}(DATE '2024-01-01')", "2024-01-01"),
        _aggregate(
            f"<T: orderable> {name}(T, bigint) -> array(T)", lambda call: _first(call, order), f"{name}(5, 2)", "[5]"
        ),
    )


def _extreme_by(name: str, order: str) -> tuple[TrinoFunction, ...]:
    """The value beside the greatest key, even if the value is NULL; a NULL key is ignored."""
    duckdb = {"max_by": "arg_max_null", "min_by": "arg_min_null"}[name]

    def several(call: TypedCall) -> str:
        key = f"{_ordered(call, 1, order)} {order}"
        values = call.aggregate("list", call[0], order_by=key, filter_=f"{call[1]} IS NOT NULL")
        return _limited(call, values, call[2], f"third argument of {call.name}")

    return (
        _aggregate(
            f"<K: orderable> {name}(V, K) -> V",
            lambda call: call.aggregate(duckdb, call[0], _ordered(call, 1, order)),
            f"{name}('a', 1)",
            "a",
        ),
        _aggregate(f"<K: orderable> {name}(V, K, bigint) -> array(V)", several, f"{name}('a', 1, 2)", "[a]"),
    )


def _count_if(call: TypedCall) -> str:
    return call.aggregate("count", "*", filter_=call[0])


def _entries(call: TypedCall) -> str:
    pair = f"{{'k': {call[0]}, 'v': {call[1]}}}"
    return call.aggregate("list", pair, filter_=f"{call[0]} IS NOT NULL")


def _map_agg(call: TypedCall) -> str:
    return f"map_from_entries({in_table_order(call, f'athena_firsts({_entries(call)})', call.type.key)})"


def _multimap_agg(call: TypedCall) -> str:
    entries = f"map_entries(athena_grouped({_entries(call)}))"
    pairs = f"list_transform({entries}, lambda e_: {{'k': e_.key, 'v': e_.value}})"
    return f"map_from_entries({in_table_order(call, pairs, call.type.key)})"


def _histogram(call: TypedCall) -> str:
    """The values are in the order of the table or of their first occurrence; DuckDB's are sorted."""
    counts = f"CAST({call.aggregate('histogram', call[0])} AS {call.type.physical})"
    entry_ = f"{{'k': {call[0]}, 'v': true}}"
    entries = f"athena_firsts({call.aggregate('list', entry_, filter_=f'{call[0]} IS NOT NULL')})"
    entries = in_table_order(call, entries, call.type.key)
    counted = "map_from_entries(list_transform({0}, lambda e_: {{'k': e_.k, 'v': map_extract_value({1}, e_.k)}}))"
    return once([entries, counts], lambda a: counted.format(*a))


def _map_union(call: TypedCall) -> str:
    """The union of only empty maps is NULL."""
    pairs = f"list_transform(map_entries({call[0]}), lambda e_: {{'k': e_.key, 'v': e_.value}})"
    entries = f"flatten({call.aggregate('list', pairs, filter_=f'{call[0]} IS NOT NULL')})"
    firsts = in_table_order(call, f"athena_firsts({entries})", call.type.key)
    return once([firsts], lambda a: f"CASE WHEN len({a[0]}) > 0 THEN map_from_entries({a[0]}) END")


def _reduce_agg(call: TypedCall) -> str:
    """The state is a number of 64 bits or a boolean in Trino, so of no other type."""
    state = call.type
    is_long = state.name == "decimal" and state.decimal[0] > _SHORT_DECIMAL
    if state.name not in _STATES or is_long:
        raise StatementError("NOT_SUPPORTED", f"State type not supported for reduce_agg: {state.athena}")
    values = call.aggregate("list", call[0], filter_=f"{call[0]} IS NOT NULL")
    return f"list_reduce({values}, {call[2]}, CAST({call[1]} AS {call.type.physical}))"


FUNCTIONS = (
    _aggregate("count() -> bigint; count(T) -> bigint", _count, "count(1)", "1"),
    _aggregate(
        "sum(bigint) -> bigint; sum(double) -> double; sum(real) -> real; sum(decimal(p, s)) -> decimal(38, s); "
        "sum(interval day to second) -> interval day to second; sum(interval year to month) -> interval year to month",
        _sum,
        "sum(1.50)",
        "1.50",
    ),
    _aggregate(
        "avg(bigint) -> double; avg(double) -> double; avg(real) -> real; avg(decimal(p, s)) -> decimal(p, s); "
        "avg(interval day to second) -> interval day to second; avg(interval year to month) -> interval year to month",
        _average,
        "avg(1.50)",
        "1.50",
    ),
    *_extreme("max", "DESC"),
    *_extreme("min", "ASC"),
    *_extreme_by("max_by", "DESC"),
    *_extreme_by("min_by", "ASC"),
    _aggregate("count_if(boolean) -> bigint", _count_if, "count_if(true)", "1"),
    _aggregate("bool_and(boolean) -> boolean", "bool_and", "bool_and(true)", "true"),
    _aggregate("bool_or(boolean) -> boolean", "bool_or", "bool_or(false)", "false"),
    _aggregate("every(boolean) -> boolean", "bool_and", "every(true)", "true"),
    _aggregate("any_value(T) -> T", "any_value", "any_value('a')", "a"),
    _aggregate("arbitrary(T) -> T", "any_value", "arbitrary('a')", "a"),
    _aggregate("array_agg(T) -> array(T)", _array_agg, "array_agg('a')", "[a]"),
    _aggregate(
        "listagg(varchar, varchar) -> varchar; listagg(varchar, varchar, varchar, boolean) -> varchar",
        listagg,
        "listagg('a', ',') WITHIN GROUP (ORDER BY 1)",
        "a",
    ),
    _aggregate("map_agg(K, V) -> map(K, V)", _map_agg, "map_agg('a', 1)", "{a=1}"),
    _aggregate("multimap_agg(K, V) -> map(K, array(V))", _multimap_agg, "multimap_agg('a', 1)", "{a=[1]}"),
    _aggregate("map_union(map(K, V)) -> map(K, V)", _map_union, "map_union(MAP(ARRAY['a'], ARRAY[1]))", "{a=1}"),
    _aggregate("histogram(C) -> map(C, bigint)", _histogram, "histogram('a')", "{a=1}"),
    _aggregate(
        "reduce_agg(T, S, function(S, T, S), function(S, S, S)) -> S",
        _reduce_agg,
        "reduce_agg(5, 0, (a, b) -> a + b, (a, b) -> a + b)",
        "5",
    ),
    _aggregate("checksum(T) -> varbinary", checksums.checksum, "checksum('a')", "fd ff aa cc 62 74 ab df"),
    _aggregate("bitwise_and_agg(bigint) -> bigint", "bit_and", "bitwise_and_agg(6)", "6"),
    _aggregate("bitwise_or_agg(bigint) -> bigint", "bit_or", "bitwise_or_agg(6)", "6"),
)
MACROS = (
    """athena_point(digits, scale) AS CASE WHEN scale = 0 THEN digits ELSE
        left(lpad(digits, greatest(length(digits), scale + 1)::INTEGER, '0'), -scale) || '.'
        || right(lpad(digits, greatest(length(digits), scale + 1)::INTEGER, '0'), scale) END""",
    """athena_mean_text(u, n, scale) AS
        athena_point((u // n + CASE WHEN 2 * (u % n) >= n THEN 1 ELSE 0 END)::VARCHAR, scale)""",
    # The mean of a decimal, rounded half up, as the text of a decimal of its scale.
    """athena_average(total, n, scale) AS CASE WHEN total IS NOT NULL THEN
        CASE WHEN total < 0 THEN '-' ELSE '' END || athena_mean_text(
            abs(replace(CAST(total AS VARCHAR), '.', '')::HUGEINT), n::HUGEINT, scale) END""",
)
NATIVES: tuple[Native, ...] = (*hashes.NATIVES, *checksums.NATIVES, *LISTING)
