"""SHOW CREATE TABLE: a table of the Glue catalogue as Hive's DDL.

Hive's form is in ql/src/java/org/apache/hadoop/hive/ql/ddl/table/create/show/ShowCreateTableOperation.java.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.athena.catalogue import CatalogueTable, TypedColumn

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


def _columns(columns: Iterable[TypedColumn], library: str) -> list[str]:
    """Columns with their comments. A JSON SerDe has a fixed comment for each column without one."""
    default = "from deserializer" if "json" in library.lower() else ""
    lines: list[str] = []
    for column in columns:
        comment = column.comment or default
        lines.append(f"  `{column.name}` {column.type.glue}" + (f" COMMENT {_text(comment)}" if comment else ""))
    return _list(lines)


def _list(lines: Iterable[str], end: str = ")") -> list[str]:
    """Lines, each followed by a comma and a space, and the last by a parenthesis."""
    listed = list(lines)
    return [*(f"{line}, " for line in listed[:-1]), *(f"{line}{end}" for line in listed[-1:])]


def _properties(properties: Mapping[str, str], end: str = ")") -> list[str]:
    return _list((f"  {_text(name)}={_text(value)}" for name, value in sorted(properties.items())), end)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\x01", "\\u0001").replace("\t", "\\t")
    return f"'{escaped}'"
