"""The catalogue through Athena's own API: databases, and tables with their columns.

https://docs.aws.amazon.com/athena/latest/APIReference/API_TableMetadata.html: Glue's description of a table, with its
location and formats among the parameters. PyAthena and SQLAlchemy read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sandbox.athena.catalogue import CATALOG, GlueCatalogue
from sandbox.athena.errors import ApiError

T = TypeVar("T")
Body = Mapping[str, Any]

_MAX_LISTED = 50
_COLUMN = ("Name", "Type", "Comment")
_NO_METADATA = "MetadataException"


class MetadataCalls:
    """GetDatabase, ListDatabases, GetTableMetadata and ListTableMetadata over a Glue catalogue."""

    def __init__(self, catalogue: GlueCatalogue) -> None:
        self._catalogue = catalogue
        self.calls: dict[str, Callable[[Body], dict[str, Any]]] = {
            "GetDatabase": self._database,
            "ListDatabases": self._databases,
            "GetTableMetadata": self._table,
            "ListTableMetadata": self._tables,
        }

    def _databases(self, body: Body) -> dict[str, Any]:
        _check_catalogue(body)
        page, more = _page(self._catalogue.described_databases(), body)
        return {"DatabaseList": [_database_of(database) for database in page], **more}

    def _database(self, body: Body) -> dict[str, Any]:
        _check_catalogue(body)
        return {"Database": _database_of(self._found_database(body))}

    def _table(self, body: Body) -> dict[str, Any]:
        _check_catalogue(body)
        database, name = str(self._found_database(body)["Name"]), str(body["TableName"]).lower()
        raw = self._catalogue.raw_table(database, name)
        if raw is None:
            raise ApiError(f"EntityNotFoundException: Entity Not Found: Table {name} not found.", _NO_METADATA)
        return {"TableMetadata": _table_of(raw)}

    def _tables(self, body: Body) -> dict[str, Any]:
        _check_catalogue(body)
        database = str(self._found_database(body)["Name"])
        matches = _expression(str(body.get("Expression") or "*"))
        found = [raw for raw in self._catalogue.raw_tables(database) if matches.fullmatch(raw["Name"])]
        page, more = _page(found, body)
        return {"TableMetadataList": [_table_of(raw) for raw in page], **more}

    def _found_database(self, body: Body) -> Mapping[str, Any]:
        name = str(body["DatabaseName"]).lower()
        found = self._catalogue.described_database(name)
        if found is None:
            raise ApiError(f"EntityNotFoundException: Entity Not Found: Database {name} not found.", _NO_METADATA)
        return found


def _check_catalogue(body: Body) -> None:
    name = str(body.get("CatalogName") or "")
    if name.lower() != CATALOG.lower():
        raise ApiError(f"Catalog {name} does not exist", _NO_METADATA)


def _expression(text: str) -> re.Pattern[str]:
    """ListTableMetadata's Expression: a regular expression for a whole name; * alone matches every name."""
    try:
        return re.compile(".*" if text == "*" else text, re.IGNORECASE)
    except re.error:
        raise ApiError(f"The expression {text!r} is not a regular expression") from None


def _page(items: Sequence[T], body: Body) -> tuple[Sequence[T], dict[str, str]]:
    token = str(body.get("NextToken") or "0")
    if not token.isdecimal():
        raise ApiError("The NextToken is not valid")
    start, most = int(token), min(int(body.get("MaxResults") or _MAX_LISTED), _MAX_LISTED)
    return items[start : start + most], {"NextToken": str(start + most)} if start + most < len(items) else {}


def _database_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"Name": raw["Name"], "Parameters": raw.get("Parameters") or {}}
    return described | ({"Description": raw["Description"]} if raw.get("Description") else {})


def _table_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    descriptor: Mapping[str, Any] = raw.get("StorageDescriptor") or {}
    described: dict[str, Any] = {
        "Name": raw["Name"],
        "CreateTime": raw["CreateTime"].timestamp(),
        "LastAccessTime": raw["LastAccessTime"].timestamp() if raw.get("LastAccessTime") else 0.0,
        "Columns": [_column_of(column) for column in descriptor.get("Columns") or ()],
        "PartitionKeys": [_column_of(column) for column in raw.get("PartitionKeys") or ()],
        "Parameters": dict(raw.get("Parameters") or {}) | _storage_of(descriptor),
    }
    return described | ({"TableType": raw["TableType"]} if raw.get("TableType") else {})


def _column_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: raw[name] for name in _COLUMN if raw.get(name)}


def _storage_of(descriptor: Mapping[str, Any]) -> dict[str, str]:
    """The API's parameters of a storage: the location, the formats, and the SerDe with its own parameters."""
    serde: Mapping[str, Any] = descriptor.get("SerdeInfo") or {}
    named = {
        "location": descriptor.get("Location"),
        "inputformat": descriptor.get("InputFormat"),
        "outputformat": descriptor.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    own: Mapping[str, object] = serde.get("Parameters") or {}
    parameters = {f"serde.param.{name}": str(value) for name, value in own.items()}
    return {name: str(value) for name, value in named.items() if value} | parameters
