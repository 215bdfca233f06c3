"""Iceberg tables: CREATE TABLE, CREATE TABLE AS, INSERT, UPDATE, DELETE, MERGE, OPTIMIZE and VACUUM.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html and the pages beside it. A write is
one commit, retried from the table's newest snapshot if a concurrent writer was faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import duckdb

from sandbox.athena.catalogue import CATALOG, CatalogueTable, TypedColumn
from sandbox.athena.commands import icebergfiles
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult, written
from sandbox.athena.errors import StatementError
from sandbox.athena.iceberg import append, replace_files, schema_of
from sandbox.athena.objects import split_location
from sandbox.athena.planning import QueryPlan
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.stored import rows_of
from sandbox.athena.sql import identifier, select
from sandbox.athena.statements import changing, forms
from sandbox.athena.statements.tokens import Name
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax import parse_query
from sandbox.athena.types import parse

_TRANSFORM = re.compile(r"(?P<name>\w+)\s*\((?:\s*(?P<count>\d+)\s*,)?\s*(?P<column>`?\w+`?)\s*\)", re.IGNORECASE)
PROPERTIES = frozenset(
    {
        *("table_type", "format", "write_compression", "optimize_rewrite_data_file_threshold"),
        *("optimize_rewrite_delete_file_threshold", "optimize_rewrite_min_data_file_size_bytes"),
        *("optimize_rewrite_max_data_file_size_bytes", "vacuum_min_snapshots_to_keep"),
        *("vacuum_max_snapshot_age_seconds", "vacuum_max_metadata_files_to_keep"),
        *("write_target_data_file_size_bytes", "write.data.path", "write.object-storage.path"),
    }
)
COMPRESSION = "write.parquet.compression-codec"
"""Iceberg's property for Athena's `write_compression`."""
_OF_FORMAT = frozenset({"table_type", "format", "write_compression"})
_CHANGES: Mapping[type[forms.IcebergChange], Callable[[str, Sequence[str]], changing.Changed]] = {
    forms.DeleteFrom: changing.delete,
    forms.UpdateTable: changing.update,
    forms.Merge: changing.merge,
}


def check_properties(names: Iterable[str]) -> None:
    """Refuse properties that Athena does not have for Iceberg tables.

    https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-alter-table-set-properties.html
    """
    unknown = next((name for name in names if name not in PROPERTIES), None)
    if unknown is not None:
        raise StatementError("NOT_SUPPORTED", f"Unsupported table property key: {unknown}")


def create(engine: AthenaEngine, statement: forms.CreateTable, session: Session) -> StatementResult:
    """CREATE TABLE with table_type ICEBERG."""
    check_properties(statement.properties)
    if statement.properties.get("format", "parquet").lower() != "parquet":
        raise StatementError("NOT_SUPPORTED", "Iceberg tables in the sandbox's Athena have the format parquet")
    if statement.external:
        raise StatementError("NOT_SUPPORTED", "External keyword not supported for table type ICEBERG")
    if statement.stored_as or statement.serde or statement.partitions or statement.buckets:
        clause = "PARTITIONED BY" if statement.partitions else "STORED AS, ROW FORMAT or CLUSTERED BY"
        raise StatementError("NOT_SUPPORTED", f"Iceberg create table statement does not allow {clause} of Hive")
    schema = statement.name.schema or session.database
    if engine.catalogue.raw_table(schema, statement.name.table) is not None:
        if statement.if_not_exists:
            return StatementResult()
        raise StatementError("TABLE_ALREADY_EXISTS", f"Table {schema}.{statement.name.table} already exists")
    split_location(statement.location)
    columns = [
        TypedColumn(column.name, stored_type(parse(column.type)), column.comment) for column in statement.columns
    ]
    described = _Described(columns, statement.partition_texts, statement.location, statement.properties)
    _create(engine, schema, statement.name.table, described)
    return StatementResult()


def create_as(
    engine: AthenaEngine,
    name: Name,
    given: Mapping[str, Any],
    columns: Sequence[TypedColumn],
    session: Session,
    sql: str,
) -> StatementResult:
    """CREATE TABLE AS with table_type ICEBERG; `given` are its properties, of which location is required."""
    location = given.get("location")
    if given.get("is_external", "false") != "false" or not location:
        message = "an Iceberg table needs the properties location and is_external = false"
        raise StatementError("INVALID_TABLE_PROPERTY", message)
    schema = name.schema or session.database
    stored = [TypedColumn(column.name, stored_type(column.type)) for column in columns]
    properties = {key: str(value) for key, value in given.items() if key in PROPERTIES}
    described = _Described(stored, tuple(given.get("partitioning", ())), str(location), properties)
    _create(engine, schema, name.table, described)
    table = engine.catalogue.table(schema, name.table)
    if table is None:
        raise StatementError("TABLE_NOT_FOUND", f"Table {schema}.{name.table} went away while it was written")
    return _append(engine, table, stored, sql, session)


def insert(
    engine: AthenaEngine, table: CatalogueTable, chosen: Sequence[TypedColumn], sql: str, session: Session
) -> StatementResult:
    """INSERT INTO: write the rows as new data files."""
    return _append(engine, table, chosen, sql, session)


def change(engine: AthenaEngine, statement: forms.IcebergChange, session: Session) -> StatementResult:
    """UPDATE, DELETE and MERGE: replace the files with changed rows; the others stay."""

    def once() -> StatementResult:
        table = _found(engine, statement.name, session)
        loaded = engine.catalogue.iceberg.load(table.database, table.name)
        changed = _CHANGES[type(statement)](statement.sql, [column.name for column in table.columns])
        if changed.repeated and (_number(engine, changed.repeated, session) or 0) > 1:
            message = "One MERGE target table row matched more than one source row"
            raise StatementError("MERGE_TARGET_ROW_MULTIPLE_MATCHES", message)
        count = _number(engine, changed.count, session) or 0
        if count:
            paths = _paths(engine, changed.touched, session)
            rows, _ = _rows(engine, loaded, table.columns, table.columns, changed.rows(paths), session)
            replace_files(loaded, paths, rows)
        return written(count, 0)

    return engine.catalogue.iceberg.commit(once)


def optimize(engine: AthenaEngine, statement: forms.Optimize, session: Session) -> StatementResult:
    """OPTIMIZE … REWRITE DATA [WHERE …]: rewrite the files with matching rows to as few files as possible."""

    def once() -> StatementResult:
        table = _found(engine, statement.name, session)
        loaded = engine.catalogue.iceberg.load(table.database, table.name)
        _check_condition(loaded, statement.where)
        target = f"{identifier(table.database)}.{identifier(table.name)}"
        paths = _paths(
            engine,
            select([f"DISTINCT {changing.PATH}"], f"{target}{f' WHERE {statement.where}' if statement.where else ''}"),
            session,
        )
        if len(paths) > 1:
            named = [identifier(column.name) for column in table.columns]
            left = select(named, f"{target} WHERE {changing.among(changing.PATH, paths)}")
            rows, _ = _rows(engine, loaded, table.columns, table.columns, left, session)
            replace_files(loaded, paths, rows)
        return written(0, 0)

    return engine.catalogue.iceberg.commit(once)


def _check_condition(loaded: Any, where: str) -> None:
    """Refuse a condition of OPTIMIZE on a column that the table is not partitioned by.

    https://docs.aws.amazon.com/athena/latest/ug/optimize-statement.html; the text is Trino's for its own form.
    """
    condition = parse_query(f"SELECT {where}") if where else ()
    named = {part.name for part in walked(condition) if isinstance(part, (n.Name, n.Dereference))}
    schema = loaded.schema()
    partitioned = {schema.find_field(field.source_id).name for field in loaded.spec().fields}
    if named.intersection(schema.column_names) - partitioned:
        message = (
            "Unexpected FilterNode found in plan; probably connector was not able to handle provided WHERE expression"
        )
        raise StatementError("NOT_SUPPORTED", message)


def vacuum(engine: AthenaEngine, statement: forms.Vacuum, session: Session) -> StatementResult:
    """VACUUM: expire snapshots, and delete the files that no snapshot has."""

    def once() -> StatementResult:
        icebergfiles.vacuum(engine, _found(engine, statement.name, session))
        return StatementResult()

    return engine.catalogue.iceberg.commit(once)


def _found(engine: AthenaEngine, name: Name, session: Session) -> CatalogueTable:
    schema = name.schema or session.database
    table = engine.catalogue.table(schema, name.table)
    if table is None:
        message = f"line 1:1: Table '{CATALOG.lower()}.{schema}.{name.table}' does not exist"
        raise StatementError("TABLE_NOT_FOUND", message)
    if table.objects is None:
        raise StatementError("NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional tables")
    return table


@dataclass(frozen=True)
class _Described:
    """A new table: its columns, the texts of its partition transforms, its location, and its properties."""

    columns: Sequence[TypedColumn]
    partitions: Sequence[str]
    location: str
    properties: Mapping[str, str]


def _create(engine: AthenaEngine, schema: str, name: str, described: _Described) -> None:
    if not engine.catalogue.has_database(schema):
        raise StatementError("SCHEMA_NOT_FOUND", f"Database {schema} not found. Please check your query")
    iceberg = schema_of(described.columns)
    engine.catalogue.iceberg.catalog.create_table(
        (schema, name),
        schema=iceberg,
        location=described.location.rstrip("/"),
        partition_spec=_spec(iceberg, described.partitions),
        properties={
            COMPRESSION: "zstd",
            **{key: value for key, value in described.properties.items() if key not in _OF_FORMAT},
        },
    )


_COUNTED = {"bucket": "number of buckets", "truncate": "truncate width"}


def _spec(schema: Any, partitions: Sequence[str]) -> Any:
    """The partition spec of PARTITIONED BY (day(at), bucket(4, id), name)."""
    specs: Any = import_module("pyiceberg.partitioning")
    transforms: Any = import_module("pyiceberg.transforms")
    fields: list[Any] = []
    for number, text in enumerate(partitions, 1000):
        found = _TRANSFORM.fullmatch(text.strip())
        column = (found["column"] if found else text).strip().strip("`").lower()
        word = found["name"].lower() if found else "identity"
        spelled = f"{word}[{found['count']}]" if found and found["count"] else word
        try:
            if found and found["count"] and int(found["count"]) == 0:
                # The Iceberg library of Trino refuses it; PyIceberg writes a table that it cannot read.
                raise ValueError(f"Invalid {_COUNTED.get(word, word)}: 0 (must be > 0)")
            transform, field = transforms.parse_transform(spelled), schema.find_field(column)
        except ValueError as error:
            raise StatementError(
                "INVALID_TABLE_PROPERTY", f"Unable to parse partitioning value {text}: {error}"
            ) from error
        suffix = {"truncate": "trunc"}.get(word, word)
        name = column if word == "identity" else f"{column}_{suffix}"
        fields.append(specs.PartitionField(field.field_id, number, transform, name))
    return specs.PartitionSpec(*fields)


def _append(
    engine: AthenaEngine, table: CatalogueTable, chosen: Sequence[TypedColumn], sql: str, session: Session
) -> StatementResult:
    loaded = engine.catalogue.iceberg.load(table.database, table.name)
    rows, scanned = _rows(engine, loaded, table.columns, chosen, sql, session)

    def once() -> None:
        if rows.num_rows:
            append(engine.catalogue.iceberg.load(table.database, table.name), rows)

    engine.catalogue.iceberg.commit(once)
    return written(rows.num_rows, scanned)


def _rows(
    engine: AthenaEngine,
    loaded: Any,
    columns: Sequence[TypedColumn],
    filled: Sequence[TypedColumn],
    sql: str,
    session: Session,
) -> tuple[Any, int]:
    """A query's rows as a PyArrow table of Iceberg's types; `filled` are the columns that the query fills."""
    target = import_module("pyiceberg.io.pyarrow").schema_to_pyarrow(loaded.schema(), include_field_ids=False)

    def use(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> Any:
        rows = rows_of(plan.sql, plan.columns, filled, columns)
        engine.runner.require(rows)
        found: Any = cursor.execute(rows)
        return found.to_arrow_table().cast(target)

    return engine.runner.run(sql, session.parameters, session.database, session.hold, use)


def _paths(engine: AthenaEngine, sql: str, session: Session) -> list[str]:
    """The file paths that a query returns."""

    def use(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> list[str]:
        return [row[0] for row in cursor.execute(plan.sql).fetchall()]

    return engine.runner.run(sql, (), session.database, session.hold, use)[0]


def _number(engine: AthenaEngine, sql: str, session: Session) -> int | None:
    def use(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> int | None:
        row = cursor.execute(plan.sql).fetchone()
        return row[0] if row else None

    return engine.runner.run(sql, (), session.database, session.hold, use)[0]


def stored_type(type_: Any) -> Any:
    """The stored form of a type: narrow integers are int, texts have no length, timestamps microseconds."""
    if type_.name in {"tinyint", "smallint"}:
        return parse("int")
    if type_.name in {"varchar", "char"}:
        return parse("string")
    if type_.name == "timestamp":
        return parse("timestamp(6)")
    if type_.name == "timestamp with time zone":
        raise StatementError("NOT_SUPPORTED", "timestamp with time zone in an Iceberg table of the sandbox's Athena")
    return type_
