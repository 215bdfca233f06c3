"""Arithmetic, comparisons and || on typed values.

Every operand is converted to the operator's type in SQL, and the SQL is explicit where DuckDB differs: NaN in
comparisons, NULL inside rows and arrays, decimal division. Sources: trino 435, io.trino.type.DecimalOperators,
DateTimeOperators, io.trino.operator.scalar.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

from sandbox.athena import types as t
from sandbox.athena.coercions import as_decimal, common_type
from sandbox.athena.conversions import coerce, moments
from sandbox.athena.conversions.numbers import unscaled
from sandbox.athena.errors import StatementError
from sandbox.athena.functions.equality import equality_key
from sandbox.athena.functions.signature import has_trait
from sandbox.athena.native import Native, TrinoError
from sandbox.athena.types import INTEGERS, Type
from sandbox.athena.values import Value, fail, let

MACROS = (
    # A quotient rounded half away from zero.
    """athena_rounded_quotient(n, d) AS (n // d) + CASE WHEN 2 * (abs(n) % abs(d)) >= abs(d)
        THEN CASE WHEN (n < 0) = (d < 0) THEN 1 ELSE -1 END ELSE 0 END""",
)


def _divide(left: str, right: str, scale: int) -> str:
    """A quotient of decimals too long for DuckDB's integers; `left` and `right` are their texts."""
    divisor = Decimal(right)
    if not divisor:
        raise TrinoError("DIVISION_BY_ZERO", "Division by zero")
    with localcontext() as context:
        context.prec = 120
        quotient = (Decimal(left) / divisor).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if len(quotient.as_tuple().digits) > _WIDE:
        raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return f"{quotient:f}"


def _like(text: str, pattern: str, escape: str) -> bool:
    """LIKE with an escape character."""
    if len(escape) != 1:
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", "Escape string must be a single character")
    expression, letters = "", iter(pattern)
    for letter in letters:
        if letter == escape:
            following = next(letters, "")
            if following not in {"%", "_", escape} or not following:
                message = "Escape character must be followed by '%', '_' or the escape character itself"
                raise TrinoError("INVALID_FUNCTION_ARGUMENT", message)
            expression += re.escape(following)
        else:
            expression += {"%": ".*", "_": "."}.get(letter, re.escape(letter))
    return re.fullmatch(expression, text, re.DOTALL) is not None


NATIVES = (
    Native("athena_divide", _divide, ("VARCHAR", "VARCHAR", "INTEGER"), "VARCHAR"),
    Native("athena_like", _like, ("VARCHAR", "VARCHAR", "VARCHAR"), "BOOLEAN"),
)
_FLOATS = {"double", "real"}
WITH_PLUS = frozenset({*INTEGERS, *_FLOATS})
"""The types that may have a plus sign before them."""
_INTERVALS = frozenset({"interval day to second", "interval year to month"})
_MOMENTS = frozenset({"timestamp", "timestamp with time zone"})
_AMBIGUOUS = {
    "+": (_MOMENTS | _INTERVALS, _MOMENTS | _INTERVALS),
    "-": (_INTERVALS, _MOMENTS | {"time"}),
    "*": (frozenset({"bigint", "double"}), frozenset({"bigint", "double"})),
    "/": (frozenset({"double"}), frozenset[str]()),
}
"""The types beside a NULL on the left or on the right for which Trino finds several operators: asked of Trino 435."""
_LITERAL = re.compile(r"'(?:[^']|'')*'|NULL|true|false", re.IGNORECASE)
_DAY_MS = 86400000
_SAFE_DIGITS = 37
_WIDE = 38
_SHORT = 18


def arithmetic(operator: str, left: Value, right: Value) -> Value | None:
    """left + - * / % right; None if Trino lacks the operator for the types."""
    if left.type.name == "unknown" and right.type.name == "unknown":
        return Value(Type("tinyint"), "CAST(NULL AS TINYINT)") if operator == "%" else None
    if left.type.name == "unknown":
        left = coerce(left, _beside_null(operator, right.type, is_left=True))
    elif right.type.name == "unknown":
        right = coerce(right, _beside_null(operator, left.type, is_left=False))
    common = common_type(left.type, right.type)
    if common is not None and common.name in INTEGERS:
        return _integers(operator, coerce(left, common), coerce(right, common))
    if common is not None and common.name in _FLOATS:
        return _floats(operator, coerce(left, common), coerce(right, common))
    if common is not None and common.name == "decimal":
        return _decimals(operator, left, right)
    return _moments(operator, left, right)


def is_ambiguous(operator: str, left: Value, right: Value) -> bool:
    """Whether arithmetic with NULL could be of several types."""
    a, b = left.type.name, right.type.name
    if a == b == "unknown":
        return operator != "%"
    beside_left, beside_right = _AMBIGUOUS.get(operator, (frozenset[str](), frozenset[str]()))
    return (a == "unknown" and b in beside_left) or (b == "unknown" and a in beside_right)


def _beside_null(operator: str, other: Type, *, is_left: bool) -> Type:
    """The type of a NULL in arithmetic: the other operand's, or what can be added to a date or multiply an interval."""
    if (operator == "+" and other.name in {"date", "time"}) or (
        operator == "-" and other.name == "date" and not is_left
    ):
        return t.DAY_TO_SECOND
    if other.name == "decimal":
        return t.decimal_of(1, 0)
    return t.BIGINT if operator in {"*", "/"} and other.name.startswith("interval") else other


def _integers(operator: str, left: Value, right: Value) -> Value:
    type_ = left.type
    if operator in {"/", "%"}:
        text = f"({left.sql} {'//' if operator == '/' else '%'} {right.sql})"
        return Value(type_, text)
    return Value(type_, f"({left.sql} {operator} {right.sql})")


def _floats(operator: str, left: Value, right: Value) -> Value:
    if operator == "%":
        # Not DuckDB's fmod, whose result has the divisor's sign.
        return Value(left.type, f"({left.sql} % {right.sql})")
    return Value(left.type, f"({left.sql} {operator} {right.sql})")


def _decimals(operator: str, left: Value, right: Value) -> Value:
    (p1, s1), (p2, s2) = as_decimal(left.type) or (0, 0), as_decimal(right.type) or (0, 0)
    left, right = coerce(left, t.decimal_of(p1, s1)), coerce(right, t.decimal_of(p2, s2))
    scale = max(s1, s2)
    if operator in {"+", "-"}:
        type_ = t.decimal_of(min(_WIDE, max(p1 - s1, p2 - s2) + scale + 1), scale)
        a, b = (f"CAST({value.sql} AS {type_.physical})" for value in (left, right))
        return Value(type_, f"CAST({a} {operator} {b} AS {type_.physical})")
    if operator == "*":
        if s1 + s2 > _WIDE:
            message = f"DECIMAL scale must be in range [0, precision (38)]: {s1 + s2}"
            raise StatementError("INVALID_FUNCTION_ARGUMENT", message)
        type_ = t.decimal_of(min(_WIDE, p1 + p2), s1 + s2)
        # DuckDB multiplies two decimals of up to 18 digits in 64 bits, whatever the product's length.
        wide = f"CAST({left.sql} AS DECIMAL(38, {s1}))" if p1 + p2 > _SHORT else left.sql
        return Value(type_, f"CAST({wide} * {right.sql} AS {type_.physical})")
    if operator == "/":
        type_ = t.decimal_of(min(_WIDE, p1 + s2 + max(0, s2 - s1)), scale)
        return Value(type_, divided(left, right, type_))
    type_ = t.decimal_of(min(p2 - s2, p1 - s1) + scale, scale)
    wide = f"DECIMAL({min(_WIDE, max(p1 - s1, p2 - s2) + scale)}, {scale})"
    return Value(type_, f"CAST(CAST({left.sql} AS {wide}) % CAST({right.sql} AS {wide}) AS {type_.physical})")


def divided(left: Value, right: Value, type_: Type) -> str:
    """The quotient of two decimals, rounded half up at the result's scale, which is at least the dividend's."""
    (p1, s1), (_, s2) = left.type.decimal, right.type.decimal
    shift = type_.decimal[1] - s1 + s2
    if shift >= _WIDE:
        overflow = fail("NUMERIC_VALUE_OUT_OF_RANGE", "'Decimal overflow'", type_)
        return f"CASE WHEN {left.sql} IS NOT NULL AND {right.sql} IS NOT NULL THEN {overflow} END"
    if p1 + shift > _SAFE_DIGITS:
        texts = f"CAST({left.sql} AS VARCHAR), CAST({right.sql} AS VARCHAR)"
        return f"CAST(athena_divide({texts}, {type_.decimal[1]}) AS {type_.physical})"
    factor = f" * CAST({10**shift} AS HUGEINT)" if shift else ""
    dividend, divisor = unscaled(left.sql, left.type) + factor, unscaled(right.sql, right.type)
    return scaled(f"athena_rounded_quotient({dividend}, {divisor})", type_)


def scaled(digits: str, type_: Type) -> str:
    """A decimal from its digits, a HUGEINT: 150 is 1.50."""
    precision, scale = type_.decimal
    if scale == 0:
        return f"CAST({digits} AS DECIMAL({precision}, 0))"
    unit = f"CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale}, {scale}))"
    return f"CAST(CAST({digits} AS DECIMAL(38, 0)) * {unit} AS {type_.physical})"


def _moments(operator: str, left: Value, right: Value) -> Value | None:
    a, b = left.type.name, right.type.name
    if operator == "+" and a.startswith("interval") and not b.startswith("interval"):
        left, right, a, b = right, left, b, a
    if operator in {"+", "-"}:
        if a == b and a.startswith("interval"):
            return Value(left.type, f"({left.sql} {operator} {right.sql})")
        if b.startswith("interval"):
            return add_interval(left, right, negative=operator == "-")
        return _difference(left, right) if operator == "-" else None
    if operator == "*" and not a.startswith("interval"):
        left, right, a, b = right, left, b, a
    if operator in {"*", "/"} and a.startswith("interval") and b in {*INTEGERS, *_FLOATS, "decimal"}:
        return _scaled_interval(operator, left, right)
    return None


def _scaled_interval(operator: str, left: Value, right: Value) -> Value:
    physical = left.type.physical
    if right.type.name in INTEGERS and operator == "*":
        return Value(left.type, f"CAST({left.sql} * {right.sql} AS {physical})")
    number = coerce(right, t.DOUBLE) if right.type.name != "real" else right
    zero = fail("INVALID_FUNCTION_ARGUMENT", "'Cannot divide by double 0.0'", left.type)
    made = f"CAST(trunc({left.sql} {operator} {number.sql}) AS {physical})"
    return Value(left.type, f"CASE WHEN {number.sql} = 0 THEN {zero} ELSE {made} END" if operator == "/" else made)


def add_interval(moment: Value, interval: Value, *, negative: bool) -> Value | None:
    """A date, time or timestamp plus an interval, which is months or milliseconds of real time."""
    amount = f"(-{interval.sql})" if negative else interval.sql
    months = interval.type == t.YEAR_TO_MONTH
    match moment.type.name:
        case "date" if months:
            return Value(t.DATE, f"CAST({moment.sql} + to_months({amount}) AS DATE)")
        case "date":
            message = "'Cannot add hour, minutes or seconds to a date'"
            refused = fail("INVALID_FUNCTION_ARGUMENT", message, t.DATE)
            days = f"({moment.sql} + CAST({amount} // {_DAY_MS} AS INTEGER))"
            return Value(t.DATE, f"CASE WHEN {amount} % {_DAY_MS} <> 0 THEN {refused} ELSE {days} END")
        case "timestamp":
            return Value(_at_least_ms(moment.type, months=months), _added(moment.sql, amount, months=months))
        case "timestamp with time zone" if months:
            added = _added(moments.local(moment.sql), amount, months=True)
            return Value(moment.type, f"athena_zoned({added}, struct_extract({moment.sql}, 'zone'))")
        case "timestamp with time zone":
            added = _added(f"struct_extract({moment.sql}, 'instant')", amount, months=False)
            type_ = _at_least_ms(moment.type, months=False)
            return Value(type_, f"athena_at_zone({added}, struct_extract({moment.sql}, 'zone'))")
        case "time" if not months:
            day_us = _DAY_MS * 1000
            us = f"((epoch_us({moment.sql}) + {amount} % {_DAY_MS} * 1000 + {day_us}) % {day_us})"
            type_ = t.time_of(max(moment.type.precision, 3))
            return Value(type_, f"CAST(TIMESTAMP '1970-01-01' + to_microseconds({us}) AS TIME)")
        case _:
            return None


def _at_least_ms(type_: Type, *, months: bool) -> Type:
    precision = type_.precision if months else max(type_.precision, 3)
    return t.timestamp_of(precision, zoned=type_.name != "timestamp")


def _added(sql: str, amount: str, *, months: bool) -> str:
    return f"({sql} + to_months({amount}))" if months else f"({sql} + to_microseconds({amount} * 1000))"


def _difference(left: Value, right: Value) -> Value | None:
    common = common_type(left.type, right.type)
    if common is None or common.name not in {"date", "timestamp", "timestamp with time zone", "time"}:
        return None
    left, right = coerce(left, common), coerce(right, common)
    if common.name == "date":
        return Value(t.DAY_TO_SECOND, f"(CAST({left.sql} - {right.sql} AS BIGINT) * {_DAY_MS})")
    us = [f"epoch_us({_comparable(value)})" for value in (left, right)]
    return Value(t.DAY_TO_SECOND, f"CAST(round(({us[0]} - {us[1]}) / 1000) AS BIGINT)")


def negated(value: Value) -> Value | None:
    """-value; None if Trino lacks the operator for the type."""
    name = value.type.name
    if name in {*INTEGERS, *_FLOATS, "decimal"} or name.startswith("interval"):
        return Value(value.type, f"CAST(-{value.sql} AS {value.type.physical})")
    return None


def _comparable(value: Value) -> str:
    is_zoned = value.type.name == "timestamp with time zone"
    return f"CAST(struct_extract({value.sql}, 'instant') AS TIMESTAMP)" if is_zoned else value.sql


def compare(operator: str, left: Value, right: Value) -> Value | None:
    """left = <> < <= > >= right, or IS DISTINCT FROM; None if Trino does not compare the types."""
    common = common_type(left.type, right.type)
    equality = operator in {"=", "<>", "IS DISTINCT FROM"}
    if common is None or not has_trait(common, "comparable" if equality else "orderable"):
        return None
    left, right = coerce(left, common), coerce(right, common)
    if operator == "IS DISTINCT FROM":
        return Value(t.BOOLEAN, f"({group_key(left)} IS DISTINCT FROM {group_key(right)})")
    return Value(t.BOOLEAN, _compared(operator, left, right))


def _compared(operator: str, left: Value, right: Value) -> str:
    type_ = left.type
    a, b = _comparable(left), _comparable(right)
    plain = f"({a} {operator} {b})"
    if type_.name in _FLOATS:
        return _with_nan(operator, left, right)
    if type_.name == "row":
        return _rows(operator, left, right)
    if type_.name == "array":
        if operator not in {"=", "<>"}:
            return _ordered_arrays(operator, left, right)
        equal = _arrays(left, right)
        return equal if operator == "=" else f"(NOT {equal})"
    if type_.name == "map":
        equal = _maps(left, right)
        return equal if operator == "=" else f"(NOT {equal})"
    return plain


def _with_nan(operator: str, left: Value, right: Value) -> str:
    """A comparison with NaN, which equals nothing and is neither less nor greater; in DuckDB it is the greatest."""
    plain = f"({left.sql} {operator} {right.sql})"
    finite_left, finite_right = (isinstance(value.constant, float) for value in (left, right))
    if operator in {"=", ">", ">="}:
        checked, known = left.sql, finite_left or (operator == "=" and finite_right)
        return plain if known else f"({plain} AND NOT isnan({checked}))"
    if operator == "<>":
        return plain if finite_left or finite_right else f"({plain} OR isnan({left.sql}))"
    return plain if finite_right else f"({plain} AND NOT isnan({right.sql}))"


def _rows(operator: str, left: Value, right: Value) -> str:
    """A comparison member by member: a NULL inside makes = and <> unknown; < and the like fail where they reach it."""
    pairs = [
        (Value(type_, f"struct_extract(__l, 'f{i}')"), Value(type_, f"struct_extract(__r, 'f{i}')"))
        for i, type_ in enumerate(left.type.members, 1)
    ]
    if operator in {"=", "<>"}:
        equal = " AND ".join(_compared("=", a, b) for a, b in pairs)
        body = f"({equal})" if operator == "=" else f"(NOT ({equal}))"
    else:
        refused = fail("NOT_SUPPORTED", "'ROW comparison not supported for fields with null elements'", t.BOOLEAN)
        body = ""
        for a, b in reversed(pairs):
            first, same = (_in_order(o, a, b) for o in (operator[0] if body else operator, "="))
            last = f"WHEN {first} THEN true WHEN {same} THEN {body} ELSE false" if body else ""
            body = f"CASE WHEN {a.sql} IS NULL OR {b.sql} IS NULL THEN {refused} {last or f'ELSE {first}'} END"
    body = f"CASE WHEN __l IS NOT NULL AND __r IS NOT NULL THEN {body} END"
    return let("__l", left.sql, let("__r", right.sql, body))


def _in_order(operator: str, left: Value, right: Value) -> str:
    """A comparison of members for a row's order, in which NaN is the greatest number, as in DuckDB."""
    return f"({left.sql} {operator} {right.sql})" if left.type.name in _FLOATS else _compared(operator, left, right)


def _arrays(left: Value, right: Value) -> str:
    element = left.type.element
    equal = _compared("=", Value(element, "__z[1]"), Value(element, "__z[2]"))
    body = (
        "CASE WHEN __a IS NULL OR __b IS NULL THEN NULL WHEN len(__a) <> len(__b) THEN false ELSE "
        + let("__q", f"list_transform(list_zip(__a, __b), lambda __z: {equal})", _all_true("__q"))
        + " END"
    )
    return let("__a", left.sql, let("__b", right.sql, body))


def _ordered_arrays(operator: str, left: Value, right: Value) -> str:
    """An order of arrays, which fails if the first pair of elements that are not equal has a NULL."""
    a, b = (_comparable(Value(left.type, name)) for name in ("__a", "__b"))
    refused = fail("NOT_SUPPORTED", "'ARRAY comparison not supported for arrays with null elements'", t.BOOLEAN)
    pairs = "list_zip(__a, __b, true)"
    decisive = f"list_filter({pairs}, lambda __z: __z[1] IS NULL OR __z[1] IS DISTINCT FROM __z[2])[1]"
    unknown = let("__f", decisive, "__f IS NOT NULL AND (__f[1] IS NULL OR __f[2] IS NULL)")
    some = "list_count(__a) < len(__a) OR list_count(__b) < len(__b)"
    body = f"CASE WHEN ({some}) AND {unknown} THEN {refused} ELSE {a} {operator} {b} END"
    return let("__a", left.sql, let("__b", right.sql, body))


def _maps(left: Value, right: Value) -> str:
    equal = _compared("=", Value(left.type.value, "__e.value"), Value(left.type.value, "__b[__e.key]"))
    body = (
        "CASE WHEN __a IS NULL OR __b IS NULL THEN NULL WHEN cardinality(__a) <> cardinality(__b)"
        " OR NOT list_has_all(map_keys(__a), map_keys(__b)) THEN false ELSE "
        + let("__q", f"list_transform(map_entries(__a), lambda __e: {equal})", _all_true("__q"))
        + " END"
    )
    return let("__a", left.sql, let("__b", right.sql, body))


def _all_true(results: str) -> str:
    return (
        f"CASE WHEN list_contains({results}, false) THEN false"
        f" WHEN len(list_filter({results}, lambda __x: __x IS NULL)) > 0 THEN NULL ELSE true END"
    )


def group_key(value: Value) -> str:
    """The part of a value that GROUP BY, DISTINCT, ORDER BY and joins compare."""
    return equality_key(value.sql, value.type)


def sort_key(value: Value) -> str:
    """As `group_key`, for ORDER BY outside of windows, where DuckDB refuses a bare literal."""
    key = group_key(value)
    return f"CAST({key} AS VARCHAR)" if _LITERAL.fullmatch(key) else key


def distinct(row: Sequence[Value]) -> str:
    """DISTINCT of a SELECT with these columns; of equal values in several forms the first stays."""
    keys = [group_key(value) for value in row]
    is_plain = all(key == value.sql for key, value in zip(keys, row, strict=True))
    return "DISTINCT" if is_plain else f"DISTINCT ON ({', '.join(keys)})"
