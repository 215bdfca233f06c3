"""The Glue table of a delivery stream's format conversion."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from sandbox.firehose.config import Conversion
from sandbox.firehose.errors import CatalogTable
from sandbox.firehose.parquet import Converter, ParquetColumn, SchemaError, column
from sandbox.state import client

_FRESH_S = 5.0


class CatalogError(Exception):
    """An unusable table: `code` and `message` are those of the error document."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class GlueTable:
    """The converter for a table's columns, refreshed every few seconds."""

    def __init__(self, endpoint_url: str, conversion: Conversion) -> None:
        self._glue: Any = client("glue", endpoint_url)
        self._conversion = conversion
        self._looked_up = float("-inf")
        self._columns: list[tuple[str, str]] = []
        self._converter: Converter | None = None
        self.description = CatalogTable(
            conversion.catalog_id,
            conversion.database,
            conversion.table,
            conversion.region,
            conversion.version_id,
            conversion.role_arn,
        )

    def converter(self) -> Converter:
        """The converter for the current table.

        Raises:
            CatalogError: the table does not exist, or a column is unsupported.
            botocore's errors: the catalogue is unreachable.
        """
        if self._converter is None or time.monotonic() - self._looked_up > _FRESH_S:
            columns = self._look_up()
            self._looked_up = time.monotonic()
            if self._converter is None or columns != self._columns:
                self._adopt(columns)
        if self._converter is None:
            raise CatalogError("DataFormatConversion.InvalidSchema", "The table has no columns.")
        return self._converter

    def close(self) -> None:
        """Release the converter's memory."""
        if self._converter is not None:
            self._converter.close()
            self._converter = None

    def _look_up(self) -> list[tuple[str, str]]:
        table, database = self._conversion.table, self._conversion.database
        try:
            found = self._glue.get_table(DatabaseName=database, Name=table)["Table"]
        except ClientError as error:
            if "EntityNotFoundException" not in str(error):
                raise
            message = (
                "The specified table/database could not be found. Please ensure that the table/database exists and "
                "that the values provided in the schema configuration are correct, especially with regards to casing."
            )
            raise CatalogError("DataFormatConversion.EntityNotFound", message) from error
        return [(entry["Name"], entry["Type"]) for entry in found["StorageDescriptor"]["Columns"]]

    def _adopt(self, columns: list[tuple[str, str]]) -> None:
        try:
            parsed: list[ParquetColumn] = [column(name, type_) for name, type_ in columns]
        except SchemaError as error:
            raise CatalogError("DataFormatConversion.InvalidSchema", str(error)) from error
        self.close()
        self._columns = columns
        if parsed:
            self._converter = Converter(
                parsed,
                self._conversion.compression,
                case_insensitive=self._conversion.case_insensitive,
                key_mappings=self._conversion.key_mappings,
            )
