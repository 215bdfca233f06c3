"""Columns of the Glue catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.athena.errors import StatementError
from sandbox.athena.types import Type, parse


@dataclass(frozen=True)
class TypedColumn:
    """A column: its name in lower case, its type, its comment."""

    name: str
    type: Type
    comment: str = ""


def columns_of(table: str, columns: Iterable[Mapping[str, str]]) -> tuple[TypedColumn, ...]:
    """Columns from Glue's description; raises StatementError for a type that Athena lacks."""
    result: list[TypedColumn] = []
    for column in columns:
        try:
            type_ = parse(column.get("Type") or "string")
        except ValueError as error:
            message = f"Column {column['Name']} of table {table}: {error}"
            raise StatementError("HIVE_INVALID_METADATA", message) from error
        result.append(TypedColumn(column["Name"].lower(), type_, column.get("Comment") or ""))
    return tuple(result)


def named(columns: Sequence[TypedColumn]) -> list[TypedColumn]:
    """A query's columns for a table or a view, in which each requires a name and a type. Names are in lower case.

    Trino's core/trino-main/.../sql/analyzer/StatementAnalyzer.java, validateColumns.
    """
    for position, column in enumerate(columns, 1):
        if re.fullmatch(r"_col\d+", column.name):
            raise StatementError("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {position}")
        if column.type.name == "unknown":
            raise StatementError("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown at position {position}")
    lowered = [TypedColumn(column.name.lower(), column.type) for column in columns]
    names = [column.name for column in lowered]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise StatementError("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{repeated}' specified more than once")
    return lowered
