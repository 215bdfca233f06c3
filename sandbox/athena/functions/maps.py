"""Functions of maps: https://trino.io/docs/435/functions/map.html."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.athena.errors import StatementError
from sandbox.athena.functions.building import INVALID, applied, checked, invalid, once
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native
from sandbox.athena.types import Type
from sandbox.athena.values import null


def built(entries: str, type_: Type) -> str:
    """A map from a list of {'k', 'v'} without NULL keys; equal keys fail as in Trino."""
    typed = f"CAST({entries} AS STRUCT(k {type_.key.physical}, v {type_.value.physical})[])"
    twice = invalid("'Duplicate map keys (' || {0} || ') are not allowed'", type_)

    def body(a: Sequence[str]) -> str:
        keys = f"list_transform({a[0]}, lambda e_: e_.k)"
        first = f"list_filter({keys}, lambda k_, i_: list_position({keys}, k_) < i_)"
        failure = twice.format(f"coalesce(CAST({first}[1] AS VARCHAR), '')")
        return f"CASE WHEN len(list_distinct({keys})) < len({keys}) THEN {failure} ELSE map_from_entries({a[0]}) END"

    return once([typed], body)


def _map(call: TypedCall) -> str:
    if not len(call):
        return "MAP {}::MAP(INTEGER, INTEGER)"

    def body(a: Sequence[str]) -> str:
        unequal = invalid("'Key and value arrays must be the same length'", call.type)
        no_key = invalid("'map key cannot be null'", call.type)
        unknown = invalid("'map key cannot be indeterminate'", call.type)
        entries = f"list_transform({a[0]}, lambda k_, i_: {{'k': k_, 'v': {a[1]}[i_]}})"
        part = _has_null("k_", call.type.key)
        unknowns = f" WHEN len(list_filter({a[0]}, lambda k_: {part})) > 0 THEN {unknown}" if part else ""
        return (
            f"CASE WHEN len({a[0]}) <> len({a[1]}) THEN {unequal} WHEN list_count({a[0]}) < len({a[0]}) THEN {no_key}"
            f"{unknowns} ELSE {built(entries, call.type)} END"
        )

    return checked(call, body)


def _has_null(sql: str, type_: Type, depth: int = 0) -> str:
    """SQL for whether an array or a row has a NULL inside it, at any depth; empty for other types."""
    if type_.name == "array":
        item = f"n{depth}_"
        inner = _has_null(item, type_.element, depth + 1)
        deeper = f" OR len(list_filter({sql}, lambda {item}: {inner})) > 0" if inner else ""
        return f"(list_count({sql}) < len({sql}){deeper})"
    if type_.name != "row":
        return ""
    members = [(f"struct_extract({sql}, 'f{i}')", member) for i, member in enumerate(type_.members, 1)]
    tests = [f"{member} IS NULL" for member, _ in members]
    tests += filter(None, (_has_null(member, inner, depth) for member, inner in members))
    return f"({' OR '.join(tests)})"


def _from_entries(call: TypedCall) -> str:
    def body(a: Sequence[str]) -> str:
        no_entry = invalid("'map entry cannot be null'", call.type)
        no_key = invalid("'map key cannot be null'", call.type)
        entries = f"list_transform({a[0]}, lambda e_: {{'k': e_.f1, 'v': e_.f2}})"
        return (
            f"CASE WHEN list_count({a[0]}) < len({a[0]}) THEN {no_entry} "
            f"WHEN len(list_filter({a[0]}, lambda e_: e_.f1 IS NULL)) > 0 THEN {no_key} "
            f"ELSE {built(entries, call.type)} END"
        )

    return checked(call, body)


def _multimap_from_entries(call: TypedCall) -> str:
    no_entry = invalid("'map entry cannot be null'", call.type)
    no_key = invalid("'map key cannot be null'", call.type)
    return checked(
        call,
        lambda a: (
            f"CASE WHEN list_count({a[0]}) < len({a[0]}) THEN {no_entry} "
            f"WHEN len(list_filter({a[0]}, lambda e_: e_.f1 IS NULL)) > 0 THEN {no_key} "
            f"ELSE athena_grouped(list_transform({a[0]}, lambda e_: {{'k': e_.f1, 'v': e_.f2}})) END"
        ),
    )


def _element_at(call: TypedCall) -> str:
    return f"map_extract_value({call[0]}, {call[1]})"


def _entries(call: TypedCall) -> str:
    return f"list_transform(map_entries({call[0]}), lambda e_: {{'f1': e_.key, 'f2': e_.value}})"


def _filter(call: TypedCall) -> str:
    kept = f"list_filter(map_entries({call[0]}), lambda e_: {applied(call.arguments[1], 'e_.key', 'e_.value')})"
    return f"map_from_entries({kept})"


def _transform_values(call: TypedCall) -> str:
    value = applied(call.arguments[1], "e_.key", "e_.value")
    return f"map_from_entries(list_transform(map_entries({call[0]}), lambda e_: {{'k': e_.key, 'v': {value}}}))"


def _transform_keys(call: TypedCall) -> str:
    key = applied(call.arguments[1], "e_.key", "e_.value")
    no_key = invalid("'map key cannot be null'", call.type)

    def body(a: Sequence[str]) -> str:
        missing = f"len(list_filter({a[0]}, lambda e_: e_.k IS NULL)) > 0"
        return f"CASE WHEN {missing} THEN {no_key} ELSE {built(a[0], call.type)} END"

    return once([f"list_transform(map_entries({call[0]}), lambda e_: {{'k': {key}, 'v': e_.value}})"], body)


def _zip_with(call: TypedCall) -> str:
    value = "{{'k': k_, 'v': {0}}}"

    def body(a: Sequence[str]) -> str:
        keys = (
            f"(map_keys({a[0]}) || list_filter(map_keys({a[1]}), lambda k_: NOT list_contains(map_keys({a[0]}), k_)))"
        )
        chosen = applied(call.arguments[2], "k_", f"map_extract_value({a[0]}, k_)", f"map_extract_value({a[1]}, k_)")
        zipped = f"map_from_entries(list_transform({keys}, lambda k_: {value.format(chosen)}))"
        return f"CASE WHEN {a[0]} IS NULL OR {a[1]} IS NULL THEN {null(call.type)} ELSE {zipped} END"

    return once([call[0], call[1]], body)


def _concat(call: TypedCall) -> str:
    """The concatenation, with the last map's entries first (trino 435, io.trino.operator.scalar.MapConcatFunction)."""
    if len(call) < 2:
        raise StatementError(INVALID, "There must be two or more concatenation arguments to map_concat")

    def body(a: Sequence[str]) -> str:
        maps = (f"list_transform(map_entries({m}), lambda e_: {{'k': e_.key, 'v': e_.value}})" for m in reversed(a))
        return f"map_from_entries(athena_firsts({' || '.join(maps)}))"

    return checked(call, body)


def _array_histogram(call: TypedCall) -> str:
    return once(
        [f"list_filter({call[0]}, lambda e_: e_ IS NOT NULL)"],
        lambda a: (
            f"map_from_entries(list_transform(list_filter({a[0]}, lambda e_, i_: list_position({a[0]}, e_) = i_), "
            f"lambda k_: {{'k': k_, 'v': CAST(len(list_filter({a[0]}, lambda e_: e_ = k_)) AS BIGINT)}}))"
        ),
    )


FUNCTIONS = (
    entry("map(array(K), array(V)) -> map(K, V)", _map, "map(ARRAY['a', 'b'], ARRAY[1, 2])", "{a=1, b=2}"),
    entry("map() -> map(unknown, unknown)", _map, "cardinality(map())", "0"),
    entry(
        "cardinality(map(K, V)) -> bigint",
        "CAST(cardinality({0}) AS BIGINT)",
        "cardinality(MAP(ARRAY['a'], ARRAY[1]))",
        "1",
    ),
    entry("element_at(map(K, V), K) -> V", _element_at, "element_at(MAP(ARRAY['a'], ARRAY[1]), 'z')", None),
    entry("map_keys(map(K, V)) -> array(K)", "map_keys", "map_keys(MAP(ARRAY['z', 'a'], ARRAY[1, 2]))", "[z, a]"),
    entry("map_values(map(K, V)) -> array(V)", "map_values", "map_values(MAP(ARRAY['z', 'a'], ARRAY[1, 2]))", "[1, 2]"),
    entry(
        "map_entries(map(K, V)) -> array(row(K, V))",
        _entries,
        "map_entries(MAP(ARRAY['a'], ARRAY[1]))",
        "[{field0=a, field1=1}]",
    ),
    entry(
        "map_from_entries(array(row(K, V))) -> map(K, V)",
        _from_entries,
        "map_from_entries(ARRAY[ROW('a', 1)])",
        "{a=1}",
    ),
    entry(
        "multimap_from_entries(array(row(K, V))) -> map(K, array(V))",
        _multimap_from_entries,
        "multimap_from_entries(ARRAY[ROW('a', 1), ROW('a', 2)])",
        "{a=[1, 2]}",
    ),
    entry(
        "map_concat(map(K, V)...) -> map(K, V)",
        _concat,
        "map_concat(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['a'], ARRAY[2]))",
        "{a=2}",
    ),
    entry(
        "map_filter(map(K, V), function(K, V, boolean)) -> map(K, V)",
        _filter,
        "map_filter(MAP(ARRAY['a', 'b'], ARRAY[1, NULL]), (k, v) -> v IS NOT NULL)",
        "{a=1}",
    ),
    entry(
        "transform_keys(map(K, V), function(K, V, C)) -> map(C, V)",
        _transform_keys,
        "transform_keys(MAP(ARRAY[1], ARRAY['a']), (k, v) -> k + 1)",
        "{2=a}",
    ),
    entry(
        "transform_values(map(K, V), function(K, V, W)) -> map(K, W)",
        _transform_values,
        "transform_values(MAP(ARRAY[1], ARRAY['a']), (k, v) -> v || 'x')",
        "{1=ax}",
    ),
    entry(
        "map_zip_with(map(K, A), map(K, B), function(K, A, B, V)) -> map(K, V)",
        _zip_with,
        "map_zip_with(MAP(ARRAY['a'], ARRAY[1]), MAP(ARRAY['a'], ARRAY[2]), (k, x, y) -> x - y)",
        "{a=-1}",
    ),
    entry(
        "array_histogram(array(C)) -> map(C, bigint)",
        _array_histogram,
        "array_histogram(ARRAY['a', 'a', NULL])",
        "{a=2}",
    ),
)
MACROS = (
    # Entries with an earlier equal key are omitted; sorting by key and position avoids comparing all pairs.
    """athena_firsts(entries) AS list_transform(list_sort(list_transform(
        list_filter(list_transform([list_sort(list_transform(entries, lambda e_, i_: {'k': e_.k, 'i': i_, 'v': e_.v}))],
            lambda s_: list_filter(s_, lambda e_, j_: j_ = 1 OR e_.k IS DISTINCT FROM s_[j_ - 1].k))[1],
            lambda e_: true),
        lambda e_: {'i': e_.i, 'k': e_.k, 'v': e_.v})), lambda e_: {'k': e_.k, 'v': e_.v})""",
    """athena_grouped(entries) AS map_from_entries(list_transform(
        list_transform(athena_firsts(entries), lambda e_: e_.k),
        lambda k_: {'k': k_, 'v': list_transform(list_filter(entries, lambda e_: e_.k = k_), lambda e_: e_.v)}))""",
)
NATIVES: tuple[Native, ...] = ()
