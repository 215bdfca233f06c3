"""CREATE TABLE AS, INSERT INTO and UNLOAD.

https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html, insert-into.html, unload.html. A failure names the
location where data may remain: measured by aoyagikouhei/athena-local, docs/caveats.md, "Failed queries".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from sandbox.athena.catalogue import CATALOG, CatalogueTable, TypedColumn
from sandbox.athena.coercions import can_coerce
from sandbox.athena.columns import named
from sandbox.athena.commands import icebergs
from sandbox.athena.commands.partitions import hive_path, location_of
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult, written
from sandbox.athena.errors import StatementError
from sandbox.athena.files import Layout, RelationWriter, WrittenFiles, described
from sandbox.athena.formats import PARQUET, TEXTFILE, Format, format_of_serde, written_format
from sandbox.athena.objects import split_location
from sandbox.athena.planning import QueryPlan
from sandbox.athena.planning.stored import rows_of
from sandbox.athena.projection import projections
from sandbox.athena.sql import select
from sandbox.athena.statements import forms

Properties = Mapping[str, "str | tuple[str, ...]"]

_UNLOAD_PROPERTIES = frozenset({"format", "compression", "compression_level", "field_delimiter", "partitioned_by"})
_TABLE_PROPERTIES = frozenset(
    {
        *("table_type", "is_external", "external_location", "format", "partitioned_by", "bucketed_by", "bucket_count"),
        *("write_compression", "parquet_compression", "compression_level", "field_delimiter"),
    }
)
_ENFORCED = (
    "The Create Table As Select query failed because it was submitted with an 'external_location' property to an "
    "Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
    "'external_location' property and resubmit the query."
)


def create_table_as(engine: AthenaEngine, statement: forms.CreateTableAs, session: Session) -> StatementResult:
    """CREATE TABLE AS: write the rows below the output location, or at external_location, and create the table."""
    engine.check_catalogue(statement.name)
    schema, name = statement.name.schema or session.database, statement.name.table
    location = f"{session.settings.output_location}tables/{session.id}/"
    with _left(f"You may need to manually clean the data at location '{location[:-1]}' before retrying."):
        if not engine.catalogue.has_database(schema):
            raise StatementError("SCHEMA_NOT_FOUND", f"Database {schema} not found. Please check your query")
        if engine.catalogue.raw_table(schema, name) is not None:
            if statement.if_not_exists:
                return written(0, 0)
            message = f"line 1:1: Table '{CATALOG.lower()}.{schema}.{name}' already exists"
            raise StatementError("TABLE_ALREADY_EXISTS", message)
        columns = named(engine.runner.describe(statement.sql, session.parameters, session.database))
        if _text(statement.properties, "table_type", "HIVE").upper() == "ICEBERG":
            sql = statement.sql if statement.with_data else select(["*"], f"({statement.sql}) WHERE false")
            return icebergs.create_as(engine, statement.name, statement.properties, columns, session, sql)
        if "external_location" in statement.properties:
            if session.settings.enforced:
                raise StatementError("", _ENFORCED)
            location = _text(statement.properties, "external_location")
        _check_empty(engine, location, f"table '{schema}.{name}'")
        layout = _layout(statement.properties, columns, _TABLE_PROPERTIES)
        layout.check()
        done, scanned = WrittenFiles(), 0
        if statement.with_data:
            done, scanned = _write(engine, statement.sql, session, layout, _under(location, layout))
        _create(engine, schema, name, location, layout, done)
    manifest = _manifest(engine, session, f"tables/{session.id}-manifest.csv", done.paths)
    return written(done.rows, scanned, manifest)


def insert(engine: AthenaEngine, statement: forms.InsertInto, session: Session) -> StatementResult:
    """INSERT INTO: add files at the table's location, and the new partitions."""
    engine.check_catalogue(statement.name)
    manifest = f"{session.settings.output_location}{session.id}-manifest.csv"
    left = f"If a data manifest file was generated at '{manifest}', you may need to manually clean the data from "
    with _left(f"{left}locations specified in the manifest."):
        table = _target(engine, statement, session)
        chosen = _chosen(table, statement.columns)
        have = engine.runner.describe(statement.sql, session.parameters, session.database)
        _check_types(chosen, have)
        if table.objects is not None:
            return icebergs.insert(engine, table, chosen, statement.sql, session)
        layout = _layout_of(table)
        layout.check()
        known = {partition.values: partition.storage.location for partition in engine.catalogue.partitions(table)}

        def place(values: tuple[str, ...]) -> str:
            if not values and table.storage is not None:
                return table.storage.location
            return known.get(values) or location_of(table, values)

        done, scanned = _write(engine, statement.sql, session, layout, place, chosen)
        names = [column.name for column in table.partition_columns]
        if names and projections(names, table.parameters) is None:
            new = [(values, location_of(table, values)) for values in done.partitions if values not in known]
            engine.catalogue.add_partitions(table, new)
    return written(done.rows, scanned, _manifest(engine, session, f"{session.id}-manifest.csv", done.paths))


def unload(engine: AthenaEngine, statement: forms.Unload, session: Session) -> StatementResult:
    """UNLOAD: write the rows of a query to an empty location."""
    if "format" not in statement.properties:
        raise StatementError("INVALID_PROPERTY", "UNLOAD needs the property format")
    columns = engine.runner.describe(statement.sql, session.parameters, session.database)
    layout = _layout(statement.properties, columns, _UNLOAD_PROPERTIES)
    layout.check()
    _check_empty(engine, statement.location, "UNLOAD")
    done, scanned = _write(engine, statement.sql, session, layout, _under(statement.location, layout))
    return written(done.rows, scanned, _manifest(engine, session, f"{session.id}-manifest.csv", done.paths))


def _write(
    engine: AthenaEngine,
    sql: str,
    session: Session,
    layout: Layout,
    place: Callable[[tuple[str, ...]], str],
    given: Sequence[TypedColumn] | None = None,
) -> tuple[WrittenFiles, int]:
    """Write a query's rows.

    `given` are the columns that the query fills, in its order: by default all of the layout's.
    """
    filled = list(layout.columns if given is None else given)

    def use(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> WrittenFiles:
        rows = rows_of(plan.sql, plan.columns, filled, layout.columns)
        engine.runner.require(rows)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE written AS {rows}")
        return RelationWriter(cursor, layout, place, engine.objects.write, _directory(session)).write("written")

    return engine.runner.run(sql, session.parameters, session.database, session.hold, use)


def _directory(session: Session) -> Path:
    return session.path.parent


def _layout(properties: Properties, columns: Sequence[TypedColumn], known: frozenset[str]) -> Layout:
    unknown = sorted(set(properties) - known)
    if unknown:
        message = f"line 1:1: Catalog 'awsdatacatalog' table property '{unknown[0]}' does not exist"
        raise StatementError("INVALID_TABLE_PROPERTY", message)
    if _text(properties, "table_type", "HIVE").upper() != "HIVE":
        raise StatementError("INVALID_TABLE_PROPERTY", "Unable to set table property 'table_type'")
    format_ = written_format(_text(properties, "format", "PARQUET"))
    partitions, buckets = _names(properties, "partitioned_by"), _names(properties, "bucketed_by")
    _check_partitions(columns, partitions)
    names = {column.name for column in columns}
    if missing := [name for name in buckets if name not in names - set(partitions)]:
        raise StatementError(
            "INVALID_TABLE_PROPERTY", f"Bucketing columns [{', '.join(missing)}] not present in schema"
        )
    count = _text(properties, "bucket_count", "0")
    if bool(buckets) != (count != "0") or not count.isdecimal():
        raise StatementError("INVALID_TABLE_PROPERTY", "bucketed_by and bucket_count must be given together")
    compression = next(
        (_text(properties, p) for p in ("write_compression", "parquet_compression", "compression") if p in properties),
        "GZIP",
    )
    delimiter = _text(properties, "field_delimiter", "\x01")
    return Layout(tuple(columns), format_, compression, partitions, buckets, int(count), delimiter)


def _check_partitions(columns: Sequence[TypedColumn], partitions: tuple[str, ...]) -> None:
    names = [column.name for column in columns]
    if missing := [name for name in partitions if name not in names]:
        raise StatementError(
            "INVALID_TABLE_PROPERTY", f"Partition columns [{', '.join(missing)}] not present in schema"
        )
    if partitions and tuple(names[-len(partitions) :]) != partitions:
        message = (
            f"Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"[{', '.join(partitions)}]"
        )
        raise StatementError("HIVE_COLUMN_ORDER_MISMATCH", message)
    if partitions and len(partitions) == len(names):
        raise StatementError("INVALID_TABLE_PROPERTY", "Table contains only partition columns")


def _layout_of(table: CatalogueTable) -> Layout:
    """The layout in which INSERT writes to an existing table."""
    format_: Format = format_of_serde(str(table.serde.get("SerializationLibrary") or ""))
    own: dict[str, str] = table.serde.get("Parameters") or {}
    parameters = {**own, **table.parameters}
    if table.descriptor.get("BucketColumns"):
        raise StatementError("NOT_SUPPORTED", "Inserting into bucketed tables is not supported in the sandbox's Athena")
    compression = parameters.get("write.compression") or parameters.get("parquet.compression") or "GZIP"
    partitions = tuple(column.name for column in table.partition_columns)
    delimiter = str(parameters.get("field.delim") or "\x01")
    return Layout(table.all_columns, format_, str(compression), partitions, delimiter=delimiter)


def _target(engine: AthenaEngine, statement: forms.InsertInto, session: Session) -> CatalogueTable:
    schema, name = statement.name.schema or session.database, statement.name.table
    table = engine.catalogue.table(schema, name)
    if table is None:
        raise StatementError("TABLE_NOT_FOUND", f"line 1:1: Table '{CATALOG.lower()}.{schema}.{name}' does not exist")
    if table.view is not None:
        raise StatementError("NOT_SUPPORTED", "line 1:1: Inserting into views is not supported")
    return table


def _chosen(table: CatalogueTable, names: tuple[str, ...]) -> list[TypedColumn]:
    """The columns that INSERT names, or all."""
    if not names:
        return list(table.all_columns)
    by_name = {column.name: column for column in table.all_columns}
    for name in names:
        if name not in by_name:
            raise StatementError(
                "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {name}"
            )
        if names.count(name) > 1:
            raise StatementError(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Insert column name is specified more than once: {name}"
            )
    return [by_name[name] for name in names]


def _check_types(target: Sequence[TypedColumn], query: Sequence[TypedColumn]) -> None:
    """Check that the query has as many columns as the target, of types that convert: StatementAnalyzer of Trino 435."""
    if len(target) == len(query) and all(_fits(have, need) for have, need in zip(query, target, strict=True)):
        return
    need, have = (", ".join(column.type.athena for column in columns) for columns in (target, query))
    message = f"line 1:1: Insert query has mismatched column types: Table: [{need}], Query: [{have}]"
    raise StatementError("TYPE_MISMATCH", message)


def _fits(have: TypedColumn, need: TypedColumn) -> bool:
    texts = {"varchar", "char"}
    return can_coerce(have.type, need.type) or {have.type.name, need.type.name} <= texts


def _create(engine: AthenaEngine, schema: str, name: str, location: str, layout: Layout, done: WrittenFiles) -> None:
    delimited = {"field.delim": layout.delimiter} if layout.format is TEXTFILE else {}
    by_name = {column.name: column for column in layout.columns}
    compression = "parquet.compression" if layout.format is PARQUET else "write.compression"
    storage: dict[str, Any] = {
        "Columns": described(layout.stored),
        "Location": location,
        "InputFormat": layout.format.input,
        "OutputFormat": layout.format.output,
        "BucketColumns": list(layout.buckets),
        "NumberOfBuckets": layout.bucket_count,
        "SerdeInfo": {
            "SerializationLibrary": layout.format.serde,
            "Parameters": {"serialization.format": layout.delimiter if delimited else "1", **delimited},
        },
    }
    parameters = {
        "EXTERNAL": "TRUE",
        "has_encrypted_data": "false",
        "transient_lastDdlTime": str(int(time.time())),
        compression: layout.compression.upper(),
    }
    table_input = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": described([by_name[partition] for partition in layout.partitions]),
        "StorageDescriptor": storage,
    }
    engine.catalogue.create_table(schema, table_input)
    if layout.partitions:
        table = engine.catalogue.table(schema, name)
        if table is not None:
            engine.catalogue.add_partitions(table, [(v, _under(location, layout)(v)) for v in done.partitions])


def _under(location: str, layout: Layout) -> Callable[[tuple[str, ...]], str]:
    base = location.rstrip("/") + "/"
    names = list(layout.partitions)
    return lambda values: f"{base}{hive_path(names, values)}/" if values else base


def _check_empty(engine: AthenaEngine, location: str, what: str) -> None:
    bucket, prefix = split_location(location)
    if engine.objects.list(bucket, prefix):
        message = f"Target directory for {what} already exists: {location}"
        raise StatementError("HIVE_PATH_ALREADY_EXISTS", message)


def _manifest(engine: AthenaEngine, session: Session, name: str, paths: Sequence[str]) -> str | None:
    """Upload the list of the written files; None if there are no files."""
    if not paths:
        return None
    location = f"{session.settings.output_location}{name}"
    local = session.path.with_name(f"{session.id}-manifest.csv")
    local.write_text("".join(f"{path}\n" for path in paths))
    engine.objects.write(local, location)
    local.unlink()
    return location


def _text(properties: Properties, name: str, default: str = "") -> str:
    value = properties.get(name, default)
    if isinstance(value, tuple):
        raise StatementError("INVALID_TABLE_PROPERTY", f"Unable to set table property '{name}' to an array")
    return value


def _names(properties: Properties, name: str) -> tuple[str, ...]:
    value = properties.get(name, ())
    if not isinstance(value, tuple):
        raise StatementError(
            "INVALID_TABLE_PROPERTY", f"Unable to set table property '{name}': it is an ARRAY of names"
        )
    return tuple(part.lower() for part in value)


@contextmanager
def _left(sentence: str) -> Any:
    """Add to a failure the location where its data may remain."""
    try:
        yield
    except StatementError as error:
        stop = "" if error.reason.endswith(".") else "."
        error.reason = f"{error.reason}{stop} {sentence} Athena will not delete data in your account."
        raise
