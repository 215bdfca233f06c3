"""SELECT and EXPLAIN."""

from __future__ import annotations

import json

import duckdb

from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult
from sandbox.athena.errors import StatementError
from sandbox.athena.planning import QueryPlan
from sandbox.athena.results import write_csv
from sandbox.athena.statements import forms
from sandbox.athena.types import BOOLEAN, ColumnInfo, varchar_of


def select(engine: AthenaEngine, statement: forms.SelectQuery, session: Session) -> StatementResult:
    """Run a query into the session's file."""

    def write(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> tuple[list[ColumnInfo], int]:
        return write_csv(cursor, plan, session.path)

    (columns, rows), scanned = engine.runner.run(
        statement.sql, session.parameters, session.database, session.hold, write
    )
    return StatementResult(columns, None, rows, 0, scanned)


def explain(engine: AthenaEngine, statement: forms.Explain, session: Session) -> StatementResult:
    """The plan of a query, as lines of text below a header. The plan is DuckDB's: the sandbox has no stages to show.

    The rows are as measured by aoyagikouhei/athena-local, docs/api.md: the header, one row for each line, and an empty
    one for each newline at the end. https://docs.aws.amazon.com/athena/latest/ug/athena-explain-statement.html
    """
    if statement.analyze:
        raise StatementError("NOT_SUPPORTED", "EXPLAIN ANALYZE: the sandbox has no distributed plan to measure")
    if statement.format == "GRAPHVIZ":
        raise StatementError("NOT_SUPPORTED", "EXPLAIN (FORMAT GRAPHVIZ): the sandbox does not draw plans")
    if statement.type == "VALIDATE":
        engine.runner.describe(statement.sql, session.parameters, session.database)
        return StatementResult([BOOLEAN.column_info("Valid")], ("Valid", "true", ""), 2)

    def plan_of(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> str:
        if statement.type == "IO":
            return _inputs(plan)
        if statement.format == "JSON":
            return _second(cursor, f"EXPLAIN (FORMAT json) {plan.sql}")
        return _second(cursor, f"EXPLAIN {plan.sql}").rstrip() + "\n\n"

    text, _ = engine.runner.run(statement.sql, session.parameters, session.database, session.hold, plan_of)
    lines = ("Query Plan", *f"{text}\n".split("\n"))
    return StatementResult([varchar_of(len(text)).column_info("Query Plan")], lines, len(lines) - 1)


def _second(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    row = cursor.execute(sql).fetchone()
    return str(row[1]) if row else ""


def _inputs(plan: QueryPlan) -> str:
    """EXPLAIN (TYPE IO)'s list of the tables that a query reads."""
    read = sorted({(read.table.database, read.table.name) for read in plan.reads})
    tables = [
        {"table": {"catalog": "awsdatacatalog", "schemaTable": {"schema": schema, "table": table}}}
        for schema, table in read
    ]
    return json.dumps({"inputTableColumnInfos": tables}, indent=2)
