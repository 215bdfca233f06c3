"""Iceberg tables of the Glue catalogue, by pyiceberg: their columns, their data files at a snapshot, their writes.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html. Writes are copy-on-write; data files with delete
files beside them (merge-on-read, as Athena and Spark write updates) are refused. pyiceberg is imported when the first
Iceberg table is used, because the import takes a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from importlib import import_module
from typing import Any, TypeVar

from sandbox.athena.columns import TypedColumn
from sandbox.athena.errors import StatementError
from sandbox.athena.files import MAX_PARTITIONS
from sandbox.athena.objects import S3Object
from sandbox.athena.types import Type, array_of, map_of, parse, row_of

T = TypeVar("T")

_ATTEMPTS = 5
_KNOWN_FILES = 256
"""The number of cached lists of files, by table and snapshot. A metadata file never changes, so neither does its
list.
"""
_AT = re.compile(r"(?P<name>.+)\$at:(?P<kind>version|timestamp):(?P<value>.+)")
_NAMES = {
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "string": "varchar",
    "timestamp": "timestamp(6)",
    "timestamptz": "timestamp(6) with time zone",
}


def is_iceberg(raw: Mapping[str, Any]) -> bool:
    """Return whether Glue's description is of an Iceberg table."""
    parameters: Mapping[str, str] = raw.get("Parameters") or {}
    return str(parameters.get("table_type", "")).upper() == "ICEBERG"


def dated(name: str, kind: str, value: str) -> str:
    """The name under which the catalogue has a table at a version (a snapshot's id) or a timestamp (ISO 8601)."""
    return f"{name}$at:{kind}:{value}"


def undated(name: str) -> tuple[str, str, str]:
    """A name without its version or timestamp, the kind of that, and its value; both are empty if it has neither."""
    found = _AT.fullmatch(name)
    return (found["name"], found["kind"], found["value"]) if found else (name, "", "")


class Iceberg:
    """The Iceberg tables behind an endpoint; `settings` are pyiceberg's for its Glue catalogue."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = dict(settings)
        self._read: dict[tuple[str, str], Any] = {}
        self._files: dict[tuple[str, int | None], list[S3Object]] = {}

    @cached_property
    def catalog(self) -> Any:
        """pyiceberg's catalogue."""
        try:
            return import_module("pyiceberg.catalog.glue").GlueCatalog("glue", **self._settings)
        except ModuleNotFoundError as error:
            message = "Iceberg tables need pyiceberg and pyarrow: pip install 'sales-analytics-cdc[iceberg]'"
            raise StatementError("NOT_SUPPORTED", message) from error

    def load(self, database: str, name: str) -> Any:
        """pyiceberg's table in its current state."""
        return self.catalog.load_table((database, name))

    def load_at(self, database: str, name: str, metadata_location: str) -> Any:
        """pyiceberg's table for reading, cached while Glue names the same metadata file."""
        known = self._read.get((database, name))
        if known is None or known.metadata_location != metadata_location:
            known = self._read[database, name] = self.load(database, name)
        return known

    def columns(self, table: Any, snapshot: int | None = None) -> tuple[TypedColumn, ...]:
        """The columns at a snapshot, by default the current one."""
        schema = table.schema()
        _check_names(table)
        if snapshot is not None:
            found = table.snapshot_by_id(snapshot)
            schema = table.schemas()[found.schema_id] if found.schema_id is not None else schema
        return tuple(
            TypedColumn(field.name.lower(), type_of(field.field_type), field.doc or "") for field in schema.fields
        )

    def snapshot(self, table: Any, kind: str, value: str) -> int | None:
        """The id of the snapshot that FOR VERSION or TIMESTAMP AS OF names; None for the current one."""
        if not kind:
            return None
        if kind == "version":
            if not value.isdecimal() or table.snapshot_by_id(int(value)) is None:
                raise StatementError("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exists: {value}")
            return int(value)
        asked_ms = int(datetime.fromisoformat(value).timestamp() * 1000)
        entries = [entry for entry in table.history() if entry.timestamp_ms <= asked_ms]
        if not entries:
            message = f"No version history table {table.name()[-1]} at or before {value}"
            raise StatementError("INVALID_ARGUMENTS", message)
        return entries[-1].snapshot_id

    def files(self, table: Any, snapshot: int | None) -> list[S3Object]:
        """The data files at a snapshot; raises StatementError if a delete file applies to one."""
        if snapshot is None and table.current_snapshot() is None:
            return []
        place = (str(table.metadata_location), snapshot)
        if (known := self._files.get(place)) is not None:
            return known
        found: list[S3Object] = []
        for task in table.scan(snapshot_id=snapshot).plan_files():
            if task.delete_files:
                raise StatementError(
                    "NOT_SUPPORTED", f"{table.name()[-1]} has delete files, which the sandbox does not read"
                )
            found.append(_object(task.file))
        if len(self._files) >= _KNOWN_FILES:
            self._files.clear()
        self._files[place] = found
        return found

    def reachable(self, table: Any) -> set[S3Object]:
        """The data files of all snapshots: each manifest's entries that are not deleted."""
        return {
            _object(entry.data_file)
            for manifest in _manifests(table).values()
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        }

    def paths(self, table: Any, files: Iterable[S3Object], earlier: int | None = None) -> set[str]:
        """The s3:// locations of all files that a table has: data, manifests, their lists, statistics and metadata.

        `files` are its reachable ones. Of the earlier files of metadata the last `earlier`, by default all that the
        table knows.
        """
        metadata = table.metadata
        logged = [entry.metadata_file for entry in metadata.metadata_log]
        return {
            table.metadata_location,
            *(logged if earlier is None else logged[len(logged) - min(earlier, len(logged)) :]),
            *(snapshot.manifest_list for snapshot in metadata.snapshots),
            *(file.statistics_path for file in (*metadata.statistics, *metadata.partition_statistics)),
            *_manifests(table),
            *(item.path for item in files),
        }

    def commit(self, change: Callable[[], T]) -> T:
        """Make a change; repeat it from the start if a concurrent writer was faster."""
        exceptions: Any = import_module("pyiceberg.exceptions")
        conflict = (exceptions.CommitFailedException, exceptions.ValidationException)
        for _ in range(_ATTEMPTS - 1):
            try:
                return change()
            except conflict:
                continue
        try:
            return change()
        except conflict as error:
            raise StatementError("ICEBERG_COMMIT_ERROR", f"Failed to commit: {error}") from error


def _manifests(table: Any) -> dict[str, Any]:
    """The manifests of all snapshots, by their locations."""
    lists = [snapshot.manifests(table.io) for snapshot in table.metadata.snapshots]
    return {manifest.manifest_path: manifest for listed in lists for manifest in listed}


def _object(file: Any) -> S3Object:
    bucket, _, key = file.file_path.partition("://")[2].partition("/")
    return S3Object(bucket, key, "iceberg", file.file_size_in_bytes)


def append(table: Any, rows: Any) -> None:
    """Commit one snapshot with these PyArrow rows; raises StatementError if they belong to too many partitions."""
    _check_partitions(table, rows)
    table.append(rows)


def _check_partitions(table: Any, rows: Any) -> None:
    """https://github.com/aws/aws-sdk-pandas/issues/3172 and 3222."""
    fields = table.spec().fields
    if not fields or rows.num_rows <= MAX_PARTITIONS:
        return
    keys: list[Any] = []
    for field in fields:
        source = table.schema().find_field(field.source_id)
        keys.append(field.transform.pyarrow_transform(source.field_type)(rows[source.name]))
    named = [str(place) for place in range(len(keys))]
    found = import_module("pyarrow").table(keys, named).group_by(named).aggregate([]).num_rows
    if found > MAX_PARTITIONS:
        message = f"Exceeded limit of {MAX_PARTITIONS} open writers for partitions"
        raise StatementError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", message)


def replace_files(table: Any, paths: Sequence[str], rows: Any) -> None:
    """Commit one snapshot without the data files of these paths (s3://bucket/key), and with these PyArrow rows."""
    if not paths:
        append(table, rows)
        return
    _check_partitions(table, rows)
    # pyiceberg's own delete() writes the rest of a file with this function, and has no public one.
    write: Any = vars(import_module("pyiceberg.io.pyarrow"))["_dataframe_to_data_files"]
    gone = {path.partition("://")[2] for path in paths}
    files = [task.file for task in table.scan().plan_files()]
    with table.transaction() as transaction, transaction.update_snapshot().overwrite() as snapshot:
        for file in files:
            if file.file_path.partition("://")[2] in gone:
                snapshot.delete_data_file(file)
        if rows.num_rows:
            for file in write(transaction.table_metadata, rows, table.io, snapshot.commit_uuid):
                snapshot.append_data_file(file)


def _check_names(table: Any) -> None:
    """Refuse a table with a renamed column, or a column with the name of a dropped one.

    Its older files have the column under a different name, and the sandbox reads columns by their names.
    """
    names: dict[int, set[str]] = {}
    ids: dict[str, set[int]] = {}
    for schema in table.schemas().values():
        for field in schema.fields:
            names.setdefault(field.field_id, set()).add(field.name)
            ids.setdefault(field.name, set()).add(field.field_id)
    for field in table.schema().fields:
        if len(names[field.field_id]) > 1 or len(ids[field.name]) > 1:
            column = f"{table.name()[-1]}'s column {field.name}"
            raise StatementError("NOT_SUPPORTED", f"{column} was renamed or replaced, which the sandbox does not read")


def type_of(type_: Any) -> Type:
    """Athena's type for one of Iceberg's.
    https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
    """
    kind = type(type_).__name__
    if kind == "ListType":
        return array_of(type_of(type_.element_type))
    if kind == "MapType":
        return map_of(type_of(type_.key_type), type_of(type_.value_type))
    if kind == "StructType":
        return row_of(*(type_of(f.field_type) for f in type_.fields), names=[f.name.lower() for f in type_.fields])
    name = str(type_)
    if name.startswith("fixed"):
        name = "binary"
    return parse(_NAMES.get(name, name).replace(", ", ","))


def schema_of(columns: Sequence[TypedColumn]) -> Any:
    """pyiceberg's schema of columns."""
    types: Any = import_module("pyiceberg.types")
    schema: Any = import_module("pyiceberg.schema")
    counter = iter(range(len(columns) + 1, 10**6))

    def converted(type_: Type) -> Any:
        if type_.name == "array":
            return types.ListType(next(counter), converted(type_.element), element_required=False)
        if type_.name == "map":
            key, value = next(counter), next(counter)
            return types.MapType(key, converted(type_.key), value, converted(type_.value), value_required=False)
        if type_.name == "row":
            return types.StructType(
                *(types.NestedField(next(counter), n, converted(t), required=False) for n, t in type_.fields)
            )
        if type_.name == "decimal":
            return types.DecimalType(*type_.decimal)
        simple = _SIMPLE.get(type_.name)
        if simple is None:
            raise StatementError("NOT_SUPPORTED", f"Type not supported for Iceberg: {type_.athena}")
        return getattr(types, simple)()

    fields = [
        types.NestedField(i, column.name, converted(column.type), required=False, doc=column.comment or None)
        for i, column in enumerate(columns, 1)
    ]
    return schema.Schema(*fields)


_SIMPLE = {
    "boolean": "BooleanType",
    "tinyint": "IntegerType",
    "smallint": "IntegerType",
    "integer": "IntegerType",
    "bigint": "LongType",
    "real": "FloatType",
    "double": "DoubleType",
    "date": "DateType",
    "timestamp": "TimestampType",
    "timestamp with time zone": "TimestamptzType",
    "varchar": "StringType",
    "char": "StringType",
    "varbinary": "BinaryType",
    "uuid": "UUIDType",
}
