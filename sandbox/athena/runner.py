"""Runs a SELECT: plans it, loads its objects, and runs it in DuckDB, which writes the result."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import duckdb

from sandbox.athena import planning
from sandbox.athena.catalogue import CatalogueTable, GlueCatalogue, TypedColumn
from sandbox.athena.errors import SYSTEM, StatementError
from sandbox.athena.holds import RunningQuery
from sandbox.athena.interruption import Interruptible, QueryCancelledError
from sandbox.athena.joda import DATE_PATTERN
from sandbox.athena.native import REFUSALS
from sandbox.athena.objects import S3Object
from sandbox.athena.parameters import bind
from sandbox.athena.partitions import Finder, Found
from sandbox.athena.planning import PATH, QueryPlan, Read
from sandbox.athena.planning.scans import PlacedScan, can_be_placed, in_place
from sandbox.athena.results import write_csv
from sandbox.athena.selection import ObjectSelection, constant, needed_partitions, unnested
from sandbox.athena.sql import identifier, literal, select
from sandbox.athena.statements.timetravel import with_dated_names
from sandbox.athena.store import RowStore, Slice
from sandbox.athena.syntax import parse_query
from sandbox.athena.types import ColumnInfo
from sandbox.athena.values import FAILURE
from sandbox.athena.virtual import Row

T = TypeVar("T")
_PATH = (PATH, "VARCHAR")
"""The name and the type of the pseudo-column."""
_FEW_OBJECTS = 4
"""The most objects that are read one by one: a temporary table of objects and a join cost milliseconds."""
_LISTED_OBJECTS = 64
"""The most objects of which a statement has a list, where it reads nothing but their rows."""


@dataclass(frozen=True)
class SelectResult:
    """The result of a SELECT: its columns, number of rows, and bytes of the objects that it read."""

    columns: list[ColumnInfo]
    rows: int
    scanned_bytes: int


class Runner:
    """Runs queries over the store, each in its own thread."""

    def __init__(self, catalogue: GlueCatalogue, store: RowStore, finder: Finder) -> None:
        self._catalogue = catalogue
        self._store = store
        self._finder = finder
        self._selection = ObjectSelection()

    def check_syntax(self, sql: str) -> None:
        """Raise ApiError if the text is not a query."""
        parse_query(with_dated_names(sql))

    def select(
        self, sql: str, parameters: Sequence[str], database: str, target: Path, hold: Interruptible
    ) -> SelectResult:
        """Run a query into a CSV file; `parameters` are the values for its ?s.

        Raises:
            StatementError: the query fails, with Athena's reason.
            QueryCancelledError: it was cancelled.
        """

        def write(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> tuple[list[ColumnInfo], int]:
            return write_csv(cursor, plan, target)

        (columns, rows), scanned_bytes = self.run(sql, parameters, database, hold, write)
        return SelectResult(columns, rows, scanned_bytes)

    def run(
        self,
        sql: str,
        parameters: Sequence[str],
        database: str,
        hold: Interruptible,
        use: Callable[[duckdb.DuckDBPyConnection, QueryPlan], T],
    ) -> tuple[T, int]:
        """Plan a query, load its objects and pass its plan to `use`; return its result and the bytes to read.

        Raises:
            StatementError: the query fails, with Athena's reason.
            QueryCancelledError: it was cancelled.
        """
        with self._store.reading() as reading, closing(self._store.cursor()) as cursor:
            plan = planning.plan(with_dated_names(bind(sql, parameters)), database, self._catalogue, self._store.text)
            predicates = (one for read in plan.reads for one in (*read.predicates, *read.path_predicates))
            self._store.require(" ".join([plan.sql, *predicates]))
            hold.attach(cursor)
            try:
                refused = REFUSALS.count
                sql, scanned_bytes = self._prepare(cursor, plan, hold, reading)
                result = use(cursor, replace(plan, sql=sql))
                if REFUSALS.count > refused and "TRY(" in plan.sql:
                    raise StatementError("NOT_SUPPORTED", REFUSALS.last)
                return result, scanned_bytes
            except duckdb.InterruptException as error:
                raise QueryCancelledError from error
            except duckdb.Error as error:
                if hold.stopped:
                    raise QueryCancelledError from error
                raise failure_of(error) from error
            finally:
                hold.detach()

    def keep(self, database: str, table: str, files: Collection[S3Object]) -> None:
        """Drop the loaded rows of an Iceberg table's other files than these, behind the queries that read them."""
        self._store.keep(database, table, files)

    def require(self, sql: str) -> None:
        """Create the macros and functions that an SQL text around a plan's calls."""
        self._store.require(sql)

    def describe(self, sql: str, parameters: Sequence[str], database: str) -> tuple[TypedColumn, ...]:
        """A query's columns by name and type, without reading an object."""
        return planning.plan(
            with_dated_names(bind(sql, parameters)), database, self._catalogue, self._store.text
        ).columns

    def _prepare(
        self, cursor: duckdb.DuckDBPyConnection, plan: QueryPlan, hold: Interruptible, reading: RunningQuery
    ) -> tuple[str, int]:
        """Return the plan as a statement that reads the objects of its scans, and the bytes of those objects."""
        relations: dict[str, str | PlacedScan] = {}
        sizes: dict[str, int] = {}
        for read in plan.reads:
            if read.alias not in relations:
                relations[read.alias], sizes[read.alias] = self._prepared(cursor, read, plan, hold, reading)
        placed = {alias: scan for alias, scan in relations.items() if isinstance(scan, PlacedScan)}
        others = {alias: sql for alias, sql in relations.items() if isinstance(sql, str)}
        sql = _within(others, in_place(plan.sql, plan.uses, placed))
        return sql, sum(sizes[read.alias] for read in plan.reads)

    def _prepared(
        self, cursor: duckdb.DuckDBPyConnection, read: Read, plan: QueryPlan, hold: Interruptible, reading: RunningQuery
    ) -> tuple[str | PlacedScan, int]:
        if read.table.rows is not None:
            return self._given(cursor, read.alias, read.table, read.table.rows), 0
        found = self._finder.find(read.table, read.constraints, needed_partitions(cursor, read))
        slices = self._store.load(read.table, found, lambda: hold.stopped, reading)
        if hold.stopped:
            raise QueryCancelledError
        needed = self._selection.needed(cursor, read, slices)
        scan = _placed(read, plan, needed) or self._relation(cursor, read, plan.sql, needed)
        return scan, sum(entry.item.size for entry in found)

    def _relation(self, cursor: duckdb.DuckDBPyConnection, read: Read, sql: str, slices: Sequence[Slice]) -> str:
        """The SQL of a read's relation: the rows of these slices and their partitions' values.

        It has the columns whose names are in the query's `sql`.
        """
        table = read.table
        used = {column.name for column in table.all_columns if identifier(column.name) in sql}
        parts = [
            part
            for i, piece in enumerate(slices)
            for part in (
                [self._scan(cursor, f"{read.alias}_{i}", table, used, piece)]
                if len(piece.objects) > _FEW_OBJECTS
                else [_of_object(table, used, piece.name, *each) for each in piece.objects]
            )
        ]
        if not parts:
            columns = [(column.name, column.type.duckdb) for column in table.all_columns if column.name in used]
            empty = ", ".join(f"CAST(NULL AS {type_}) AS {identifier(name)}" for name, type_ in [*columns, _PATH])
            parts = [f"SELECT {empty} WHERE false"]
        return " UNION ALL ".join(parts)

    @staticmethod
    def _given(cursor: duckdb.DuckDBPyConnection, alias: str, table: CatalogueTable, rows: Sequence[Row]) -> str:
        """The SQL of a table whose rows are in memory."""
        rows_sql, arrays = unnested([(column.name, column) for column in table.columns], rows)
        values = select([rows_sql, f'CAST(NULL AS VARCHAR) AS "{PATH}"'], "(SELECT 1)")
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE scan_{alias} AS {values}", arrays)
        return f"FROM scan_{alias}"

    @staticmethod
    def _scan(
        cursor: duckdb.DuckDBPyConnection, name: str, table: CatalogueTable, used: Collection[str], piece: Slice
    ) -> str:
        """Return a SELECT of the rows of many objects, whose paths and partition values are in a temporary table."""
        keys = [(f"p{i}", column) for i, column in enumerate(table.partition_columns)]
        rows_sql, arrays = unnested(keys, [found.values for _, found in piece.objects])
        numbers = [number for number, _ in piece.objects]
        paths = [found.item.path for _, found in piece.objects]
        values = ", ".join(filter(None, ["unnest(?::INTEGER[]) AS object", "unnest(?::VARCHAR[]) AS path", rows_sql]))
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE scan_{name} AS SELECT {values}", [numbers, paths, *arrays])
        columns = _stored(table, used)
        columns += [f"s.{key} AS {identifier(column.name)}" for key, column in keys if column.name in used]
        data = f"{identifier(piece.name)} AS d JOIN scan_{name} AS s ON d.object = s.object"
        return select([*columns, f's.path AS "{PATH}"'], data)


def _within(relations: Mapping[str, str], sql: str) -> str:
    """A query with its relations, which a temporary view would bind once more and keep in the cursor's catalogue.

    A query that begins with WITH cannot follow another WITH in DuckDB's grammar, so it is a subquery.
    """
    if not relations:
        return sql
    named = ", ".join(f"{alias} AS NOT MATERIALIZED ({relation})" for alias, relation in relations.items())
    return f"WITH {named} " + select(["*"], f"({sql})")


def _placed(read: Read, plan: QueryPlan, slices: Sequence[Slice]) -> PlacedScan | None:
    """A scan that the statement can read in place; None for one of many objects, or of several with own values."""
    table, pieces = read.table, [piece for piece in slices if piece.objects]
    if len(pieces) != 1:
        return None
    (piece,) = pieces
    names = [identifier(column.name) for column in table.partition_columns]
    values = [*names, identifier(PATH)]
    if len(piece.objects) > (1 if any(name in plan.sql for name in values) else _LISTED_OBJECTS):
        return None
    if not can_be_placed(plan.sql, plan.uses, read.alias, values):
        return None
    (number, found), *others = piece.objects
    condition = f"object IN ({', '.join(str(each) for each, _ in piece.objects)})" if others else f"object = {number}"
    partition = [constant(value, column) for value, column in zip(found.values, table.partition_columns, strict=True)]
    return PlacedScan(
        identifier(piece.name),
        condition,
        {identifier(column.name): f"c{i}" for i, column in enumerate(table.columns)},
        frozenset(
            identifier(column.name)
            for i, column in enumerate(table.columns)
            if column.type.duckdb == "TIMESTAMP" and i not in piece.finer
        ),
        dict(zip(values, [*partition, literal(found.item.path)], strict=True)),
    )


def _stored(table: CatalogueTable, used: Collection[str]) -> list[str]:
    return [f"d.c{i} AS {identifier(column.name)}" for i, column in enumerate(table.columns) if column.name in used]


def _of_object(table: CatalogueTable, used: Collection[str], name: str, number: int, found: Found) -> str:
    """Return a SELECT of one object's rows; its path and partition values are constants, so DuckDB can compute once."""
    values = [
        f"{constant(value, column)} AS {identifier(column.name)}"
        for column, value in zip(table.partition_columns, found.values, strict=True)
        if column.name in used
    ]
    columns = [*_stored(table, used), *values, f'{literal(found.item.path)} AS "{PATH}"']
    return select(columns, f"{identifier(name)} AS d WHERE d.object = {number}")


_REASONS = (
    (rf"{FAILURE}(\w+): (.*?)(?:' to INT32|$)", "{0}", "{1}"),
    (
        r"Type INT\d+ with value (\S+) can't be cast .* destination type (INT\d+)",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "Out of range for {1}: {0}",
    ),
    (
        r"Type (?:DOUBLE|FLOAT) with value (?!-?nan)(\S+) can't be cast .* destination type (INT(?:8|16|32))\b",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "Out of range for {1}: {0}",
    ),
    (
        r"More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (rf'invalid timestamp field format: "{DATE_PATTERN}: (.*)", expected', "INVALID_FUNCTION_ARGUMENT", "{0}"),
    (r"Overflow in SUM of DECIMAL", "GENERIC_INTERNAL_ERROR", "Decimal overflow"),
    (r"Division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    (r"Could not convert string ['\"]([^'\"]*)['\"] to (\w+)", "INVALID_CAST_ARGUMENT", "Cannot cast '{0}' to {1}"),
    (
        r"invalid (timestamp|date) field format: \"([^\"]*)\"",
        "INVALID_CAST_ARGUMENT",
        "Value cannot be cast to {0}: {1}",
    ),
)
"""DuckDB's messages, Athena's error name for each, and Athena's message with the captured groups."""
_INTEGERS = {"INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INT", "INT64": "BIGINT"}
_KINDS: tuple[tuple[type[duckdb.Error], str], ...] = (
    (duckdb.OutOfMemoryException, "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.BinderException, "NOT_SUPPORTED"),
    (duckdb.ParserException, "NOT_SUPPORTED"),
    (duckdb.CatalogException, "NOT_SUPPORTED"),
    (duckdb.InvalidInputException, "INVALID_FUNCTION_ARGUMENT"),
)


def failure_of(error: duckdb.Error) -> StatementError:
    """DuckDB's error with Athena's message, if that is known."""
    message = str(error).partition("\n\nLINE ")[0]
    for pattern, name, reason in _REASONS:
        match = re.search(pattern, message, re.DOTALL)
        if match is not None:
            name = name.format(*match.groups())
            return StatementError(name, reason.format(*(_INTEGERS.get(part, part) for part in match.groups())))
    detail = message.partition("Error: ")[2] or message
    for kind, name in _KINDS:
        if isinstance(error, kind):
            return StatementError(name, detail)
    return StatementError("GENERIC_INTERNAL_ERROR", detail, SYSTEM)
