"""Write a crawl's result to the Glue catalogue, according to the crawler's policies.

Source: AWS Glue Developer Guide, "Customizing crawler behavior". New tables and partitions are added with any policy.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.crawlers.discovery import FoundTable

_log = logging.getLogger(__name__)
_PACKAGES = {
    "json": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
}
_OWNED = "UPDATED_BY_CRAWLER"
_BATCH = 100  # partitions in one BatchCreatePartition
# Members of a table's description that its TableInput must not have.
_READ_ONLY = frozenset(
    {"DatabaseName", "CreateTime", "UpdateTime", "CreatedBy", "IsRegisteredWithLakeFormation", "CatalogId", "VersionId",
     "FederatedTable", "IsMultiDialectView", "Status"}
)  # fmt: skip


@dataclass(frozen=True)
class Policies:
    """A crawler's policies for an existing table, and for one whose objects were deleted."""

    update: str = "UPDATE_IN_DATABASE"
    delete: str = "DEPRECATE_IN_DATABASE"
    merge_new_columns: bool = False
    new_folders_only: bool = False


@dataclass
class CrawlCounts:
    """The number of changes of a crawl to the catalogue."""

    tables_created: int = 0
    tables_updated: int = 0
    tables_deleted: int = 0
    partitions_created: int = 0
    partitions_deleted: int = 0


class CrawlWriter:
    """Writes for one crawler to one database."""

    def __init__(self, glue: Any, crawler: str, database: str, prefix: str, policies: Policies) -> None:
        self._glue = glue
        self._crawler = crawler
        self._database = database
        self._prefix = prefix
        self._policies = policies
        self.changes = CrawlCounts()

    def write(self, found: FoundTable, name: str | None = None) -> None:
        """Create or update a discovered table, with `name` or a name from its folder."""
        table = self._existing(found, name)
        if table is None:
            table = self._input(name or self._name(found), found)
            self._glue.create_table(DatabaseName=self._database, TableInput=table)
            self.changes.tables_created += 1
        elif self._policies.update == "UPDATE_IN_DATABASE" and not self._policies.new_folders_only:
            updated = self._updated(table, found)
            if updated != table:
                self._glue.update_table(DatabaseName=self._database, TableInput=updated)
                self.changes.tables_updated += 1
            table = updated
        elif self._columns(found) != table["StorageDescriptor"].get("Columns"):
            _log.info("%s: the schema of %s has changed; the policy forbids an update", self._crawler, table["Name"])
        self._write_partitions(table, found)

    def remove_gone(self, seen_locations: set[str]) -> None:
        """Apply the delete policy to this crawler's tables whose objects were deleted."""
        for table in list(self._pages("get_tables", "TableList", DatabaseName=self._database)):
            parameters: dict[str, str] = table.get("Parameters") or {}
            if parameters.get(_OWNED) != self._crawler or table["StorageDescriptor"]["Location"] in seen_locations:
                continue
            if self._policies.delete == "DELETE_FROM_DATABASE":
                self._glue.delete_table(DatabaseName=self._database, Name=table["Name"])
                self.changes.tables_deleted += 1
            elif self._policies.delete == "DEPRECATE_IN_DATABASE" and "DEPRECATED_BY_CRAWLER" not in parameters:
                marked = {**parameters, "DEPRECATED_BY_CRAWLER": str(int(time.time() * 1000))}
                self._glue.update_table(
                    DatabaseName=self._database, TableInput={**_as_input(table), "Parameters": marked}
                )
                self.changes.tables_updated += 1
            else:
                _log.info("%s: the objects of table %s are gone", self._crawler, table["Name"])

    def _existing(self, found: FoundTable, name: str | None) -> dict[str, Any] | None:
        table = self._get(name or self._name(found))
        return None if table is None else _as_input(table)

    def _name(self, found: FoundTable) -> str:
        """The prefix and the folder's name, with a suffix if a table with a different location has that name."""
        plain = (self._prefix + "".join(c if c.isalnum() else "_" for c in found.folder)).lower()
        table = self._get(plain)
        if table is None or table["StorageDescriptor"].get("Location", "").rstrip("/") == found.location.rstrip("/"):
            return plain
        return f"{plain}_{hashlib.sha256(found.location.encode()).hexdigest()[:8]}"

    def _get(self, name: str) -> dict[str, Any] | None:
        try:
            return self._glue.get_table(DatabaseName=self._database, Name=name)["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            return None

    def _input(self, name: str, found: FoundTable) -> dict[str, Any]:
        return {
            "Name": name,
            "Owner": "owner",
            "Retention": 0,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": key, "Type": "string"} for key in found.partition_keys],
            "Parameters": self._parameters(found),
            "StorageDescriptor": self._descriptor(found),
        }

    def _updated(self, table: dict[str, Any], found: FoundTable) -> dict[str, Any]:
        descriptor = self._descriptor(found)
        if self._policies.merge_new_columns:
            old: list[dict[str, str]] = table["StorageDescriptor"].get("Columns") or []
            known = {column["Name"] for column in old}
            descriptor["Columns"] = [*old, *(c for c in descriptor["Columns"] if c["Name"] not in known)]
        parameters: dict[str, str] = table.get("Parameters") or {}
        kept = {key: value for key, value in parameters.items() if key != "DEPRECATED_BY_CRAWLER"}
        return {**table, "StorageDescriptor": descriptor, "Parameters": {**kept, **self._parameters(found)}}

    def _parameters(self, found: FoundTable) -> dict[str, str]:
        return {
            "CrawlerSchemaDeserializerVersion": "1.0",
            "CrawlerSchemaSerializerVersion": "1.0",
            _OWNED: self._crawler,
            "averageRecordSize": str(found.size_bytes // max(found.rows, 1)),
            "classification": found.classification,
            "compressionType": found.compression,
            "objectCount": str(found.objects),
            "recordCount": str(found.rows),
            "sizeKey": str(found.size_bytes),
            "typeOfData": "file",
        }

    @staticmethod
    def _columns(found: FoundTable) -> list[dict[str, str]]:
        return [{"Name": name, "Type": type_.glue} for name, type_ in found.columns.items()]

    def _descriptor(self, found: FoundTable) -> dict[str, Any]:
        input_format, output_format, library = _PACKAGES[found.classification]
        parameters = {"serialization.format": "1"}
        if found.classification == "json":
            parameters = {"paths": ",".join(sorted(found.columns))}
        return {
            "Columns": self._columns(found),
            "Location": found.location,
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "Compressed": found.compression != "none",
            "NumberOfBuckets": -1,
            "SerdeInfo": {"SerializationLibrary": library, "Parameters": parameters},
            "BucketColumns": [],
            "SortColumns": [],
            "StoredAsSubDirectories": False,
        }

    def _write_partitions(self, table: Mapping[str, Any], found: FoundTable) -> None:
        name = table["Name"]
        where = {"DatabaseName": self._database, "TableName": name}
        known = {tuple(p["Values"]): p for p in self._pages("get_partitions", "Partitions", **where)}
        descriptor = table["StorageDescriptor"]
        wanted = {values: f"s3://{found.bucket}/{prefix}" for prefix, values in found.partitions.items()}
        new = [
            {"Values": list(values), "StorageDescriptor": {**descriptor, "Location": location}}
            for values, location in wanted.items()
            if values not in known
        ]
        for start in range(0, len(new), _BATCH):
            self._glue.batch_create_partition(**where, PartitionInputList=new[start : start + _BATCH])
        self.changes.partitions_created += len(new)
        gone = [list(values) for values in known if values not in wanted]
        if gone and self._policies.delete == "DELETE_FROM_DATABASE" and not self._policies.new_folders_only:
            for values in gone:
                self._glue.delete_partition(**where, PartitionValues=values)
            self.changes.partitions_deleted += len(gone)
        elif gone:
            _log.info("%s: %d partitions of table %s no longer have objects", self._crawler, len(gone), name)

    def _pages(self, operation: str, key: str, **arguments: object) -> Iterator[dict[str, Any]]:
        for page in self._glue.get_paginator(operation).paginate(**arguments):
            yield from page[key]


def _as_input(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in _READ_ONLY}
