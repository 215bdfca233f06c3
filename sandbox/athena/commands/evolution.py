"""ALTER TABLE of Iceberg tables: their columns, their name and their properties, as commits of metadata.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html and
querying-iceberg-managing-tables.html. The texts of the errors are not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from sandbox.athena.columns import TypedColumn
from sandbox.athena.commands.icebergs import check_properties, stored_type
from sandbox.athena.commands.session import AthenaEngine, StatementResult
from sandbox.athena.errors import StatementError
from sandbox.athena.iceberg import schema_of
from sandbox.athena.statements import Statement, forms
from sandbox.athena.types import parse


def alter(engine: AthenaEngine, database: str, name: str, statement: Statement) -> StatementResult:
    """Change an Iceberg table.

    Raises:
        StatementError: Athena does not have this form of ALTER TABLE for Iceberg tables, or the table cannot be changed
            like this.
    """
    if isinstance(statement, forms.RenameTable):
        return _rename(engine, database, name, statement)
    change = _CHANGES.get(type(statement))
    if change is None:
        raise _unsupported(statement)

    def once() -> StatementResult:
        change(engine.catalogue.iceberg.load(database, name), statement)
        return StatementResult()

    return engine.catalogue.iceberg.commit(once)


def _unsupported(statement: Statement) -> StatementError:
    return StatementError("NOT_SUPPORTED", f"{statement.sort} is not supported for Iceberg tables")


def _add(table: Any, statement: forms.AddColumns) -> None:
    if statement.partition is not None:
        raise _unsupported(statement)
    for column in statement.columns:
        _check_new(table, column.name)
    with table.update_schema() as update:
        for column in statement.columns:
            update.add_column(column.name, _type(column), doc=column.comment or None)


def _drop(table: Any, statement: forms.DropColumn) -> None:
    _check_present(table, statement.column)
    source = table.schema().find_field(statement.column).field_id
    if any(field.source_id == source for field in table.spec().fields):
        raise StatementError("NOT_SUPPORTED", f"Cannot drop partition field: {statement.column}")
    with table.update_schema() as update:
        update.delete_column(statement.column)


def _change(table: Any, statement: forms.ChangeColumn) -> None:
    old, new = statement.old, statement.column
    _check_present(table, old)
    if new.name != old:
        _check_new(table, new.name)
        raise StatementError("NOT_SUPPORTED", f"column {old} would be renamed, which the sandbox does not read")
    if statement.after:
        _check_present(table, statement.after)
    type_ = _type(new)
    changed = None if table.schema().find_field(old).field_type == type_ else type_
    try:
        with table.update_schema() as update:
            update.update_column(old, field_type=changed, doc=new.comment or None)
            if statement.after:
                update.move_after(old, statement.after)
            elif statement.after is not None:
                update.move_first(old)
    except import_module("pyiceberg.exceptions").ValidationError as error:
        raise StatementError("NOT_SUPPORTED", str(error)) from error


def _set(table: Any, statement: forms.SetProperties) -> None:
    check_properties((*statement.properties, *statement.removed))
    with table.transaction() as transaction:
        if statement.removed:
            transaction.remove_properties(*statement.removed)
        if statement.properties:
            transaction.set_properties(**statement.properties)


def _rename(engine: AthenaEngine, database: str, name: str, statement: forms.RenameTable) -> StatementResult:
    new = statement.new.schema or database, statement.new.table
    if not engine.catalogue.has_database(new[0]):
        raise StatementError("SCHEMA_NOT_FOUND", f"Database {new[0]} not found. Please check your query")
    if engine.catalogue.raw_table(*new) is not None:
        raise StatementError("TABLE_ALREADY_EXISTS", f"Table {'.'.join(new)} already exists")
    engine.catalogue.iceberg.catalog.rename_table((database, name), new)
    engine.runner.keep(database, name, ())
    return StatementResult()


_CHANGES: Mapping[type[Statement], Callable[[Any, Any], None]] = {
    forms.AddColumns: _add,
    forms.DropColumn: _drop,
    forms.ChangeColumn: _change,
    forms.SetProperties: _set,
}


def _type(column: forms.ColumnDefinition) -> Any:
    """pyiceberg's type of a column."""
    (field,) = schema_of([TypedColumn(column.name, stored_type(parse(column.type)))]).fields
    return field.field_type


def _check_present(table: Any, name: str) -> None:
    if name not in table.schema().column_names:
        raise StatementError("COLUMN_NOT_FOUND", f"Column '{name}' cannot be resolved")


def _check_new(table: Any, name: str) -> None:
    """Refuse a column that exists, or did: the sandbox reads columns by their names."""
    if name in table.schema().column_names:
        raise StatementError("COLUMN_ALREADY_EXISTS", f"Column '{name}' already exists")
    if any(name in schema.column_names for schema in table.schemas().values()):
        raise StatementError("NOT_SUPPORTED", f"column {name} would be replaced, which the sandbox does not read")
