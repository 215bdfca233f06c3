"""Equality of values that DuckDB holds in several forms: moments in different zones, maps in different orders."""

from __future__ import annotations

from sandbox.athena.errors import StatementError
from sandbox.athena.types import Type

_VARIANTS = frozenset({"timestamp with time zone", "map"})


def has_variants(type_: Type) -> bool:
    """Return whether equal values of a type, or values inside them, may have several forms."""
    return type_.name in _VARIANTS or any(has_variants(member) for member in type_.members)


def equality_key(sql: str, type_: Type) -> str:
    """SQL that has the same value for all forms of a value.

    Raises:
        StatementError: NOT_SUPPORTED, for forms inside a row, an array or a map.
    """
    if any(has_variants(member) for member in type_.members):
        message = f"The sandbox's Athena does not compare values of {type_.athena} in this place"
        raise StatementError("NOT_SUPPORTED", message)
    if type_.name == "timestamp with time zone":
        return f"CAST(struct_extract({sql}, 'instant') AS TIMESTAMP)"
    return f"list_sort(map_entries({sql}))" if type_.name == "map" else sql
