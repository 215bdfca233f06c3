"""DESCRIBE of tables, views, partitions and columns.

The lines are as measured by aoyagikouhei/athena-local: docs/result-files.md, src/operation/describe_detail.rs.
https://docs.aws.amazon.com/athena/latest/ug/describe-table.html
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.athena.catalogue import CatalogueTable, TypedColumn
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult, texts
from sandbox.athena.commands.showing import WIDTH, view_columns
from sandbox.athena.errors import StatementError
from sandbox.athena.statements import forms

_COLUMNS = ("col_name", "data_type", "comment")
_BLANK = "\t \t "
_HEADER = f"# {'col_name':<{WIDTH}}\t{'data_type':<{WIDTH}}\t{'comment':<{WIDTH}}"


def describe(engine: AthenaEngine, statement: forms.Describe, session: Session) -> StatementResult:
    """DESCRIBE: one line for each column, and the partition columns again below a heading."""
    table = engine.found(statement.name, session.database)
    if table.view is not None:
        return view_columns(table.view)
    if statement.detail == "EXTENDED":
        raise StatementError("NOT_SUPPORTED", "DESCRIBE EXTENDED: DESCRIBE FORMATTED has the same, in lines")
    if statement.column:
        return _lines([_line(_column(table, statement.column))])
    if statement.partition:
        _check_partition(engine, table, statement.partition)
    if statement.detail:
        return _lines(_formatted(table))
    return _lines([*map(_line, table.all_columns), *_partition_block(table)])


def _lines(lines: Iterable[str]) -> StatementResult:
    return texts(_COLUMNS, list(lines), update_count=None)


def _line(column: TypedColumn) -> str:
    """The name, the type and the comment, padded; a comment ends at its first tab."""
    comment = f"{column.comment:<{WIDTH}}".partition("\t")[0]
    return f"{column.name:<{WIDTH}}\t{column.type.glue:<{WIDTH}}\t{comment}"


def _partition_block(table: CatalogueTable) -> list[str]:
    if not table.partition_columns:
        return []
    return [_BLANK, "# Partition Information\t \t ", _HEADER, _BLANK, *map(_line, table.partition_columns)]


def _formatted(table: CatalogueTable) -> list[str]:
    descriptor, serde = table.descriptor, table.serde
    lines = [_HEADER, _BLANK, *map(_line, table.columns), *_partition_block(table), _BLANK]
    lines += ["# Detailed Table Information\t \t ", _pair("Database:", table.database)]
    lines += [_pair("LastAccessTime:", "UNKNOWN"), _pair("Protect Mode:", "None"), _pair("Retention:", "0")]
    lines += [_pair("Location:", descriptor.get("Location") or ""), _pair("Table Type:", "EXTERNAL_TABLE")]
    lines += ["Table Parameters:\t \t ", *_named(table.parameters.items())]
    lines += [_BLANK, "# Storage Information\t \t ", _pair("SerDe Library:", serde.get("SerializationLibrary") or "")]
    lines += [_pair("InputFormat:", descriptor.get("InputFormat") or "")]
    lines += [_pair("OutputFormat:", descriptor.get("OutputFormat") or ""), _pair("Compressed:", "No")]
    buckets: list[str] = descriptor.get("BucketColumns") or []
    lines += [_pair("Bucket Columns:", f"[{', '.join(buckets)}]"), _pair("Sort Columns:", "[]")]
    parameters: dict[str, str] = serde.get("Parameters") or {}
    return [*lines, *(["Storage Desc Params:\t \t ", *_named(parameters.items())] if parameters else [])]


def _named(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"\t{name:<{WIDTH}}\t{value:<{WIDTH}}" for name, value in sorted(pairs)]


def _pair(label: str, value: str) -> str:
    return f"{label:<{WIDTH}}\t{value:<{WIDTH}}\t "


def _column(table: CatalogueTable, name: str) -> TypedColumn:
    found = next((column for column in table.all_columns if column.name == name), None)
    if found is None:
        raise StatementError("FAILED", f"SemanticException [Error 10002]: Invalid column reference {name}")
    return found


def _check_partition(engine: AthenaEngine, table: CatalogueTable, values: tuple[tuple[str, str], ...]) -> None:
    asked = dict(values)
    values_asked = tuple(asked.get(column.name, "") for column in table.partition_columns)
    if values_asked not in {partition.values for partition in engine.catalogue.partitions(table)}:
        spec = ", ".join(f"{name}={value}" for name, value in values)
        raise StatementError("FAILED", f"SemanticException [Error 10006]: Partition not found {{{spec}}}")
