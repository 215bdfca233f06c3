"""The parts of the Glue catalogue that queries use: databases, tables, partitions, views."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.athena.columns import TypedColumn, columns_of
from sandbox.athena.descriptions import Place, TableDescriptions, Together
from sandbox.athena.errors import StatementError
from sandbox.athena.iceberg import Iceberg, is_iceberg, undated
from sandbox.athena.icebergtables import described
from sandbox.athena.objects import S3Object
from sandbox.athena.types import parse
from sandbox.athena.virtual import PARTITIONS, SCHEMA, Row, information

CATALOG = "AwsDataCatalog"
_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)
"""The members of Glue's description of a table that TableInput also has."""
_READ = {"parquet": "parquet", "json": "json", "opencsv": "csv", "lazysimple": "text"}
"""The reader of rows, by a word of the SerDe's library in lower case."""
_HEADER = "skip.header.line.count"
_VIEW_PREFIX, _VIEW_SUFFIX = "/* Presto View: ", " */"


@dataclass(frozen=True)
class View:
    """A view's definition: SQL in Athena's dialect, resolved in the schema in which it was created."""

    sql: str
    schema: str
    columns: tuple[TypedColumn, ...]


@dataclass(frozen=True)
class Storage:
    """The location and format of a table's or a partition's rows.

    `format` is json, parquet, csv or text; `parameters` are the SerDe's.
    """

    location: str
    format: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class CatalogueTable:
    """A table of the catalogue. `raw` is Glue's description.

    Exactly one of `view`, `storage` and `rows` is set; `rows` are the texts of a table that describes a different one,
    and `objects` the data files of an Iceberg table, which lists them itself.
    """

    database: str
    name: str
    columns: tuple[TypedColumn, ...]
    partition_columns: tuple[TypedColumn, ...]
    parameters: Mapping[str, str]
    storage: Storage | None
    view: View | None
    raw: Mapping[str, Any]
    rows: tuple[Row, ...] | None = None
    objects: tuple[S3Object, ...] | None = None

    @property
    def descriptor(self) -> Mapping[str, Any]:
        """Glue's StorageDescriptor."""
        return self.raw.get("StorageDescriptor") or {}

    @property
    def serde(self) -> Mapping[str, Any]:
        """Glue's SerDeInfo."""
        return self.descriptor.get("SerdeInfo") or {}

    @property
    def all_columns(self) -> tuple[TypedColumn, ...]:
        """The columns in a query's order: stored ones first, then the partition columns."""
        return (*self.columns, *self.partition_columns)


@dataclass(frozen=True)
class CataloguePartition:
    """A partition of the catalogue: a value for each partition column, and its location."""

    values: tuple[str, ...]
    storage: Storage


class GlueCatalogue:
    """The Glue catalogue behind a boto3 client, with its Iceberg tables and the descriptions of single tables."""

    def __init__(self, glue: Any, iceberg: Iceberg | None = None) -> None:
        self._glue = glue
        self._descriptions = TableDescriptions(glue.meta.endpoint_url)
        self.iceberg = iceberg or Iceberg({})
        self._known: dict[tuple[str, str], CatalogueTable] = {}

    def databases(self) -> list[str]:
        """The names of all databases, in order."""
        return sorted(database["Name"] for database in self._pages("get_databases", "DatabaseList"))

    def described_databases(self) -> list[dict[str, Any]]:
        """Glue's descriptions of all databases, in the order of their names."""
        return sorted(self._pages("get_databases", "DatabaseList"), key=lambda database: str(database["Name"]))

    def described_database(self, name: str) -> dict[str, Any] | None:
        """Glue's description of a database; None if it does not exist."""
        try:
            return self._glue.get_database(Name=name)["Database"]
        except self._glue.exceptions.EntityNotFoundException:
            return None

    def has_database(self, name: str) -> bool:
        """Return whether a database with that name exists."""
        return self.described_database(name) is not None

    def raw_table(self, database: str, name: str) -> dict[str, Any] | None:
        """Glue's description of a table or view; None if it or the database does not exist."""
        return self._descriptions.get(database, name)

    def raw_tables(self, database: str) -> list[dict[str, Any]]:
        """Glue's descriptions of a database's tables and views, in the order of their names."""
        return sorted(
            self._pages("get_tables", "TableList", DatabaseName=database), key=lambda table: str(table["Name"])
        )

    def table(self, database: str, name: str) -> CatalogueTable | None:
        """A table or view; None if it or the database does not exist.

        `information_schema` and a table's name followed by $partitions are also tables.
        """
        return self._table(database, name, self._descriptions.get)

    def lookup(self, used: Callable[[str, str], Collection[Place]]) -> Callable[[str, str], CatalogueTable | None]:
        """Return `table` for one statement, which has the descriptions of tables that are `used` together in one call.

        `used` returns the tables and views that a table or view was last used with.
        """
        together = Together(self._descriptions, used)
        return lambda database, name: self._table(database, name, together.get)

    def _table(
        self, database: str, name: str, describe: Callable[[str, str], dict[str, Any] | None]
    ) -> CatalogueTable | None:
        if database == SCHEMA:
            described = information(self, name)
            return (
                None
                if described is None
                else CatalogueTable(database, name, described[0], (), {}, None, None, {}, described[1])
            )
        base, kind, moment = undated(name)
        base, _, which = base.partition("$")
        raw = describe(database, base)
        if raw is None:
            return None
        if not which and not kind:
            known = self._known.get((database, base))
            if known is None or known.raw != raw:
                known = self._known[database, base] = self._as_it_is(database, base, raw)
            return known
        if is_iceberg(raw):
            return (
                self._about(database, base, raw, which) if which else self._iceberg(database, base, raw, kind, moment)
            )
        if which:
            return self._partitions_of(database, name) if name.endswith(PARTITIONS) else None
        raise StatementError("NOT_SUPPORTED", "This connector does not support versioned tables")

    def _as_it_is(self, database: str, name: str, raw: Mapping[str, Any]) -> CatalogueTable:
        return self._iceberg(database, name, raw) if is_iceberg(raw) else table_of(database, raw)

    def _about(self, database: str, name: str, raw: Mapping[str, Any], which: str) -> CatalogueTable | None:
        """A table that describes an Iceberg table."""
        given = described(self._loaded(database, name, raw), which)
        return given and CatalogueTable(database, f"{name}${which}", given[0], (), {}, None, None, {}, given[1])

    def _loaded(self, database: str, name: str, raw: Mapping[str, Any]) -> Any:
        parameters: Mapping[str, str] = raw.get("Parameters") or {}
        return self.iceberg.load_at(database, name, parameters.get("metadata_location", ""))

    def _iceberg(
        self, database: str, name: str, raw: Mapping[str, Any], kind: str = "", moment: str = ""
    ) -> CatalogueTable:
        """A current or earlier version of an Iceberg table."""
        parameters: Mapping[str, str] = raw.get("Parameters") or {}
        loaded = self._loaded(database, name, raw)
        snapshot = self.iceberg.snapshot(loaded, kind, moment)
        columns, files = self.iceberg.columns(loaded, snapshot), tuple(self.iceberg.files(loaded, snapshot))
        storage = Storage(str(loaded.location()), "parquet", {})
        return CatalogueTable(database, name, columns, (), parameters, storage, None, raw, None, files)

    def _partitions_of(self, database: str, name: str) -> CatalogueTable | None:
        table = self.table(database, name.removesuffix(PARTITIONS))
        if table is None or not table.partition_columns:
            return None
        rows: tuple[Row, ...] = tuple(partition.values for partition in self.partitions(table))
        return CatalogueTable(database, name, table.partition_columns, (), {}, None, None, {}, rows)

    def table_names(self, database: str, *, views_only: bool = False) -> list[str]:
        """The names of a database's tables and views, in order."""
        tables = self.raw_tables(database)
        return [str(t["Name"]) for t in tables if not views_only or t.get("TableType") == "VIRTUAL_VIEW"]

    def partitions(self, table: CatalogueTable) -> list[CataloguePartition]:
        """The partitions that the catalogue lists for a table."""
        pages = self._pages("get_partitions", "Partitions", DatabaseName=table.database, TableName=table.name)
        return [
            CataloguePartition(
                tuple(p["Values"]),
                storage_of(table.name, p.get("StorageDescriptor") or {}, table.storage, table.parameters),
            )
            for p in pages
        ]

    def add_partitions(self, table: CatalogueTable, values: list[tuple[tuple[str, ...], str]]) -> None:
        """Add partitions, each with its values and location, in the table's storage format."""
        descriptor = dict(table.descriptor)
        inputs = [
            {"Values": list(v), "StorageDescriptor": {**descriptor, "Location": location}} for v, location in values
        ]
        for start in range(0, len(inputs), 100):  # BatchCreatePartition's limit is 100
            self._glue.batch_create_partition(
                DatabaseName=table.database, TableName=table.name, PartitionInputList=inputs[start : start + 100]
            )

    def put_view(self, database: str, name: str, view: View, *, replace: bool) -> None:
        """Create a view, or replace one; raises StatementError if the name is in use."""
        existing = self.table(database, name)
        if existing is not None and (not replace or existing.view is None):
            kind = "View" if existing.view is not None else "Table"
            raise StatementError(
                "ALREADY_EXISTS", f"line 1:1: {kind} '{CATALOG.lower()}.{database}.{name}' already exists"
            )
        if existing is None:
            self._glue.create_table(DatabaseName=database, TableInput=view_input(name, view))
        else:
            self._glue.update_table(DatabaseName=database, TableInput=view_input(name, view))

    def delete_table(self, database: str, name: str) -> None:
        """Delete a table or view from the catalogue; its objects stay, as on AWS."""
        self._glue.delete_table(DatabaseName=database, Name=name)

    def create_table(self, database: str, table_input: Mapping[str, Any]) -> None:
        """Create a table from a TableInput; StatementError if its database does not exist or its name is in use."""
        try:
            self._glue.create_table(DatabaseName=database, TableInput=table_input)
        except self._glue.exceptions.EntityNotFoundException as error:
            raise StatementError("SCHEMA_NOT_FOUND", f"Schema {database} not found") from error
        except self._glue.exceptions.AlreadyExistsException as error:
            raise StatementError("TABLE_ALREADY_EXISTS", f"Table {table_input['Name']} already exists") from error

    def change_table(self, table: Mapping[str, Any], **changes: object) -> None:
        """Replace members of Glue's description `table` of a table, which `raw_table` returned."""
        kept = {name: table[name] for name in _INPUT if name in table}
        self._glue.update_table(DatabaseName=table["DatabaseName"], TableInput={**kept, **changes})

    def create_database(self, **described: object) -> None:
        """Create a database from Glue's DatabaseInput."""
        self._glue.create_database(DatabaseInput=described)

    def change_database(self, name: str, **changes: object) -> None:
        """Replace members of Glue's description of a database."""
        raw = self.described_database(name) or {}
        kept = {
            member: raw[member] for member in ("Name", "Description", "LocationUri", "Parameters") if raw.get(member)
        }
        self._glue.update_database(Name=name, DatabaseInput={**kept, **changes})

    def delete_database(self, name: str) -> None:
        """Delete a database with its tables."""
        self._glue.delete_database(Name=name)

    def raw_partitions(self, database: str, name: str) -> list[dict[str, Any]]:
        """Glue's descriptions of a table's partitions."""
        return list(self._pages("get_partitions", "Partitions", DatabaseName=database, TableName=name))

    def change_partition(
        self, table: CatalogueTable, values: Sequence[str], raw: Mapping[str, Any], **changes: object
    ) -> None:
        """Replace members of the partition `raw`, whose values are `values`; the values may also change."""
        kept = {member: raw[member] for member in ("Values", "StorageDescriptor", "Parameters") if member in raw}
        self._glue.update_partition(
            DatabaseName=table.database,
            TableName=table.name,
            PartitionValueList=list(values),
            PartitionInput={**kept, **changes},
        )

    def drop_partition(self, table: CatalogueTable, values: Sequence[str]) -> None:
        """Delete one partition; its objects stay."""
        self._glue.delete_partition(DatabaseName=table.database, TableName=table.name, PartitionValues=list(values))

    def _pages(self, operation: str, key: str, **arguments: object) -> Iterator[dict[str, Any]]:
        try:
            for page in self._glue.get_paginator(operation).paginate(**arguments):
                yield from page[key]
        except self._glue.exceptions.EntityNotFoundException as error:
            raise StatementError("SCHEMA_NOT_FOUND", error.response["Error"]["Message"]) from error


def table_of(database: str, raw: Mapping[str, Any]) -> CatalogueTable:
    """A table or view from Glue's description; raises StatementError if Athena cannot read it."""
    name = str(raw["Name"])
    descriptor: Mapping[str, Any] = raw.get("StorageDescriptor") or {}
    is_view = raw.get("TableType") == "VIRTUAL_VIEW"
    if is_view and "SerdeInfo" not in descriptor:
        # An empty member suffices. https://github.com/hashicorp/terraform-provider-aws/issues/28517
        raise StatementError("HIVE_METASTORE_ERROR", "Table storage descriptor is missing SerDe info")
    return CatalogueTable(
        database=database,
        name=name,
        columns=columns_of(name, descriptor.get("Columns") or []),
        partition_columns=columns_of(name, raw.get("PartitionKeys") or []),
        parameters=raw.get("Parameters") or {},
        storage=None if is_view else storage_of(name, descriptor, None, raw.get("Parameters")),
        view=_view_of(name, str(raw.get("ViewOriginalText") or "")) if is_view else None,
        raw=raw,
    )


def storage_of(
    name: str, descriptor: Mapping[str, Any], default: Storage | None, table: Mapping[str, str] | None = None
) -> Storage:
    """The storage of a table, or of a partition, which inherits missing values from the table's.

    `table` are the table's own parameters, which include the number of header lines of a text file.
    """
    table = table or {}
    serde: Mapping[str, Any] = descriptor.get("SerdeInfo") or {}
    library = str(serde.get("SerializationLibrary") or "")
    location = str(descriptor.get("Location") or "")
    if not library and default is not None:
        return Storage(location or default.location, default.format, default.parameters)
    lower = library.lower()
    format_ = next((format_ for word, format_ in _READ.items() if word in lower), "")
    if not format_:
        message = f"Table {name} is read with {library or 'no SerDe'}; JSON, Parquet, CSV and text are supported"
        raise StatementError("HIVE_UNSUPPORTED_FORMAT", message)
    header = {_HEADER: str(table[_HEADER])} if _HEADER in table and format_ in {"text", "csv"} else {}
    return Storage(location, format_, {**(serde.get("Parameters") or {}), **header})


def view_input(name: str, view: View) -> dict[str, Any]:
    """Glue's TableInput for a view, as Athena writes it."""
    definition = {
        "originalSql": view.sql,
        "catalog": CATALOG.lower(),
        "schema": view.schema,
        "columns": [{"name": column.name, "type": column.type.athena} for column in view.columns],
    }
    encoded = base64.b64encode(json.dumps(definition).encode()).decode()
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "ViewOriginalText": f"{_VIEW_PREFIX}{encoded}{_VIEW_SUFFIX}",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": column.name, "Type": column.type.glue} for column in view.columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }


def _view_of(name: str, text: str) -> View:
    body = text.strip()
    if not (body.startswith(_VIEW_PREFIX.strip()) and body.endswith("*/")):
        raise StatementError("INVALID_VIEW", f"View {name} holds no Presto view definition")
    try:
        definition: dict[str, Any] = json.loads(base64.b64decode(body[len(_VIEW_PREFIX.strip()) : -2].strip()))
        columns = tuple(TypedColumn(c["name"].lower(), parse(c["type"])) for c in definition["columns"])
        return View(str(definition["originalSql"]), str(definition["schema"]), columns)
    except (ValueError, KeyError, TypeError) as error:
        raise StatementError("INVALID_VIEW", f"The definition of view {name} cannot be read: {error}") from error
