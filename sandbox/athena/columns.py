"""Columns of the Glue catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
