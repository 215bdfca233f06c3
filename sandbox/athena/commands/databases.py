"""CREATE, ALTER and DROP DATABASE.

https://docs.aws.amazon.com/athena/latest/ug/create-database.html, drop-database.html
"""

from __future__ import annotations

from sandbox.athena.commands import icebergfiles
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult
from sandbox.athena.errors import StatementError
from sandbox.athena.statements import forms

_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."


def create(engine: AthenaEngine, statement: forms.CreateDatabase, session: Session) -> StatementResult:
    """CREATE DATABASE."""
    del session
    if engine.catalogue.has_database(statement.name):
        if statement.if_not_exists:
            return StatementResult()
        raise StatementError("FAILED", f"{_TASK} Database {statement.name} already exists")
    given = {
        "Name": statement.name,
        "Description": statement.comment,
        "LocationUri": statement.location,
        "Parameters": dict(statement.properties),
    }
    engine.catalogue.create_database(**{name: value for name, value in given.items() if value})
    return StatementResult()


def alter(engine: AthenaEngine, statement: forms.AlterDatabase, session: Session) -> StatementResult:
    """ALTER DATABASE SET DBPROPERTIES: the properties are added to the existing ones."""
    del session
    raw = engine.catalogue.described_database(statement.name)
    if raw is None:
        raise StatementError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {statement.name}")
    present: dict[str, str] = raw.get("Parameters") or {}
    engine.catalogue.change_database(statement.name, Parameters={**present, **statement.properties})
    return StatementResult()


def drop(engine: AthenaEngine, statement: forms.DropDatabase, session: Session) -> StatementResult:
    """DROP DATABASE: if it has tables, only with CASCADE; only the objects of Iceberg tables go too.

    https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-additional-operations.html
    """
    del session
    if not engine.catalogue.has_database(statement.name):
        if statement.if_exists:
            return StatementResult()
        raise StatementError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {statement.name}")
    tables = engine.catalogue.raw_tables(statement.name)
    if tables and not statement.cascade:
        message = f"Database {statement.name} is not empty. One or more tables exist."
        raise StatementError("FAILED", f"{_TASK} InvalidOperationException(message:{message})")
    for raw in tables:
        engine.catalogue.delete_table(statement.name, raw["Name"])
        icebergfiles.remove(engine, statement.name, raw)
    engine.catalogue.delete_database(statement.name)
    return StatementResult()
