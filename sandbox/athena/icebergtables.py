"""The tables that describe an Iceberg table: "t$files", "$manifests", "$history", "$partitions", "$snapshots", "$refs".

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-data.html names them; their columns are those of
trino 435, io.trino.plugin.iceberg.FilesTable, ManifestsTable, PartitionTable and the like. A value is its text, that
of an array, map or row a JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from sandbox.athena.columns import TypedColumn
from sandbox.athena.errors import StatementError
from sandbox.athena.iceberg import type_of
from sandbox.athena.types import Type, parse, row_of

Row = tuple[str | None, ...]
_COUNTS, _BOUNDS = "map<integer,bigint>", "map<integer,varchar>"
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "history": {
        "made_current_at": "timestamp with time zone",
        "snapshot_id": "bigint",
        "parent_id": "bigint",
        "is_current_ancestor": "boolean",
    },
    "snapshots": {
        "committed_at": "timestamp with time zone",
        "snapshot_id": "bigint",
        "parent_id": "bigint",
        "operation": "varchar",
        "manifest_list": "varchar",
        "summary": "map<varchar,varchar>",
    },
    "manifests": {
        "path": "varchar",
        "length": "bigint",
        "partition_spec_id": "integer",
        "added_snapshot_id": "bigint",
        "added_data_files_count": "integer",
        "added_rows_count": "bigint",
        "existing_data_files_count": "integer",
        "existing_rows_count": "bigint",
        "deleted_data_files_count": "integer",
        "deleted_rows_count": "bigint",
        "partition_summaries": "array<struct<contains_null:boolean,contains_nan:boolean,"
        "lower_bound:varchar,upper_bound:varchar>>",
    },
    "files": {
        "content": "integer",
        "file_path": "varchar",
        "file_format": "varchar",
        "record_count": "bigint",
        "file_size_in_bytes": "bigint",
        **dict.fromkeys(("column_sizes", "value_counts", "null_value_counts", "nan_value_counts"), _COUNTS),
        **dict.fromkeys(("lower_bounds", "upper_bounds"), _BOUNDS),
        "key_metadata": "varbinary",
        "split_offsets": "array<bigint>",
        "equality_ids": "array<integer>",
    },
    "refs": {
        "name": "varchar",
        "type": "varchar",
        "snapshot_id": "bigint",
        "max_reference_age_in_ms": "bigint",
        "min_snapshots_to_keep": "integer",
        "max_snapshot_age_in_ms": "bigint",
    },
    "partitions": {"record_count": "bigint", "file_count": "bigint", "total_size": "bigint"},
}
_UNDOCUMENTED = frozenset({"properties", "metadata_log_entries", "entries", "all_entries", "all_manifests"})
"""Trino's other tables, which Athena does not document."""


def described(table: Any, which: str) -> tuple[tuple[TypedColumn, ...], tuple[Row, ...]] | None:
    """The columns and rows of a table such as "$files", named without the $; None for any other name.

    Raises:
        StatementError: the name is Trino's and not in Athena's documentation.
    """
    if which in _UNDOCUMENTED:
        raise StatementError("NOT_SUPPORTED", f"The sandbox's Athena has no ${which} of an Iceberg table")
    names = _COLUMNS.get(which)
    if names is None:
        return None
    columns = [TypedColumn(name, parse(type_)) for name, type_ in names.items()]
    fields = _partition_fields(table) if which in {"files", "partitions"} else []
    if fields:
        partition = row_of(*(type_ for _, type_ in fields), names=[field.name for field, _ in fields])
        columns.insert(0 if which == "partitions" else len(columns), TypedColumn("partition", partition))
    measured = _measured(table) if which == "partitions" else []
    if measured:
        columns.append(TypedColumn("data", _measures(measured)))
    return tuple(columns), tuple(_ROWS[which](table))


def _history(table: Any) -> Iterable[Row]:
    parents = {s.snapshot_id: s.parent_snapshot_id for s in table.metadata.snapshots}
    current: set[int] = set()
    at = table.metadata.current_snapshot_id
    while at is not None and at not in current:
        current.add(at)
        at = parents.get(at)
    for entry in table.history():
        ancestor = "true" if entry.snapshot_id in current else "false"
        yield _moment(entry.timestamp_ms), str(entry.snapshot_id), _text(parents.get(entry.snapshot_id)), ancestor


def _snapshots(table: Any) -> Iterable[Row]:
    for s in table.metadata.snapshots:
        operation = s.summary.operation.value if s.summary else None
        summary = json.dumps(s.summary.additional_properties if s.summary else {})
        parent = _text(s.parent_snapshot_id)
        yield _moment(s.timestamp_ms), str(s.snapshot_id), parent, operation, s.manifest_list, summary


def _manifests(table: Any) -> Iterable[Row]:
    snapshot = table.current_snapshot()
    manifests: list[Any] = snapshot.manifests(table.io) if snapshot else []
    for manifest in manifests:
        numbers = (
            manifest.manifest_length,
            manifest.partition_spec_id,
            manifest.added_snapshot_id,
            manifest.added_files_count,
            manifest.added_rows_count,
            manifest.existing_files_count,
            manifest.existing_rows_count,
            manifest.deleted_files_count,
            manifest.deleted_rows_count,
        )
        yield manifest.manifest_path, *map(_text, numbers), json.dumps(_summaries(table, manifest))


def _summaries(table: Any, manifest: Any) -> list[dict[str, Any]]:
    schema, spec = table.schema(), table.specs()[manifest.partition_spec_id]
    found: list[dict[str, Any]] = []
    for field, summary in zip(spec.fields, manifest.partitions or [], strict=False):
        type_ = field.transform.result_type(schema.find_type(field.source_id))
        bounds = {
            name: None if octets is None else field.transform.to_human_string(type_, _value(type_, octets))
            for name, octets in (("lower_bound", summary.lower_bound), ("upper_bound", summary.upper_bound))
        }
        found.append({"contains_null": summary.contains_null, "contains_nan": summary.contains_nan, **bounds})
    return found


def _files(table: Any) -> Iterable[Row]:
    types = _primitives(table)
    fields = _partition_fields(table)
    for file in _data_files(table):
        maps = (file.column_sizes, file.value_counts, file.null_value_counts, file.nan_value_counts)
        counts = [None if counted is None else json.dumps(dict(counted)) for counted in maps]
        bounds = [
            None
            if bounded is None
            else json.dumps(
                {id_: _human(types[id_], _value(types[id_], at)) for id_, at in bounded.items() if id_ in types}
            )
            for bounded in (file.lower_bounds, file.upper_bounds)
        ]
        offsets, ids = (
            None if given is None else json.dumps(list(given)) for given in (file.split_offsets, file.equality_ids)
        )
        sizes = (str(file.record_count), str(file.file_size_in_bytes))
        partition = [_partition(table, fields, file)] if fields else []
        yield "0", file.file_path, "PARQUET", *sizes, *counts, *bounds, None, offsets, ids, *partition


def _refs(table: Any) -> Iterable[Row]:
    for name, ref in table.metadata.refs.items():
        numbers = (ref.snapshot_id, ref.max_ref_age_ms, ref.min_snapshots_to_keep, ref.max_snapshot_age_ms)
        yield name, ref.snapshot_ref_type.value.upper(), *map(_text, numbers)


def _partitions(table: Any) -> Iterable[Row]:
    fields, measured = _partition_fields(table), _measured(table)
    groups: dict[str | None, list[Any]] = {}
    for file in _data_files(table):
        groups.setdefault(_partition(table, fields, file) if fields else None, []).append(file)
    for partition, files in groups.items():
        sums = (
            sum(f.record_count for f in files),
            len(files),
            sum(f.file_size_in_bytes for f in files),
        )
        data = [_data(measured, files)] if measured else []
        yield *([partition] if fields else []), *map(str, sums), *data


def _data(measured: list[Any], files: list[Any]) -> str | None:
    """The least and greatest value and the counts of each column; None if a file's writer has not counted."""
    data: dict[str, Any] = {}
    for field in measured:
        low, high = (
            [_value(field.field_type, octets) for octets in _of_column(files, name, field.field_id)]
            for name in _BOUNDED
        )
        counted = [_of_column(files, name, field.field_id) for name in _NULLS]
        nulls, nans = (sum(counts) if counts else None for counts in counted)
        if not low and not high and nulls is None:
            return None
        data[field.name.lower()] = {
            "min": _human(field.field_type, min(low)) if low else None,
            "max": _human(field.field_type, max(high)) if high else None,
            "null_count": nulls,
            "nan_count": nans,
        }
    return json.dumps(data)


def _of_column(files: list[Any], name: str, field_id: int) -> list[Any]:
    """The statistics of a column in the files that have it."""
    maps: list[dict[int, Any]] = [getattr(file, name) or {} for file in files]
    return [one[field_id] for one in maps if field_id in one]


_BOUNDED = ("lower_bounds", "upper_bounds")
_NULLS = ("null_value_counts", "nan_value_counts")


def _data_files(table: Any) -> list[Any]:
    return [task.file for task in table.scan().plan_files()] if table.current_snapshot() else []


def _partition_fields(table: Any) -> list[tuple[Any, Type]]:
    """The fields of all partition specs whose column still exists, with Athena's types."""
    types = {field.field_id: field.field_type for field in table.schema().fields}
    fields = {
        field.field_id: field for spec in table.specs().values() for field in spec.fields if field.source_id in types
    }
    return [(field, type_of(field.transform.result_type(types[field.source_id]))) for field in fields.values()]


def _partition(table: Any, fields: list[tuple[Any, Type]], file: Any) -> str:
    types = {field.field_id: field.field_type for field in table.schema().fields}
    given = {
        field.field_id: (field.transform.result_type(types[field.source_id]), value)
        for field, value in zip(table.specs()[file.spec_id].fields, _values_of(file.partition), strict=True)
        if field.source_id in types
    }
    known = {field.name: given.get(field.field_id) for field, _ in fields}
    return json.dumps(
        {name: None if pair is None or pair[1] is None else _human(*pair) for name, pair in known.items()}
    )


def _values_of(record: Any) -> list[Any]:
    return [record[place] for place in range(len(record))]


def _measured(table: Any) -> list[Any]:
    """The columns of simple types that are not partition columns."""
    identity = {field.source_id for field in table.spec().fields if str(field.transform) == "identity"}
    return [f for f in table.schema().fields if f.field_type.is_primitive and f.field_id not in identity]


def _measures(measured: list[Any]) -> Type:
    bigint = parse("bigint")
    columns = [
        row_of(
            type_of(f.field_type),
            type_of(f.field_type),
            bigint,
            bigint,
            names=["min", "max", "null_count", "nan_count"],
        )
        for f in measured
    ]
    return row_of(*columns, names=[f.name.lower() for f in measured])


def _primitives(table: Any) -> dict[int, Any]:
    index: Any = vars(import_module("pyiceberg.schema"))["index_by_id"]
    return {id_: field.field_type for id_, field in index(table.schema()).items() if field.field_type.is_primitive}


def _value(type_: Any, octets: bytes) -> Any:
    return import_module("pyiceberg.conversions").from_bytes(type_, octets)


def _human(type_: Any, value: Any) -> str:
    """A value in Iceberg's readable form: 2026-01-01T00:00:00.123456."""
    if isinstance(value, bool):
        return str(value).lower()
    return import_module("pyiceberg.transforms").IdentityTransform().to_human_string(type_, value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _moment(epoch_ms: int) -> str:
    return f"{datetime.fromtimestamp(epoch_ms / 1000).astimezone().isoformat(timespec='milliseconds')}"


_ROWS: Mapping[str, Callable[[Any], Iterable[Row]]] = {
    "history": _history,
    "snapshots": _snapshots,
    "manifests": _manifests,
    "files": _files,
    "refs": _refs,
    "partitions": _partitions,
}
