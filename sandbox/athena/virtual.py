"""Tables that are not in the Glue catalogue but describe it: information_schema, and the partitions of a table.

https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html, show-partitions.html ("table$partitions"). The
columns of information_schema are those of io/trino/connector/informationschema/InformationSchemaTable.java of Trino
435.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.athena.columns import TypedColumn, columns_of
from sandbox.athena.errors import StatementError
from sandbox.athena.types import BIGINT, VARCHAR

if TYPE_CHECKING:
    from sandbox.athena.catalogue import GlueCatalogue

SCHEMA = "information_schema"
PARTITIONS = "$partitions"
Row = tuple[str | None, ...]

_CATALOG = "awsdatacatalog"
_NAMES = ("table_catalog", "table_schema", "table_name")
_TABLES: Mapping[str, tuple[str, ...]] = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": (*_NAMES, "table_type"),
    "views": (*_NAMES, "view_definition"),
    "columns": (*_NAMES, "column_name", "ordinal_position", "column_default", "is_nullable", "data_type"),
}


def information(catalogue: GlueCatalogue, name: str) -> tuple[tuple[TypedColumn, ...], tuple[Row, ...]] | None:
    """The columns and rows of a table of information_schema; None for any other name."""
    names = _TABLES.get(name)
    if names is None:
        return None
    columns = tuple(TypedColumn(column, BIGINT if column == "ordinal_position" else VARCHAR) for column in names)
    return columns, tuple(_ROWS[name](catalogue))


def _schemata(catalogue: GlueCatalogue) -> Iterator[Row]:
    for schema in (*catalogue.databases(), SCHEMA):
        yield _CATALOG, schema


def _tables(catalogue: GlueCatalogue) -> Iterator[Row]:
    for schema, raw in _raws(catalogue):
        yield _CATALOG, schema, raw["Name"], "VIEW" if _is_view(raw) else "BASE TABLE"
    for name in _TABLES:
        yield _CATALOG, SCHEMA, name, "BASE TABLE"


def _views(catalogue: GlueCatalogue) -> Iterator[Row]:
    for schema, raw in _raws(catalogue):
        if _is_view(raw):
            yield _CATALOG, schema, raw["Name"], _definition(catalogue, schema, raw["Name"])


def _definition(catalogue: GlueCatalogue, schema: str, name: str) -> str | None:
    """A view's query; null if Athena cannot read it, so that the other views are still listed."""
    try:
        table = catalogue.table(schema, name)
    except StatementError:
        return None
    return table.view.sql if table is not None and table.view is not None else None


def _described(raw: Mapping[str, Any]) -> tuple[TypedColumn, ...]:
    """A table's columns; empty if it has a column of a type that Athena lacks."""
    descriptor: dict[str, Any] = raw.get("StorageDescriptor") or {}
    described: list[dict[str, str]] = [*descriptor.get("Columns", ()), *(raw.get("PartitionKeys") or ())]
    try:
        return columns_of(raw["Name"], described)
    except StatementError:
        return ()


def _columns(catalogue: GlueCatalogue) -> Iterator[Row]:
    for schema, raw in _raws(catalogue):
        for position, column in enumerate(_described(raw), 1):
            yield _CATALOG, schema, raw["Name"], column.name, str(position), None, "YES", column.type.athena
    for name, columns in _TABLES.items():
        for position, column in enumerate(columns, 1):
            kind = "bigint" if column == "ordinal_position" else "varchar"
            yield _CATALOG, SCHEMA, name, column, str(position), None, "YES", kind


def _raws(catalogue: GlueCatalogue) -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in catalogue.databases():
        for raw in catalogue.raw_tables(schema):
            yield schema, raw


def _is_view(raw: Mapping[str, Any]) -> bool:
    return raw.get("TableType") == "VIRTUAL_VIEW"


_ROWS: Mapping[str, Callable[[GlueCatalogue], Iterator[Row]]] = {
    "schemata": _schemata,
    "tables": _tables,
    "views": _views,
    "columns": _columns,
}
