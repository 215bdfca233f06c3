"""Functions of Python and macros in a DuckDB connection.

DuckDB calls a Python function once a row, at about half a microsecond, so it is for what DuckDB's SQL cannot say:
Java's patterns, canonical JSON. Where it raises `TrinoError`, the query fails with Trino's error name, and TRY
gives NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from sandbox.athena.values import FAILURE


class TrinoError(Exception):
    """A run-time error with Trino's name, raised in a Python function."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{FAILURE}{name}: {message}")


@dataclass(frozen=True)
class Native:
    """A Python function for DuckDB: the types are DuckDB's, and without `takes_null` a NULL argument gives NULL.

    `deterministic` is false if equal arguments may have different results.
    """

    name: str
    call: Callable[..., Any]
    parameters: tuple[str, ...]
    result: str
    takes_null: bool = False
    deterministic: bool = True


def install(connection: duckdb.DuckDBPyConnection, macros: Iterable[str], natives: Iterable[Native]) -> None:
    """Create macros (each the text behind CREATE MACRO) and Python functions."""
    for native in natives:
        connection.create_function(  # pyright: ignore[reportUnknownMemberType] - its overloads lack type arguments
            native.name,
            native.call,
            [duckdb.dtype(text) for text in native.parameters],
            duckdb.dtype(native.result),
            null_handling=FunctionNullHandling.SPECIAL if native.takes_null else FunctionNullHandling.DEFAULT,
            side_effects=not native.deterministic,
        )
    for macro in macros:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
