"""Conversions between Trino's types, in DuckDB's SQL: implicit ones (`coerce`), casts, and the text of a result.

No conversion is DuckDB's own: each pair of types has its rule here, and a pair without a rule cannot be cast.
"""

from __future__ import annotations

from sandbox.athena.conversions import addresses, json_values, moments, numbers, texts
from sandbox.athena.conversions.casting import cast_sql, castable, spelled_json_sql
from sandbox.athena.types import INTEGERS, Type
from sandbox.athena.values import NOT_CONSTANT, Value, attempt, null

MACROS = (*numbers.MACROS, *moments.MACROS, *texts.MACROS)
NATIVES = (*addresses.NATIVES, *json_values.NATIVES, *texts.NATIVES)


def coerce(value: Value, target: Type) -> Value:
    """Return a value implicitly converted to a type that it can be coerced to."""
    if value.type == target:
        return value
    if value.type.name == "unknown":
        return Value(target, null(target), value.constant)
    of_integers = {value.type.name, target.name} <= INTEGERS.keys()
    if of_integers and isinstance(value.constant, int):
        return Value(target, f"CAST({value.constant} AS {target.physical})", value.constant)
    keeps = of_integers or value.type.name == target.name == "varchar"
    return Value(target, cast_sql(value.sql, value.type, target), value.constant if keeps else NOT_CONSTANT)


def cast(value: Value, target: Type, *, safe: bool = False) -> Value:
    """Return CAST or TRY_CAST of a value; the types must be `castable`."""
    if value.type.name == "unknown":
        return Value(target, null(target))
    plain = _plain(value, target)
    if plain is not None:
        return plain
    if not safe:
        return Value(target, cast_sql(value.sql, value.type, target))
    return Value(target, attempt("tried", value.sql, cast_sql("tried", value.type, target)))


def _plain(value: Value, target: Type) -> Value | None:
    """A literal text that is a number of the type, cast by DuckDB itself; None for any other value."""
    if isinstance(value.constant, str) and value.type.name == "varchar" and numbers.is_number(value.constant, target):
        return Value(target, f"CAST({value.sql} AS {target.physical})")
    return None


__all__ = ["MACROS", "NATIVES", "cast", "castable", "coerce", "spelled_json_sql", "texts"]
