"""Functions of arrays: https://trino.io/docs/435/functions/array.html."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from sandbox.athena.conversions.casting import cast_sql, castable
from sandbox.athena.errors import StatementError
from sandbox.athena.functions import comparing
from sandbox.athena.functions.building import INVALID, applied, checked, invalid, once
from sandbox.athena.functions.comparing import sorted_by_lambda
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.types import VARCHAR
from sandbox.athena.values import null

_MAX_ENTRIES = 10000
_MAX_COMBINATION = 5


def _first_of_each(array: str) -> str:
    """Distinct elements in the order of their first occurrence; NULL is an element."""
    return f"list_filter({array}, lambda e_, i_: list_position({array}, e_) = i_)"


def _distinct(call: TypedCall) -> str:
    return once([call[0]], lambda a: _first_of_each(a[0]))


def _union(call: TypedCall) -> str:
    return once([f"({call[0]} || {call[1]})"], lambda a: _first_of_each(a[0]))


def _intersect(call: TypedCall) -> str:
    """The intersection in the order of the longer array, or of the first if the lengths are equal."""

    def body(a: Sequence[str]) -> str:
        common = "list_filter({0}, lambda e_, i_: list_position({0}, e_) = i_ AND list_position({1}, e_) > 0)"
        swapped = common.format(a[1], a[0])
        return f"CASE WHEN len({a[0]}) < len({a[1]}) THEN {swapped} ELSE {common.format(*a)} END"

    return checked(call, body)


def _except(call: TypedCall) -> str:
    """The different elements; all of them if there is nothing to leave out."""
    return checked(
        call,
        lambda a: (
            f"CASE WHEN len({a[1]}) = 0 THEN {a[0]} ELSE list_filter({a[0]}, lambda e_, i_: "
            f"list_position({a[0]}, e_) = i_ AND coalesce(list_position({a[1]}, e_), 0) = 0) END"
        ),
    )


def _overlap(call: TypedCall) -> str:
    def body(a: Sequence[str]) -> str:
        has_null = " OR ".join(f"list_count({x}) < len({x})" for x in a)
        empty = " OR ".join(f"len({x}) = 0" for x in a)
        unknown = f"NOT ({empty}) AND ({has_null})"
        return f"CASE WHEN list_has_any({a[0]}, {a[1]}) THEN true WHEN {unknown} THEN NULL ELSE false END"

    return checked(call, body)


def _compared(template: str) -> Callable[[TypedCall], str]:
    """The SQL of a template of the arguments and of {equal}: whether the second equals itself, which NaN does not."""

    def sql(call: TypedCall) -> str:
        has_nan = call.arguments[1].type.name in {"double", "real"}
        return checked(call, lambda a: template.format(*a, equal=f"NOT isnan({a[1]})" if has_nan else "true"))

    return sql


_contains = _compared(
    "CASE WHEN {equal} AND list_contains({0}, {1}) THEN true WHEN list_count({0}) < len({0}) THEN NULL ELSE false END"
)
_position = _compared("CAST(CASE WHEN {equal} THEN coalesce(list_position({0}, {1}), 0) ELSE 0 END AS BIGINT)")
_remove = _compared("CASE WHEN {equal} THEN list_filter({0}, lambda e_: e_ IS DISTINCT FROM {1}) ELSE {0} END")


def _extreme(name: str) -> Callable[[TypedCall], str]:
    """The greatest or least element, the first of equal ones (0 and -0); NULL if one is NULL, NaN if all are NaN."""

    def sql(call: TypedCall) -> str:
        def body(a: Sequence[str]) -> str:
            found = f"{name}({a[0]})"
            if call.type.name in {"double", "real"}:
                found = f"coalesce({name}(list_filter({a[0]}, lambda e_: NOT isnan(e_))), {found})"
                found = f"{a[0]}[list_position({a[0]}, {found})]"
            return f"CASE WHEN list_count({a[0]}) = len({a[0]}) THEN {found} END"

        return once([call[0]], body)

    return sql


def _sort(call: TypedCall) -> str:
    if len(call) == 1:
        return f"list_sort({call[0]}, 'ASC', 'NULLS LAST')"
    return sorted_by_lambda(call)


def _slice(call: TypedCall) -> str:
    def body(a: Sequence[str]) -> str:
        array, start, length = a
        short = invalid("'length must be greater than or equal to 0'", call.type)
        zero = invalid("'SQL array indices start at 1'", call.type)
        begin = f"CASE WHEN {start} < 0 THEN len({array}) + 1 + {start} ELSE {start} END"
        return (
            f"CASE WHEN {length} < 0 THEN {short} "
            f"WHEN {start} = 0 THEN {zero} "
            f"WHEN {start} > len({array}) OR -{start} > len({array}) OR {length} = 0 THEN list_slice({array}, 2, 1) "
            f"ELSE list_slice({array}, {begin}, {begin} + least({length}, len({array})) - 1) END"
        )

    return checked(call, body)


def _repeat(call: TypedCall) -> str:
    few = invalid("'count argument of repeat function must be greater than or equal to 0'", call.type)
    many = invalid(f"'count argument of repeat function must be less than or equal to {_MAX_ENTRIES}'", call.type)
    return once(
        [call[0], call[1]],
        lambda a: (
            f"CASE WHEN {a[1]} < 0 THEN {few} WHEN {a[1]} > {_MAX_ENTRIES} THEN {many} "
            f"ELSE list_transform(range({a[1]}), lambda i_: {a[0]}) END"
        ),
    )


def _trim(call: TypedCall) -> str:
    def body(a: Sequence[str]) -> str:
        few = invalid(f"'size must not be negative: ' || {a[1]}", call.type)
        many = invalid(f"'size must not exceed array cardinality ' || len({a[0]}) || ': ' || {a[1]}", call.type)
        rest = f"list_slice({a[0]}, 1, len({a[0]}) - {a[1]})"
        return f"CASE WHEN {a[1]} < 0 THEN {few} WHEN {a[1]} > len({a[0]}) THEN {many} ELSE {rest} END"

    return checked(call, body)


def _element_at(call: TypedCall) -> str:
    index = call.arguments[1].constant
    if isinstance(index, int) and index != 0:
        return f"({call[0]})[{index}]"
    wrong = invalid("'SQL array indices start at 1'", call.type)
    return once(
        [call[0], call[1]],
        lambda a: f"CASE WHEN {a[1]} = 0 AND {a[0]} IS NOT NULL THEN {wrong} ELSE ({a[0]})[{a[1]}] END",
    )


def _row_of(values: Sequence[str], index: str) -> str:
    members = ", ".join(f"'f{i}': {value}[{index}]" for i, value in enumerate(values, 1))
    return f"{{{members}}}"


def _zip(call: TypedCall) -> str:
    return checked(
        call,
        lambda a: (
            f"list_transform(range(1, greatest({', '.join(f'len({x})' for x in a)}) + 1), "
            f"lambda i_: {_row_of(a, 'i_')})"
        ),
    )


def _zip_with(call: TypedCall) -> str:
    return once(
        [call[0], call[1]],
        lambda a: (
            f"CASE WHEN {a[0]} IS NOT NULL AND {a[1]} IS NOT NULL THEN "
            f"list_transform(range(1, greatest(len({a[0]}), len({a[1]})) + 1), "
            f"lambda i_: {applied(call.arguments[2], f'{a[0]}[i_]', f'{a[1]}[i_]')}) END"
        ),
    )


def _matched(when: str, otherwise: str, expected: str) -> Callable[[TypedCall], str]:
    """any_match, all_match, none_match: a NULL of the condition only matters if no element determines the result."""

    def sql(call: TypedCall) -> str:
        return once(
            [f"list_transform({call[0]}, {call[1]})"],
            lambda a: (
                f"CASE WHEN {a[0]} IS NULL THEN NULL WHEN list_contains({a[0]}, {expected}) THEN {when} "
                f"WHEN list_count({a[0]}) < len({a[0]}) THEN NULL ELSE {otherwise} END"
            ),
        )

    return sql


def _reduce(call: TypedCall) -> str:
    """DuckDB's own reduction, whose state may have a different type from the elements."""
    state = call.type if call.arguments[3].type.members[0] == call.type else call.arguments[3].type.members[0]
    reduced = f"list_reduce({call[0]}, {call[2]}, CAST({call[1]} AS {state.physical}))"
    finished = applied(call.arguments[3], reduced)
    return once([call[0]], lambda a: f"CASE WHEN {a[0]} IS NULL THEN {null(call.type)} ELSE {finished} END")


def _ngrams(call: TypedCall) -> str:
    wrong = invalid("'N must be positive'", call.type)
    return checked(
        call,
        lambda a: (
            f"CASE WHEN {a[1]} <= 0 THEN {wrong} WHEN {a[1]} >= len({a[0]}) THEN [{a[0]}] ELSE "
            f"list_transform(range(1, len({a[0]}) - {a[1]} + 2), "
            f"lambda i_: list_slice({a[0]}, i_, i_ + {a[1]} - 1)) END"
        ),
    )


def _combined(call: TypedCall) -> str:
    return checked(
        call,
        lambda a: (
            f"list_transform(athena_combinations(len({a[0]}), {a[1]}), "
            f"lambda c_: list_transform(c_, lambda i_: {a[0]}[i_]))"
        ),
    )


def _python_combinations(count: int, size: int) -> list[list[int]]:
    if size < 0:
        raise TrinoError(INVALID, f"combination size must not be negative: {size}")
    if size > _MAX_COMBINATION:
        raise TrinoError(INVALID, f"combination size must not exceed {_MAX_COMBINATION}: {size}")
    # Trino's order is that of the last members.
    return sorted((list(chosen) for chosen in combinations(range(1, count + 1), size)), key=lambda chosen: chosen[::-1])


def _contains_sequence(call: TypedCall) -> str:
    return checked(
        call,
        lambda a: (
            f"CASE WHEN len({a[1]}) = 0 THEN true ELSE len(list_filter(range(1, len({a[0]}) - len({a[1]}) + 2), "
            f"lambda i_: list_slice({a[0]}, i_, i_ + len({a[1]}) - 1) IS NOT DISTINCT FROM {a[1]})) > 0 END"
        ),
    )


def _concat(call: TypedCall) -> str:
    parts = [
        call[i] if argument.type == call.type else f"CASE WHEN {call[i]} IS NOT NULL THEN [{call[i]}] END"
        for i, argument in enumerate(call.arguments)
    ]
    return f"({' || '.join(parts)})"


def _join(call: TypedCall) -> str:
    """Join the elements as CAST writes them; a NULL is omitted, or replaced by the third argument."""
    element = call.arguments[0].type.element
    if not castable(element, VARCHAR) or element.fields:
        raise StatementError("OPERATOR_NOT_FOUND", f"Cannot cast {element.athena} to varchar")
    text = cast_sql("joined", element, VARCHAR)
    if len(call) == 3:
        text = f"coalesce({text}, {call[2]})"
    return f"athena_joined(list_transform({call[0]}, lambda joined: {text}), {call[1]})"


FUNCTIONS = (
    entry("cardinality(array(T)) -> bigint", "CAST(len({0}) AS BIGINT)", "cardinality(ARRAY[1, NULL])", "2"),
    entry("array_distinct(array(C)) -> array(C)", _distinct, "array_distinct(ARRAY[3, NULL, 1, 3])", "[3, null, 1]"),
    entry("array_union(array(C), array(C)) -> array(C)", _union, "array_union(ARRAY[3, 1], ARRAY[2, 1])", "[3, 1, 2]"),
    entry(
        "array_intersect(array(C), array(C)) -> array(C)",
        _intersect,
        "array_intersect(ARRAY[3, 1], ARRAY[1, 2, 3])",
        "[1, 3]",
    ),
    entry("array_except(array(C), array(C)) -> array(C)", _except, "array_except(ARRAY[3, 1, 3], ARRAY[1])", "[3]"),
    entry(
        "arrays_overlap(array(C), array(C)) -> boolean",
        _overlap,
        "arrays_overlap(ARRAY[1, NULL], ARRAY[2])",
        None,
        keyed=True,
    ),
    entry("contains(array(C), C) -> boolean", _contains, "contains(ARRAY[1, NULL], 2)", None, keyed=True),
    entry("array_position(array(C), C) -> bigint", _position, "array_position(ARRAY['a', 'b'], 'b')", "2", keyed=True),
    entry(
        "array_join(array(T), varchar) -> varchar; array_join(array(T), varchar, varchar) -> varchar",
        _join,
        "array_join(ARRAY[1, NULL, 3], '-', 'x')",
        "1-x-3",
    ),
    entry("array_remove(array(C), C) -> array(C)", _remove, "array_remove(ARRAY[1, NULL, 2], 1)", "[null, 2]"),
    entry("<T: orderable> array_max(array(T)) -> T", _extreme("list_max"), "array_max(ARRAY[1, NULL])", None),
    entry("<T: orderable> array_min(array(T)) -> T", _extreme("list_min"), "array_min(ARRAY['b', 'a'])", "a"),
    entry("<T: orderable> array_sort(array(T)) -> array(T)", _sort, "array_sort(ARRAY[3, NULL, 1])", "[1, 3, null]"),
    entry(
        "array_sort(array(T), function(T, T, integer)) -> array(T)",
        _sort,
        "array_sort(ARRAY[3, 1, 2], (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))",
        "[3, 2, 1]",
    ),
    entry("slice(array(T), bigint, bigint) -> array(T)", _slice, "slice(ARRAY[1, 2, 3], -2, 2)", "[2, 3]"),
    entry("repeat(T, integer) -> array(T)", _repeat, "repeat('a', 2)", "[a, a]"),
    entry("reverse(array(T)) -> array(T)", "list_reverse", "reverse(ARRAY[1, 2])", "[2, 1]"),
    entry("trim_array(array(T), bigint) -> array(T)", _trim, "trim_array(ARRAY[1, 2, 3], 1)", "[1, 2]"),
    entry("element_at(array(T), bigint) -> T", _element_at, "element_at(ARRAY['a', 'b'], -1)", "b"),
    entry(
        "filter(array(T), function(T, boolean)) -> array(T)",
        "list_filter",
        "filter(ARRAY[1, NULL, 3], x -> x > 1)",
        "[3]",
    ),
    entry(
        "transform(array(T), function(T, U)) -> array(U)",
        "list_transform",
        "transform(ARRAY[1, 2], x -> x * 2)",
        "[2, 4]",
    ),
    entry(
        "reduce(array(T), S, function(S, T, S), function(S, R)) -> R",
        _reduce,
        "reduce(ARRAY[5, 20, 50], 0e0, (s, x) -> s + x, s -> s / 3)",
        "25.0",
    ),
    entry(
        "any_match(array(T), function(T, boolean)) -> boolean",
        _matched("true", "false", "true"),
        "any_match(ARRAY[1, NULL], x -> x > 1)",
        None,
    ),
    entry(
        "all_match(array(T), function(T, boolean)) -> boolean",
        _matched("false", "true", "false"),
        "all_match(ARRAY[1, 2], x -> x > 0)",
        "true",
    ),
    entry(
        "none_match(array(T), function(T, boolean)) -> boolean",
        _matched("false", "true", "true"),
        "none_match(ARRAY[1, 2], x -> x > 5)",
        "true",
    ),
    *(
        entry(
            f"zip({', '.join(f'array({name})' for name in names)}) -> array(row({', '.join(names)}))",
            _zip,
            f"zip({', '.join(f'ARRAY[{i}]' for i in range(len(names)))})",
            f"[{{{', '.join(f'field{i}={i}' for i in range(len(names)))}}}]",
        )
        for names in ("AB", "ABC", "ABCD", "ABCDE")
    ),
    entry(
        "zip_with(array(T), array(U), function(T, U, R)) -> array(R)",
        _zip_with,
        "zip_with(ARRAY[1, 2], ARRAY[5], (x, y) -> x + coalesce(y, 0))",
        "[6, 2]",
    ),
    entry("flatten(array(array(T))) -> array(T)", "flatten", "flatten(ARRAY[ARRAY[1], NULL, ARRAY[2]])", "[1, 2]"),
    entry(
        "ngrams(array(T), integer) -> array(array(T))", _ngrams, "ngrams(ARRAY['a', 'b', 'c'], 2)", "[[a, b], [b, c]]"
    ),
    entry(
        "combinations(array(T), integer) -> array(array(T))",
        _combined,
        "combinations(ARRAY['a', 'b', 'c'], 2)",
        "[[a, b], [a, c], [b, c]]",
    ),
    entry(
        "contains_sequence(array(C), array(C)) -> boolean",
        _contains_sequence,
        "contains_sequence(ARRAY[1, 2, 3], ARRAY[2, 3])",
        "true",
    ),
    entry(
        "concat(array(E)...) -> array(E); concat(array(E), E) -> array(E); concat(E, array(E)) -> array(E)",
        _concat,
        "concat(ARRAY[1], ARRAY[2, NULL])",
        "[1, 2, null]",
    ),
    entry(
        "shuffle(array(T)) -> array(T)",
        "list_transform(list_sort(list_transform({0}, lambda e_: {{'order': random(), 'value': e_}})), "
        "lambda e_: e_.value)",
        "shuffle(ARRAY[1])",
        "[1]",
        deterministic=False,
    ),
)
MACROS = (
    # DuckDB's array_to_string of NULLs alone is NULL.
    """athena_joined(texts, separator) AS coalesce(array_to_string(texts, separator),
        CASE WHEN texts IS NOT NULL AND separator IS NOT NULL THEN '' END)""",
)
NATIVES = (
    Native("athena_combinations", _python_combinations, ("BIGINT", "BIGINT"), "BIGINT[][]"),
    *comparing.NATIVES,
)
