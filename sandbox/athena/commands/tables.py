"""CREATE EXTERNAL TABLE, DROP TABLE, and the forms of ALTER TABLE that concern a whole table.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html, alter-table-add-columns.html and the pages beside it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.athena import formats
from sandbox.athena.commands import icebergfiles, icebergs
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult
from sandbox.athena.errors import StatementError
from sandbox.athena.iceberg import is_iceberg
from sandbox.athena.objects import split_location
from sandbox.athena.statements import forms
from sandbox.athena.statements.tokens import Name

_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_NO_RENAME = "Unable to alter table. Unable to change partition or table: Table cannot be renamed"


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


def add_columns(engine: AthenaEngine, statement: forms.AddColumns, session: Session) -> StatementResult:
    """ALTER TABLE ADD COLUMNS, after the existing columns."""
    raw = _raw(engine, statement.name, session)
    present = {column["Name"] for column in raw.get("PartitionKeys") or ()}

    def added(descriptor: Mapping[str, Any]) -> list[dict[str, str]]:
        columns = [*(descriptor.get("Columns") or ()), *_columns(statement.columns)]
        _check_unique([*(column["Name"] for column in columns), *present])
        return columns

    return _with_columns(engine, raw, statement.partition, added)


def replace_columns(engine: AthenaEngine, statement: forms.ReplaceColumns, session: Session) -> StatementResult:
    """ALTER TABLE REPLACE COLUMNS; the partition columns stay."""
    raw = _raw(engine, statement.name, session)
    partitions = [column["Name"] for column in raw.get("PartitionKeys") or ()]
    _check_unique([*(column.name for column in statement.columns), *partitions])
    return _with_columns(engine, raw, statement.partition, lambda _: _columns(statement.columns))


def change_column(engine: AthenaEngine, statement: forms.ChangeColumn, session: Session) -> StatementResult:
    """ALTER TABLE CHANGE COLUMN: change the name, type or comment of a column, which keeps its position."""
    raw = _raw(engine, statement.name, session)

    def changed(descriptor: Mapping[str, Any]) -> list[dict[str, str]]:
        columns: list[dict[str, str]] = list(descriptor.get("Columns") or ())
        if statement.old not in {column["Name"] for column in columns}:
            raise StatementError("FAILED", f"{_TASK} Invalid column reference {statement.old}")
        (replaced,) = _columns([statement.column])
        return [replaced if column["Name"] == statement.old else column for column in columns]

    return _with_columns(engine, raw, None, changed)


def drop_column(engine: AthenaEngine, statement: forms.DropColumn, session: Session) -> StatementResult:
    """ALTER TABLE DROP COLUMN, which Hive's tables lack: measured by aoyagikouhei/athena-local, docs/caveats.md."""
    _raw(engine, statement.name, session)
    raise StatementError("FAILED", "ParseException line 1:0 mismatched input 'COLUMN' expecting PARTITION near 'DROP'")


def set_location(engine: AthenaEngine, statement: forms.SetLocation, session: Session) -> StatementResult:
    """ALTER TABLE SET LOCATION, of a table or a partition."""
    split_location(statement.location)
    raw = _raw(engine, statement.name, session)
    _change(engine, raw, statement.partition, lambda _: {"Location": statement.location})
    return StatementResult()


def set_properties(engine: AthenaEngine, statement: forms.SetProperties, session: Session) -> StatementResult:
    """ALTER TABLE SET and UNSET TBLPROPERTIES."""
    raw = _raw(engine, statement.name, session)
    if is_iceberg(raw):
        return icebergs.set_properties(engine, statement, session)
    present: dict[str, str] = raw.get("Parameters") or {}
    kept = {name: value for name, value in present.items() if name not in statement.removed}
    engine.catalogue.change_table(raw, Parameters={**kept, **statement.properties})
    return StatementResult()


def rename(engine: AthenaEngine, statement: forms.RenameTable, session: Session) -> StatementResult:
    """ALTER TABLE RENAME TO, which Glue refuses: measured by aoyagikouhei/athena-local, src/failure.rs."""
    _raw(engine, statement.name, session)
    raise StatementError("FAILED", f"{_TASK} {_NO_RENAME}")


def _raw(engine: AthenaEngine, name: Name, session: Session) -> dict[str, Any]:
    schema = name.schema or session.database
    raw = engine.catalogue.raw_table(schema, name.table)
    if raw is None:
        raise StatementError("FAILED", f"SemanticException [Error 10001]: Table not found {schema}.{name.table}")
    if raw.get("TableType") == "VIRTUAL_VIEW":
        raise StatementError("FAILED", f"SemanticException [Error 10131]: {schema}.{name.table} is a view")
    return {**raw, "DatabaseName": schema}


def _with_columns(
    engine: AthenaEngine,
    raw: Mapping[str, Any],
    partition: forms.Partition | None,
    columns: Callable[[Mapping[str, Any]], list[dict[str, str]]],
) -> StatementResult:
    _change(engine, raw, partition, lambda descriptor: {"Columns": columns(descriptor)})
    return StatementResult()


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
