"""CREATE and DROP VIEW. https://docs.aws.amazon.com/athena/latest/ug/create-view.html"""

from __future__ import annotations

from sandbox.athena.catalogue import CATALOG, View
from sandbox.athena.columns import named
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult
from sandbox.athena.errors import StatementError
from sandbox.athena.statements import forms


def create(engine: AthenaEngine, statement: forms.CreateView, session: Session) -> StatementResult:
    """CREATE VIEW: plan the query, and store its text and columns."""
    engine.check_catalogue(statement.name)
    schema, name = statement.name.schema or session.database, statement.name.table
    columns = engine.runner.describe(statement.sql, (), session.database)
    named(columns)
    if statement.if_not_exists and engine.catalogue.raw_table(schema, name) is not None:
        return StatementResult()
    view = View(statement.sql.strip(), session.database, columns)
    engine.catalogue.put_view(schema, name, view, replace=statement.replace)
    return StatementResult()


def drop(engine: AthenaEngine, statement: forms.DropView, session: Session) -> StatementResult:
    """DROP VIEW, even if the view cannot be read."""
    engine.check_catalogue(statement.name)
    schema, name = statement.name.schema or session.database, statement.name.table
    raw = engine.catalogue.raw_table(schema, name)
    if raw is None or raw.get("TableType") != "VIRTUAL_VIEW":
        if raw is None and statement.if_exists:
            return StatementResult()
        message = f"line 1:1: View '{CATALOG.lower()}.{schema}.{name}' does not exist"
        raise StatementError("TABLE_NOT_FOUND", message)
    engine.catalogue.delete_table(schema, name)
    return StatementResult()
