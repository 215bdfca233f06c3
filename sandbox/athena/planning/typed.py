"""Conversion of values between Trino's types and DuckDB's."""

from __future__ import annotations

from sandbox.athena import types as t
from sandbox.athena.conversions import cast
from sandbox.athena.errors import StatementError
from sandbox.athena.planning import literals
from sandbox.athena.types import Type
from sandbox.athena.values import Value


def null_typed(value: Value) -> str:
    """A value's SQL; a bare NULL has a DuckDB type."""
    return f"CAST(NULL AS {value.type.physical})" if value.type.name == "unknown" else value.sql


def coerce_text(value: Value) -> Value:
    """A text as varchar: char values are padded."""
    return cast(value, t.VARCHAR) if value.type.name != "varchar" else value


def supported(type_: Type) -> None:
    """Refuse a type whose values the sandbox's Athena lacks."""
    if type_.name == "time with time zone":
        raise StatementError("NOT_SUPPORTED", "The sandbox's Athena has no TIME WITH TIME ZONE")
    if type_.name.startswith("time") and type_.precision > literals.MAX_MICROSECONDS:
        raise StatementError("NOT_SUPPORTED", f"The sandbox's Athena has microseconds only: {type_.athena}")
    for member in type_.members:
        supported(member)
