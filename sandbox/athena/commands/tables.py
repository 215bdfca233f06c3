"""CREATE EXTERNAL TABLE, DROP TABLE, and the forms of ALTER TABLE that concern a whole table.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html, alter-table-add-columns.html and the pages beside it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.athena import formats
from sandbox.athena.commands import evolution, icebergfiles, icebergs
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult
from sandbox.athena.errors import StatementError
from sandbox.athena.iceberg import is_iceberg
from sandbox.athena.objects import split_location
from sandbox.athena.statements import forms
from sandbox.athena.statements.tokens import Name

_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_NO_RENAME = "Unable to alter table. Unable to change partition or table: Table cannot be renamed"


Altered = (
    forms.AddColumns
    | forms.ReplaceColumns
    | forms.ChangeColumn
    | forms.DropColumn
    | forms.SetLocation
    | forms.SetProperties
    | forms.RenameTable
)


def create(engine: AthenaEngine, statement: forms.CreateTable, session: Session) -> StatementResult:
    """CREATE EXTERNAL TABLE."""
    if statement.properties.get("table_type", "").upper() == "ICEBERG":
        return icebergs.create(engine, statement, session)
    if not statement.external or statement.partition_texts:
        message = "a table that is not Iceberg's is created with CREATE EXTERNAL TABLE and typed partition columns"
        raise StatementError("FAILED", f"SemanticException {statement.name.table}: {message}")
    split_location(statement.location)
    schema = statement.name.schema or session.database
    if engine.catalogue.raw_table(schema, statement.name.table) is not None:
        if statement.if_not_exists:
            return StatementResult()
        message = f"AlreadyExistsException(message:Table {statement.name.table} already exists in {schema})"
        raise StatementError("FAILED", f"{_TASK} {message}")
    _check_names([*statement.columns, *statement.partitions])
    engine.catalogue.create_table(schema, _input_of(statement))
    return StatementResult()


def drop(engine: AthenaEngine, statement: forms.DropTable, session: Session) -> StatementResult:
    """DROP TABLE: delete it from the catalogue, even if it cannot be read. Only an Iceberg table's objects go too."""
    schema, name = statement.name.schema or session.database, statement.name.table
    raw = engine.catalogue.raw_table(schema, name)
    if raw is None:
        if statement.if_exists:
            return StatementResult()
        raise StatementError("FAILED", f"SemanticException [Error 10001]: Table not found {schema}.{name}")
    if raw.get("TableType") == "VIRTUAL_VIEW":
        raise StatementError("FAILED", f"SemanticException [Error 10132]: {schema}.{name} is a view: use DROP VIEW")
    engine.catalogue.delete_table(schema, name)
    icebergfiles.remove(engine, schema, raw)
    return StatementResult()


def alter(engine: AthenaEngine, statement: Altered, session: Session) -> StatementResult:
    """ALTER TABLE, of a table or, where it can name one, of a partition."""
    schema, name = statement.name.schema or session.database, statement.name.table
    raw = engine.catalogue.raw_table(schema, name)
    if raw is None:
        raise StatementError("FAILED", f"SemanticException [Error 10001]: Table not found {schema}.{name}")
    if raw.get("TableType") == "VIRTUAL_VIEW":
        raise StatementError("FAILED", f"SemanticException [Error 10131]: {schema}.{name} is a view")
    if is_iceberg(raw):
        return evolution.alter(engine, schema, name, statement)
    _ALTER[type(statement)](engine, {**raw, "DatabaseName": schema}, statement)
    return StatementResult()


def _add_columns(engine: AthenaEngine, raw: Mapping[str, Any], statement: forms.AddColumns) -> None:
    """After the existing columns."""
    present = {column["Name"] for column in raw.get("PartitionKeys") or ()}

    def added(descriptor: Mapping[str, Any]) -> Mapping[str, Any]:
        columns = [*(descriptor.get("Columns") or ()), *_columns(statement.columns)]
        _check_unique([*(column["Name"] for column in columns), *present])
        return {"Columns": columns}

    _change(engine, raw, statement.partition, added)


def _replace_columns(engine: AthenaEngine, raw: Mapping[str, Any], statement: forms.ReplaceColumns) -> None:
    """The partition columns stay."""
    partitions = [column["Name"] for column in raw.get("PartitionKeys") or ()]
    _check_unique([*(column.name for column in statement.columns), *partitions])
    _change(engine, raw, statement.partition, lambda _: {"Columns": _columns(statement.columns)})


def _change_column(engine: AthenaEngine, raw: Mapping[str, Any], statement: forms.ChangeColumn) -> None:
    """Change the name, type or comment of a column, which keeps its position."""

    def changed(descriptor: Mapping[str, Any]) -> Mapping[str, Any]:
        columns: list[dict[str, str]] = list(descriptor.get("Columns") or ())
        if statement.old not in {column["Name"] for column in columns}:
            raise StatementError("FAILED", f"{_TASK} Invalid column reference {statement.old}")
        (replaced,) = _columns([statement.column])
        return {"Columns": [replaced if column["Name"] == statement.old else column for column in columns]}

    _change(engine, raw, None, changed)


def _drop_column(engine: AthenaEngine, raw: Mapping[str, Any], statement: forms.DropColumn) -> None:
    """Hive's tables lack it: measured by aoyagikouhei/athena-local, docs/caveats.md."""
    del engine, raw, statement
    raise StatementError("FAILED", "ParseException line 1:0 mismatched input 'COLUMN' expecting PARTITION near 'DROP'")


def _set_location(engine: AthenaEngine, raw: Mapping[str, Any], statement: forms.SetLocation) -> None:
    split_location(statement.location)
    _change(engine, raw, statement.partition, lambda _: {"Location": statement.location})


def _set_properties(engine: AthenaEngine, raw: Mapping[str, Any], statement: forms.SetProperties) -> None:
    present: dict[str, str] = raw.get("Parameters") or {}
    kept = {name: value for name, value in present.items() if name not in statement.removed}
    engine.catalogue.change_table(raw, Parameters={**kept, **statement.properties})


def _rename(engine: AthenaEngine, raw: Mapping[str, Any], statement: forms.RenameTable) -> None:
    """Glue refuses it: measured by aoyagikouhei/athena-local, src/failure.rs."""
    del engine, raw, statement
    raise StatementError("FAILED", f"{_TASK} {_NO_RENAME}")


def _change(
    engine: AthenaEngine,
    raw: Mapping[str, Any],
    partition: forms.Partition | None,
    changes: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> None:
    """Change the storage of a table, or of one of its partitions."""
    if partition is None:
        descriptor: dict[str, Any] = raw.get("StorageDescriptor") or {}
        engine.catalogue.change_table(raw, StorageDescriptor={**descriptor, **changes(descriptor)})
        return
    table = engine.found(Name("", raw["DatabaseName"], raw["Name"]), "")
    asked = dict(partition.values)
    values = tuple(asked.get(column.name, "") for column in table.partition_columns)
    found = next(
        (p for p in engine.catalogue.raw_partitions(table.database, table.name) if tuple(p["Values"]) == values), None
    )
    if found is None:
        raise StatementError("FAILED", f"SemanticException [Error 10006]: Partition not found {partition.values}")
    own: dict[str, Any] = found.get("StorageDescriptor") or {}
    engine.catalogue.change_partition(table, values, found, StorageDescriptor={**own, **changes(own)})


_ALTER: Mapping[type[Altered], Callable[[AthenaEngine, Mapping[str, Any], Any], None]] = {
    forms.AddColumns: _add_columns,
    forms.ReplaceColumns: _replace_columns,
    forms.ChangeColumn: _change_column,
    forms.DropColumn: _drop_column,
    forms.SetLocation: _set_location,
    forms.SetProperties: _set_properties,
    forms.RenameTable: _rename,
}


def _input_of(statement: forms.CreateTable) -> dict[str, Any]:
    """Glue's TableInput."""
    format_ = formats.format_of(statement.stored_as or "TEXTFILE")
    reads, writes = statement.formats or (format_.input, format_.output)
    properties = {"EXTERNAL": "TRUE", "transient_lastDdlTime": str(int(time.time())), **statement.properties}
    if statement.comment:
        properties["comment"] = statement.comment
    names, count = statement.buckets or ((), -1)
    return {
        "Name": statement.name.table,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": properties,
        "PartitionKeys": _columns(statement.partitions),
        "StorageDescriptor": {
            "Columns": _columns(statement.columns),
            "Location": statement.location,
            "InputFormat": reads,
            "OutputFormat": writes,
            "BucketColumns": list(names),
            "NumberOfBuckets": count,
            "SerdeInfo": {
                "SerializationLibrary": statement.serde or format_.serde,
                "Parameters": {"serialization.format": "1", **statement.serde_properties},
            },
        },
    }


def _columns(columns: Iterable[forms.ColumnDefinition]) -> list[dict[str, str]]:
    return [
        {"Name": column.name, "Type": column.type, **({"Comment": column.comment} if column.comment else {})}
        for column in columns
    ]


def _check_names(columns: Iterable[forms.ColumnDefinition]) -> None:
    names = [column.name for column in columns]
    if not names:
        raise StatementError("FAILED", "SemanticException [Error 10043]: Either list of columns or a custom serializer")
    _check_unique(names)


def _check_unique(names: Iterable[str]) -> None:
    listed = list(names)
    repeated = next((name for name in listed if listed.count(name) > 1), None)
    if repeated is not None:
        raise StatementError("FAILED", f"SemanticException [Error 10036]: Duplicate column name: {repeated}")
