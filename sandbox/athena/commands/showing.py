"""SHOW. The columns and the form of the lines are as measured on Athena by aoyagikouhei/athena-local.

docs/dev/measurements/query-results.md and docs/result-files.md there;
https://docs.aws.amazon.com/athena/latest/ug/show-tables.html and the pages beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.athena.catalogue import View
from sandbox.athena.commands.definition import definition_of, iceberg_definition
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult, texts
from sandbox.athena.errors import StatementError
from sandbox.athena.statements import forms

WIDTH = 20
"""The width to which Hive pads each field of a line."""


def databases(engine: AthenaEngine, statement: forms.ShowDatabases, session: Session) -> StatementResult:
    """SHOW DATABASES; the pattern is a regular expression."""
    del session
    return texts(["database_name"], _matching(engine.catalogue.databases(), statement.pattern))


def tables(engine: AthenaEngine, statement: forms.ShowTables, session: Session) -> StatementResult:
    """SHOW TABLES, including views; in the pattern * matches any text."""
    return texts(["tab_name"], _listed(engine, statement.database or session.database, statement.pattern))


def views(engine: AthenaEngine, statement: forms.ShowViews, session: Session) -> StatementResult:
    """SHOW VIEWS."""
    database = statement.database or session.database
    return texts(["views"], _listed(engine, database, statement.pattern, views_only=True), type_="varchar")


def columns(engine: AthenaEngine, statement: forms.ShowColumns, session: Session) -> StatementResult:
    """SHOW COLUMNS: only names; for a view, names and types."""
    table = engine.found(statement.name, session.database)
    if table.view is not None:
        return view_columns(table.view)
    return texts(["field"], [column.name.ljust(WIDTH) for column in table.all_columns])


def view_columns(view: View) -> StatementResult:
    """The result of SHOW COLUMNS and DESCRIBE for a view: its columns with Trino's types."""
    return texts(["column", "type"], [f"{c.name}\t{c.type.athena}" for c in view.columns], type_="varchar")


def partitions(engine: AthenaEngine, statement: forms.ShowPartitions, session: Session) -> StatementResult:
    """SHOW PARTITIONS: the partitions in the catalogue, so a projected table has no rows."""
    table = engine.found(statement.name, session.database)
    if not table.partition_columns:
        task = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
        raise StatementError("FAILED", f"{task} Table {table.name} is not a partitioned table")
    names = [column.name for column in table.partition_columns]
    lines = [
        "/".join(f"{name}={value}" for name, value in zip(names, partition.values, strict=True))
        for partition in engine.catalogue.partitions(table)
    ]
    return texts(["partition"], sorted(lines))


def create_table(engine: AthenaEngine, statement: forms.ShowCreateTable, session: Session) -> StatementResult:
    """SHOW CREATE TABLE: Hive's DDL, or Athena's of an Iceberg table."""
    table = engine.found(statement.name, session.database)
    if table.objects is not None:
        lines = iceberg_definition(table, engine.catalogue.iceberg.load(table.database, table.name))
        return texts(["createtab_stmt"], lines, update_count=None)
    if table.view is not None:
        raise StatementError("FAILED", f"SemanticException [Error 10001]: {table.name} is a view: use SHOW CREATE VIEW")
    return texts(["createtab_stmt"], definition_of(table), update_count=None)


def create_view(engine: AthenaEngine, statement: forms.ShowCreateView, session: Session) -> StatementResult:
    """SHOW CREATE VIEW."""
    table = engine.found(statement.name, session.database)
    if table.view is None:
        raise StatementError("NOT_SUPPORTED", f"Relation '{table.database}.{table.name}' is a table, not a view")
    text = f'CREATE VIEW "{table.database}"."{table.name}" AS \n{table.view.sql}'
    return texts(["create view"], text.splitlines(), type_="varchar")


def properties(engine: AthenaEngine, statement: forms.ShowProperties, session: Session) -> StatementResult:
    """SHOW TBLPROPERTIES: all properties ordered by name, or the value of one."""
    table = engine.found(statement.name, session.database)
    found = {str(name): str(value) for name, value in table.parameters.items()}
    if statement.key is None:
        return texts(["prpt_name", "prpt_value"], [f"{name}\t{found[name]}" for name in sorted(found)])
    absent = f"Table {table.database}.{table.name} does not have property: {statement.key}"
    return texts(["prpt_name", "prpt_value"], [found.get(statement.key, absent)])


def _listed(engine: AthenaEngine, database: str, pattern: str | None, *, views_only: bool = False) -> list[str]:
    if not engine.catalogue.has_database(database):
        raise StatementError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {database}")
    regular = None if pattern is None else re.sub(r"(?<!\.)\*", ".*", pattern)
    return _matching(engine.catalogue.table_names(database, views_only=views_only), regular)


def _matching(names: Iterable[str], pattern: str | None) -> list[str]:
    if pattern is None:
        return list(names)
    try:
        regular = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise StatementError("FAILED", f"{pattern!r} is not a regular expression: {error}") from error
    return [name for name in names if regular.fullmatch(name)]
