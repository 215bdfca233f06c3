"""Python functions and macros in a DuckDB connection.

DuckDB calls a Python function once for each row, at about half a microsecond, so it is for what DuckDB's SQL cannot
express: Java's patterns, canonical JSON. If it raises `TrinoError`, the query fails with Trino's error name, and TRY
returns NULL. A refusal is no error of Trino's, so a query whose TRY has hidden one must fail too: see `Refusals`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from sandbox.athena.values import FAILURE

_NAME = re.compile(r"\bathena_\w+")


class Refusals:
    """The refusals (NOT_SUPPORTED) of all Python functions in this process, for queries with TRY. Thread-safe.

    DuckDB catches every error in TRY, so a query with TRY that ends well while `count` rises is refused: a NULL for
    what Trino answers would be a wrong value. The refusal may be that of a query beside it.
    """

    def __init__(self) -> None:
        self.count = 0
        self.last = ""
        self._lock = threading.Lock()

    def add(self, message: str) -> None:
        """Count a refusal."""
        with self._lock:
            self.count += 1
            self.last = message


REFUSALS = Refusals()


class TrinoError(Exception):
    """A run-time error with Trino's name, raised in a Python function."""

    def __init__(self, name: str, message: str) -> None:
        if name == "NOT_SUPPORTED":
            REFUSALS.add(message)
        super().__init__(f"{FAILURE}{name}: {message}")


@dataclass(frozen=True)
class Native:
    """A Python function for DuckDB: the types are DuckDB's, and without `takes_null` a NULL argument returns NULL.

    `deterministic` is false if equal arguments may have different results.
    """

    name: str
    call: Callable[..., Any]
    parameters: tuple[str, ...]
    result: str
    takes_null: bool = False
    deterministic: bool = True


class Library:
    """Macros and Python functions for the connections of one DuckDB database, created at their first use. Thread-safe.

    There are a hundred, each costs a millisecond or two, and a query uses few. All names begin with `athena_`; a macro
    is the text after CREATE MACRO.
    """

    def __init__(self, macros: Iterable[str], natives: Iterable[Native]) -> None:
        self._macros = {macro.partition("(")[0].strip(): macro for macro in macros}
        self._natives = {native.name: native for native in natives}
        self._created: set[str] = set()
        self._lock = threading.Lock()

    def require(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        """Create the macros and functions that an SQL text calls, and those that these call."""
        with self._lock:
            self._require(connection, sql)

    def _require(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        for name in _NAME.findall(sql):
            if name in self._created:
                continue
            self._created.add(name)
            if name in self._natives:
                _create(connection, self._natives[name])
            elif name in self._macros:
                self._require(connection, self._macros[name])
                connection.execute(f"CREATE OR REPLACE MACRO {self._macros[name]}")


def _create(connection: duckdb.DuckDBPyConnection, native: Native) -> None:
    connection.create_function(  # pyright: ignore[reportUnknownMemberType] - its overloads lack type arguments
        native.name,
        native.call,
        [duckdb.dtype(text) for text in native.parameters],
        duckdb.dtype(native.result),
        null_handling=FunctionNullHandling.SPECIAL if native.takes_null else FunctionNullHandling.DEFAULT,
        side_effects=not native.deterministic,
    )
