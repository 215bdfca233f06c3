"""SHOW CREATE TABLE: a table of the Glue catalogue as Hive's DDL, an Iceberg table as Athena's.

Hive's form is in ql/src/java/org/apache/hadoop/hive/ql/ddl/table/create/show/ShowCreateTableOperation.java. That of an
Iceberg table creates it again (https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-show-create-table.html);
one is in https://github.com/aws/aws-sdk-pandas/issues/3222.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.athena.catalogue import CatalogueTable, TypedColumn
from sandbox.athena.commands.icebergs import COMPRESSION, PROPERTIES
from sandbox.athena.errors import StatementError

_HIDDEN = frozenset({"EXTERNAL", "comment"})


def definition_of(table: CatalogueTable) -> list[str]:
    """The statement, line by line."""
    descriptor, serde = table.descriptor, table.serde
    library = str(serde.get("SerializationLibrary") or "")
    lines = [f"CREATE EXTERNAL TABLE `{table.database}.{table.name}`(", *_columns(table.columns, library)]
    comment = table.parameters.get("comment")
    if comment:
        lines.append(f"COMMENT {_text(comment)}")
    if table.partition_columns:
        lines += ["PARTITIONED BY ( ", *_columns(table.partition_columns, "")]
    buckets: list[str] = descriptor.get("BucketColumns") or []
    if buckets:
        lines += ["CLUSTERED BY ( ", *_list(f"  {name}" for name in buckets)]
        lines.append(f"INTO {descriptor.get('NumberOfBuckets')} BUCKETS")
    lines += ["ROW FORMAT SERDE ", f"  {_text(library)} "]
    parameters: dict[str, str] = serde.get("Parameters") or {}
    if parameters:
        lines += ["WITH SERDEPROPERTIES ( ", *_properties(parameters, end=") ")]
    lines += ["STORED AS INPUTFORMAT ", f"  {_text(descriptor.get('InputFormat') or '')} "]
    lines += ["OUTPUTFORMAT ", f"  {_text(descriptor.get('OutputFormat') or '')}"]
    lines += ["LOCATION", f"  {_text(descriptor.get('Location') or '')}"]
    shown = {name: value for name, value in table.parameters.items() if name not in _HIDDEN}
    return [*lines, "TBLPROPERTIES (", *_properties(shown)] if shown else lines


def iceberg_definition(table: CatalogueTable, loaded: Any) -> list[str]:
    """The statement for an Iceberg table, line by line; `loaded` is pyiceberg's.

    Raises:
        StatementError: the table has a property that Athena does not have.
    """
    given: Mapping[str, str] = loaded.properties
    unknown = next((name for name in given if name not in PROPERTIES and name != COMPRESSION), None)
    if unknown is not None:
        raise StatementError("UNSUPPORTED", f"The table has the custom property {unknown}")
    shown = {"table_type": "iceberg", "write_compression": given.get(COMPRESSION, "zstd"), "format": "parquet"}
    shown |= {name: value for name, value in sorted(given.items()) if name in PROPERTIES}
    schema, fields = loaded.schema(), loaded.spec().fields
    by = (_transform(str(field.transform), schema.find_field(field.source_id).name) for field in fields)
    columns = (f"  {column.name} {column.type.glue}{_comment(column.comment)}" for column in table.columns)
    return [
        f"CREATE TABLE {table.database}.{table.name} (",
        *_list(columns, between=","),
        *([f"PARTITIONED BY ({', '.join(by)})"] if fields else ()),
        f"LOCATION {_text(loaded.location())}",
        "TBLPROPERTIES (",
        *_list((f"  {_text(name)}={_text(value)}" for name, value in shown.items()), end="", between=","),
        ");",
    ]


def _comment(comment: str) -> str:
    return f" COMMENT {_text(comment)}" if comment else ""


def _transform(transform: str, column: str) -> str:
    """A partition's transform, such as bucket[2], in Athena's form."""
    name, _, count = transform.removesuffix("]").partition("[")
    if name == "identity":
        return f"`{column}`"
    return f"{name}({', '.join((*([count] if count else ()), f'`{column}`'))})"


def _columns(columns: Iterable[TypedColumn], library: str) -> list[str]:
    """Columns with their comments. A JSON SerDe has a fixed comment for each column without one."""
    default = "from deserializer" if "json" in library.lower() else ""
    return _list(f"  `{column.name}` {column.type.glue}{_comment(column.comment or default)}" for column in columns)


def _list(lines: Iterable[str], end: str = ")", between: str = ", ") -> list[str]:
    """Lines, each followed by `between`, a comma, and the last by `end`."""
    listed = list(lines)
    return [*(f"{line}{between}" for line in listed[:-1]), *(f"{line}{end}" for line in listed[-1:])]


def _properties(properties: Mapping[str, str], end: str = ")") -> list[str]:
    return _list((f"  {_text(name)}={_text(value)}" for name, value in sorted(properties.items())), end)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\x01", "\\u0001").replace("\t", "\\t")
    return f"'{escaped}'"
