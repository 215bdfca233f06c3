"""Subscripts: array[i], map[key], row[i]. Source: trino 435, ArraySubscriptOperator, MapSubscriptOperator."""

from __future__ import annotations

from sandbox.athena import types as t
from sandbox.athena.coercions import can_coerce, common_type
from sandbox.athena.conversions import cast, castable, coerce
from sandbox.athena.errors import StatementError
from sandbox.athena.types import INTEGERS
from sandbox.athena.values import Value, fail, let


def subscript(base: Value, index: Value) -> Value | None:
    """The element of an array, the value of a map's key, or a member of a row; None for other types."""
    if base.type.name == "array" and can_coerce(index.type, t.BIGINT):
        return _element(base, coerce(index, t.BIGINT))
    if base.type.name == "map":
        # subscript(map(K, V), K): the map and the key are converted to one type, as a function's arguments are.
        key = common_type(base.type.key, index.type)
        return None if key is None else _entry(coerce(base, t.map_of(key, base.type.value)), coerce(index, key))
    return _member(base, index) if base.type.name == "row" and index.type != t.BIGINT else None


def _member(base: Value, index: Value) -> Value:
    place = index.constant
    if not isinstance(place, int) or index.type.name not in INTEGERS:
        raise StatementError("EXPRESSION_NOT_CONSTANT", "Subscript expression on ROW requires a constant index")
    if place < 1:
        message = f"Invalid subscript index: {place}. ROW indices start at 1"
        raise StatementError("INVALID_FUNCTION_ARGUMENT", message)
    if place > len(base.type.members):
        message = f"Subscript index out of bounds: {place}, max value is {len(base.type.members)}"
        raise StatementError("INVALID_FUNCTION_ARGUMENT", message)
    return Value(base.type.members[place - 1], f"struct_extract({base.sql}, 'f{place}')")


def _element(base: Value, index: Value) -> Value:
    element = base.type.element
    name = "INVALID_FUNCTION_ARGUMENT"
    zero = fail(name, "'SQL array indices start at 1'", element)
    negative = fail(name, "'Array subscript is negative: ' || __i", element)
    beyond = fail(
        name, "'Array subscript must be less than or equal to array length: ' || __i || ' > ' || len(__a)", element
    )
    body = (
        f"CASE WHEN __i = 0 THEN {zero} WHEN __i < 0 THEN {negative} WHEN __i > len(__a) THEN {beyond}"
        " ELSE __a[__i] END"
    )
    return Value(element, let("__a", base.sql, let("__i", index.sql, body)))


def _entry(base: Value, key: Value) -> Value:
    text = "'Key not present in map'"
    if castable(key.type, t.VARCHAR):
        written = cast(Value(key.type, "__k"), t.VARCHAR).sql
        text = f"'Key not present in map: ' || {written}"
    missing = fail("INVALID_FUNCTION_ARGUMENT", text, base.type.value)
    body = (
        f"CASE WHEN __m IS NULL OR __k IS NULL THEN NULL WHEN map_contains(__m, __k) THEN __m[__k] ELSE {missing} END"
    )
    return Value(base.type.value, let("__m", base.sql, let("__k", key.sql, body)))
