"""The lookup of tables for operations."""

from __future__ import annotations

import re
from typing import Protocol

from sandbox.dynamodb.errors import invalid, table_not_found
from sandbox.dynamodb.table import StoredTable

_PATTERN = re.compile(r"[a-zA-Z0-9_.-]+", re.ASCII)
_ARN = re.compile(r"arn:[^:]+:dynamodb:[^:]*:[^:]*:table/(?P<name>[^/]+)")
_MAX_NAME = 255


class Tables(Protocol):
    """The tables of an account in a region."""

    def get(self, name: str, /) -> StoredTable | None:
        """The table with a name; None if absent."""
        ...


def lookup(tables: Tables, given: str) -> StoredTable | None:
    """The table that a request names, by its name or ARN; None if absent.

    Raises:
        DynamoError: it is not a valid table name.
    """
    table = tables.get(given)
    if table is not None:
        return table
    arn = _ARN.fullmatch(given)
    if arn is not None:
        return tables.get(arn["name"])
    wrong = name_violation(given)
    if wrong is not None:
        raise invalid(
            f"1 validation error detected: Value '{given}' at 'tableName' failed to satisfy constraint: {wrong}"
        )
    return None


def name_violation(given: str) -> str | None:
    """The constraint that a table name violates; None if it is valid."""
    if not given:
        return "Member must have length greater than or equal to 1"
    if len(given) > _MAX_NAME:
        return f"Member must have length less than or equal to {_MAX_NAME}"
    if _PATTERN.fullmatch(given) is None:
        return f"Member must satisfy regular expression pattern: {_PATTERN.pattern}"
    return None


def found(table: StoredTable | None) -> StoredTable:
    """Require a table; raises DynamoError if it is absent."""
    if table is None:
        raise table_not_found()
    return table
