"""CREATE, ALTER and DROP DATABASE.

https://docs.aws.amazon.com/athena/latest/ug/create-database.html, drop-database.html
"""

from __future__ import annotations

from sandbox.athena.commands.session import Engine, Result, Session
from sandbox.athena.errors import QueryError
from sandbox.athena.statements import forms

_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."


def create(engine: Engine, statement: forms.CreateDatabase, session: Session) -> Result:
    """CREATE DATABASE."""
    del session
    if engine.catalogue.has_database(statement.name):
        if statement.if_not_exists:
            return Result()
        raise QueryError("FAILED", f"{_TASK} Database {statement.name} already exists")
    given = {
        "Name": statement.name,
        "Description": statement.comment,
        "LocationUri": statement.location,
        "Parameters": dict(statement.properties),
    }
    engine.catalogue.create_database(**{name: value for name, value in given.items() if value})
    return Result()


def alter(engine: Engine, statement: forms.AlterDatabase, session: Session) -> Result:
    """ALTER DATABASE SET DBPROPERTIES: the properties are added to those that it has."""
    del session
    raw = engine.catalogue.described_database(statement.name)
    if raw is None:
        raise QueryError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {statement.name}")
    present: dict[str, str] = raw.get("Parameters") or {}
    engine.catalogue.change_database(statement.name, Parameters={**present, **statement.properties})
    return Result()


def drop(engine: Engine, statement: forms.DropDatabase, session: Session) -> Result:
    """DROP DATABASE: one with tables only with CASCADE; their objects stay."""
    del session
    if not engine.catalogue.has_database(statement.name):
        if statement.if_exists:
            return Result()
        raise QueryError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {statement.name}")
    names = engine.catalogue.table_names(statement.name)
    if names and not statement.cascade:
        message = f"Database {statement.name} is not empty. One or more tables exist."
        raise QueryError("FAILED", f"{_TASK} InvalidOperationException(message:{message})")
    for name in names:
        engine.catalogue.delete_table(statement.name, name)
    engine.catalogue.delete_database(statement.name)
    return Result()
