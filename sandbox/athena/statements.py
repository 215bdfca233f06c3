"""Recognise a statement's kind, and run statements other than SELECT.

Athena runs SHOW, DESCRIBE and similar statements against the catalogue only, and writes their result as lines of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sandbox.athena import planner
from sandbox.athena.catalogue import CATALOG, Catalogue, Column, Table, View
from sandbox.athena.errors import ApiError, QueryError
from sandbox.athena.objects import Objects, split_location
from sandbox.athena.runner import Runner
from sandbox.athena.types import ColumnInfo, Type

_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|[\w$-]+)'
_QUALIFIED = rf"{_NAME}(?:\s*\.\s*{_NAME}){{0,2}}"
_COMMENT = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n]*|/\*.*?\*/", re.DOTALL)


class Kind(Enum):
    """GetQueryExecution's StatementType."""

    DML = "DML"
    DDL = "DDL"
    UTILITY = "UTILITY"


@dataclass(frozen=True)
class StatementResult:
    """The result of a statement other than SELECT: columns and rows of text."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def infos(self) -> list[ColumnInfo]:
        """The columns in GetQueryResults's form."""
        infos = [Type("varchar").column_info(name) for name in self.columns]
        for info in infos:
            info.update({"Type": "string", "Precision": 0, "CaseSensitive": False})
        return infos


@dataclass(frozen=True)
class Statement:
    """A recognised statement: its kind, Athena's StatementType, and the relevant parts of its text."""

    kind: Kind
    sort: str
    parts: tuple[str, ...] = ()


_FORMS: tuple[tuple[str, Kind, str], ...] = (
    (r"(?:\(|(?:SELECT|WITH|VALUES|TABLE)\b).*", Kind.DML, "SELECT"),
    (r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+LIKE\s+)?(?P<a>.*)", Kind.UTILITY, "SHOW_DATABASES"),
    (rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+(?P<a>{_NAME}))?\s*(?:LIKE\s+)?(?P<b>'.*')?", Kind.UTILITY, "SHOW_TABLES"),
    (rf"SHOW\s+VIEWS(?:\s+(?:IN|FROM)\s+(?P<a>{_NAME}))?\s*(?:LIKE\s+)?(?P<b>'.*')?", Kind.UTILITY, "SHOW_VIEWS"),
    (
        rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<a>{_QUALIFIED})(?:\s+(?:IN|FROM)\s+(?P<b>{_NAME}))?",
        Kind.UTILITY,
        "SHOW_COLUMNS",
    ),
    (rf"SHOW\s+PARTITIONS\s+(?P<a>{_QUALIFIED})", Kind.UTILITY, "SHOW_PARTITIONS"),
    (rf"SHOW\s+CREATE\s+VIEW\s+(?P<a>{_QUALIFIED})", Kind.UTILITY, "SHOW_CREATE_VIEW"),
    (rf"(?:DESCRIBE|DESC)\s+(?:EXTENDED\s+|FORMATTED\s+)?(?P<a>{_QUALIFIED})", Kind.UTILITY, "DESCRIBE"),
    (rf"CREATE\s+(?P<a>OR\s+REPLACE\s+)?VIEW\s+(?P<b>{_QUALIFIED})\s+AS\s+(?P<c>.*)", Kind.DDL, "CREATE_VIEW"),
    (rf"DROP\s+VIEW\s+(?P<a>IF\s+EXISTS\s+)?(?P<b>{_QUALIFIED})", Kind.DDL, "DROP_VIEW"),
    (rf"DROP\s+TABLE\s+(?P<a>IF\s+EXISTS\s+)?(?P<b>{_QUALIFIED})", Kind.DDL, "DROP_TABLE"),
    (rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(?P<a>IF\s+NOT\s+EXISTS\s+)?(?P<b>{_NAME})", Kind.DDL, "CREATE_DATABASE"),
    (rf"MSCK\s+REPAIR\s+TABLE\s+(?P<a>{_QUALIFIED})", Kind.DDL, "MSCK"),
    (rf"CREATE\s+TABLE\s+(?P<a>{_QUALIFIED})\b.*\bAS\b.*", Kind.DDL, "CREATE_TABLE_AS"),
    (r"(?:UNLOAD|INSERT|DELETE|UPDATE|MERGE|EXPLAIN|EXECUTE)\b.*", Kind.DML, "UNSUPPORTED"),
    (r"(?:CREATE|ALTER|DROP|PREPARE|DEALLOCATE|VACUUM|OPTIMIZE)\b.*", Kind.DDL, "UNSUPPORTED"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), kind, sort) for pattern, kind, sort in _FORMS)


def recognise(text: str) -> Statement:
    """Recognise a query's text; raises ApiError (MALFORMED_QUERY) when Athena would not start it."""
    bare = without_comments(text).strip().rstrip(";").strip()
    if not bare:
        raise ApiError("line 1:1: mismatched input '<EOF>'. Expecting: a query", athena_code="MALFORMED_QUERY")
    for pattern, kind, sort in _COMPILED:
        match = pattern.fullmatch(bare)
        if match is not None:
            named = match.groupdict()
            return Statement(kind, sort, tuple(named[key] or "" for key in sorted(named)))
    word = bare.split(maxsplit=1)[0]
    raise ApiError(f"line 1:1: mismatched input '{word}'. Expecting: a query", athena_code="MALFORMED_QUERY")


def without_comments(text: str) -> str:
    """The text with each comment replaced by a space; quoted text is unchanged."""
    return _COMMENT.sub(lambda match: match[1] or " ", text)


class Statements:
    """Runs statements other than SELECT."""

    def __init__(self, catalogue: Catalogue, objects: Objects, runner: Runner) -> None:
        self._catalogue = catalogue
        self._objects = objects
        self._runner = runner
        self._sorts: dict[str, Callable[[tuple[str, ...], str], StatementResult]] = {
            "SHOW_DATABASES": self._show_databases,
            "SHOW_TABLES": lambda parts, database: self._show_tables(parts, database, views_only=False),
            "SHOW_VIEWS": lambda parts, database: self._show_tables(parts, database, views_only=True),
            "SHOW_COLUMNS": self._show_columns,
            "SHOW_PARTITIONS": self._show_partitions,
            "SHOW_CREATE_VIEW": self._show_create_view,
            "DESCRIBE": self._describe,
            "CREATE_VIEW": self._create_view,
            "DROP_VIEW": lambda parts, database: self._drop(parts, database, view=True),
            "DROP_TABLE": lambda parts, database: self._drop(parts, database, view=False),
            "CREATE_DATABASE": self._create_database,
            "MSCK": self._repair,
        }

    def run(self, statement: Statement, database: str) -> StatementResult:
        """Run a statement; raises QueryError with Athena's reason."""
        run = self._sorts.get(statement.sort)
        if run is None:
            known = "SELECT, SHOW, DESCRIBE, CREATE VIEW, DROP, CREATE DATABASE and MSCK REPAIR TABLE"
            message = f"The sandbox's Athena runs {known} only"
            raise QueryError("NOT_SUPPORTED", message)
        return run(statement.parts, database)

    def _show_databases(self, parts: tuple[str, ...], database: str) -> StatementResult:
        del database
        return StatementResult(("database_name",), _matching(self._catalogue.databases(), parts[0]))

    def _show_tables(self, parts: tuple[str, ...], database: str, *, views_only: bool) -> StatementResult:
        names = self._catalogue.table_names(unquoted(parts[0]) or database, views_only=views_only)
        return StatementResult(("views" if views_only else "tab_name",), _matching(names, parts[1]))

    def _show_columns(self, parts: tuple[str, ...], database: str) -> StatementResult:
        table = self._table(parts[0], unquoted(parts[1]) or database)
        return StatementResult(("field",), tuple((column.name,) for column in table.all_columns))

    def _show_partitions(self, parts: tuple[str, ...], database: str) -> StatementResult:
        table = self._table(parts[0], database)
        if not table.partition_columns:
            raise QueryError("FAILED", f"Execution Error, Table {table.name} is not a partitioned table")
        rows = [
            "/".join(f"{c.name}={value}" for c, value in zip(table.partition_columns, partition.values, strict=True))
            for partition in self._catalogue.partitions(table)
        ]
        return StatementResult(("partition",), tuple((row,) for row in sorted(rows)))

    def _show_create_view(self, parts: tuple[str, ...], database: str) -> StatementResult:
        table = self._table(parts[0], database)
        if table.view is None:
            raise QueryError("NOT_SUPPORTED", f"Relation '{table.database}.{table.name}' is a table, not a view")
        text = f'CREATE VIEW "{table.name}" AS \n{table.view.sql}'
        return StatementResult(("create view",), tuple((line,) for line in text.splitlines()))

    def _describe(self, parts: tuple[str, ...], database: str) -> StatementResult:
        table = self._table(parts[0], database)
        rows = [_described(column) for column in table.all_columns]
        if table.partition_columns:
            rows += [("",), ("# Partition Information",), _padded("# col_name", "data_type", "comment"), ("",)]
            rows += [_described(column) for column in table.partition_columns]
        return StatementResult(("col_name", "data_type", "comment"), tuple(rows))

    def _create_view(self, parts: tuple[str, ...], database: str) -> StatementResult:
        replace, name, sql = bool(parts[0]), parts[1], parts[2]
        schema, name = self._name(name, database)
        columns = self._runner.describe(planner.parse(sql), sql, database)
        repeated = {column.name for column in columns if [c.name for c in columns].count(column.name) > 1}
        if repeated:
            raise QueryError(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{min(repeated)}' specified more than once"
            )
        self._catalogue.put_view(schema, name, View(sql, database, columns), replace=replace)
        return StatementResult()

    def _drop(self, parts: tuple[str, ...], database: str, *, view: bool) -> StatementResult:
        schema, name = self._name(parts[1], database)
        table = self._catalogue.table(schema, name)
        if table is None or (table.view is not None) != view:
            if parts[0]:
                return StatementResult()
            kind = "View" if view else "Table"
            raise QueryError("TABLE_NOT_FOUND", f"line 1:1: {kind} '{CATALOG.lower()}.{schema}.{name}' does not exist")
        self._catalogue.delete_table(schema, name)
        return StatementResult()

    def _create_database(self, parts: tuple[str, ...], database: str) -> StatementResult:
        del database
        name = unquoted(parts[1])
        if self._catalogue.has_database(name):
            if parts[0]:
                return StatementResult()
            raise QueryError("FAILED", f"Execution Error, Database {name} already exists")
        self._catalogue.create_database(name)
        return StatementResult()

    def _repair(self, parts: tuple[str, ...], database: str) -> StatementResult:
        """Add the partitions of the directories (key=value for each column) under the table's location."""
        table = self._table(parts[0], database)
        if table.storage is None or not table.partition_columns:
            raise QueryError("FAILED", f"Execution Error, Table {table.name} is not a partitioned table")
        bucket, prefix = split_location(table.storage.location)
        path = "".join(f"{re.escape(column.name)}=([^/]+)/" for column in table.partition_columns)
        pattern = re.compile(re.escape(prefix) + path, re.IGNORECASE)
        known = {partition.values for partition in self._catalogue.partitions(table)}
        found = {
            match.groups(): f"s3://{bucket}/{match[0]}"
            for item in self._objects.list(bucket, prefix)
            if (match := pattern.match(item.key)) is not None
        }
        missing = sorted((values, place) for values, place in found.items() if values not in known)
        self._catalogue.add_partitions(table, missing)
        names = [column.name for column in table.partition_columns]
        written = ["/".join(f"{n}={v}" for n, v in zip(names, values, strict=True)) for values, _ in missing]
        lines = [" ".join(["Partitions not in metastore:", *(f"{table.name}:{partition}" for partition in written)])]
        lines += [f"Repair: Added partition to metastore {table.name}:{partition}" for partition in written]
        if not written:
            return StatementResult()
        return StatementResult(("",), tuple((line,) for line in lines))

    def _table(self, name: str, database: str) -> Table:
        schema, name = self._name(name, database)
        table = self._catalogue.table(schema, name)
        if table is None:
            raise QueryError("FAILED", f"SemanticException [Error 10001]: Table not found {schema}.{name}")
        return table

    @staticmethod
    def _name(text: str, database: str) -> tuple[str, str]:
        parts = [unquoted(part) for part in re.findall(_NAME, text)]
        return (parts[-2] if len(parts) > 1 else database), parts[-1]


def unquoted(name: str) -> str:
    """A name without quotes, in lower case."""
    name = name.strip()
    if name[:1] in {'"', "`"}:
        name = name[1:-1].replace('""', '"')
    return name.lower()


def _matching(names: list[str], pattern: str) -> tuple[tuple[str, ...], ...]:
    """The names that match a pattern of SHOW: * for anything, | between alternatives."""
    text = pattern.strip().strip("'")
    if not text:
        return tuple((name,) for name in names)
    regular = re.compile("|".join(".*".join(map(re.escape, part.split("*"))) for part in text.split("|")))
    return tuple((name,) for name in names if regular.fullmatch(name))


def _padded(*values: str) -> tuple[str, ...]:
    return tuple(f"{value:<20}" for value in values)


def _described(column: Column) -> tuple[str, ...]:
    return _padded(column.name, column.type.glue, column.comment)
