"""Conversion between stored columns and a query's values, which have rows by position and unpadded chars."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.athena.columns import TypedColumn
from sandbox.athena.conversions import cast
from sandbox.athena.sql import identifier, select
from sandbox.athena.types import Type
from sandbox.athena.values import Value, let

_ZONED = "timestamp with time zone"
"""Stored as an instant, which is read in UTC; a query's value also has its zone."""


def physical(sql: str, type_: Type, depth: int = 0) -> str:
    """SQL for a stored value as `type_.physical`."""
    if type_.name == "char":
        return f"rtrim({sql}, ' ')"
    if type_.name == _ZONED:
        return f"athena_at_zone(timezone('UTC', {sql}), 'UTC')"
    if not _differs(type_):
        return sql
    item = f"s{depth}"
    if type_.name == "array":
        return f"list_transform({sql}, lambda {item}: {physical(item, type_.element, depth + 1)})"
    if type_.name == "map":
        keys = f"list_transform(map_keys({item}), lambda k{depth}: {physical(f'k{depth}', type_.key, depth + 1)})"
        values = f"list_transform(map_values({item}), lambda k{depth}: {physical(f'k{depth}', type_.value, depth + 1)})"
        return let(item, sql, f"CASE WHEN {item} IS NOT NULL THEN map({keys}, {values}) END")
    members = ", ".join(
        f"f{i} := {physical(f'struct_extract({item}, {_text(name)})', member, depth + 1)}"
        for i, (name, member) in enumerate(type_.fields, 1)
    )
    return let(item, sql, f"CASE WHEN {item} IS NOT NULL THEN struct_pack({members}) END")


def rows_of(
    sql: str, found: Sequence[TypedColumn], filled: Sequence[TypedColumn], columns: Sequence[TypedColumn]
) -> str:
    """SQL for a query's rows as a table's, by name and type of its columns; NULL in those that are not `filled`.

    `found` are the query's own columns, one for each that it fills.
    """
    names = [f"c{i}" for i in range(len(filled))]
    values = [Value(column.type, name) for column, name in zip(found, names, strict=True)]
    by_name = {column.name: stored(value, column.type) for column, value in zip(filled, values, strict=True)}
    selected = [
        f"{by_name.get(column.name) or f'CAST(NULL AS {column.type.duckdb})'} AS {identifier(column.name)}"
        for column in columns
    ]
    return select(selected, f"({sql}) AS r({', '.join(names)})")


def stored(value: Value, type_: Type) -> str:
    """SQL for a query's value as a column's, converted to its type."""
    return from_value(cast(value, type_).sql, type_)


def from_value(sql: str, type_: Type, depth: int = 0) -> str:
    """SQL for a value as a stored one, of DuckDB's type `type_.duckdb`."""
    if type_.name == "char":
        return f"rpad({sql}, {type_.arguments[0]}, ' ')"
    if type_.name == _ZONED:
        return f"timezone('UTC', struct_extract({sql}, 'instant'))"
    if not _differs(type_):
        return sql
    item = f"s{depth}"
    if type_.name == "array":
        return f"list_transform({sql}, lambda {item}: {from_value(item, type_.element, depth + 1)})"
    if type_.name == "map":
        keys = f"list_transform(map_keys({item}), lambda k{depth}: {from_value(f'k{depth}', type_.key, depth + 1)})"
        value = from_value(f"k{depth}", type_.value, depth + 1)
        values = f"list_transform(map_values({item}), lambda k{depth}: {value})"
        return let(item, sql, f"CASE WHEN {item} IS NOT NULL THEN map({keys}, {values}) END")
    members = ", ".join(
        f"{identifier(name)} := {from_value(f'struct_extract({item}, {_text(member)})', type_of_member, depth + 1)}"
        for member, (name, type_of_member) in zip(_positions(type_), type_.fields, strict=True)
    )
    return let(item, sql, f"CASE WHEN {item} IS NOT NULL THEN struct_pack({members}) END")


def _positions(type_: Type) -> list[str]:
    return [f"f{i}" for i in range(1, len(type_.fields) + 1)]


def _text(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _differs(type_: Type) -> bool:
    return type_.name in {"row", "char", _ZONED} or any(_differs(member) for member in type_.members)
