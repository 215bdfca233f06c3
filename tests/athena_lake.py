"""A lake in memory for the tests of the sandbox's Athena: a catalogue and objects without any endpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sandbox.athena.catalogue import CataloguePartition, CatalogueTable, GlueCatalogue, Storage, TypedColumn, View
from sandbox.athena.errors import StatementError
from sandbox.athena.interruption import Interruptible
from sandbox.athena.objects import Objects, S3Object
from sandbox.athena.partitions import Finder
from sandbox.athena.results import csv_page
from sandbox.athena.runner import Runner, SelectResult
from sandbox.athena.store import RowStore
from sandbox.athena.types import parse

NOW = datetime(2026, 3, 15, 12, 30)
OPENX = {"ignore.malformed.json": "false"}


class MemoryObjects(Objects):
    """Objects in a dict by bucket and key; counts listings and reads."""

    def __init__(self) -> None:
        self.content: dict[tuple[str, str], bytes] = {}
        self.listed: list[tuple[str, str]] = []
        self.after: list[str] = []
        self.reads: list[str] = []

    def put(self, bucket: str, key: str, content: bytes) -> None:
        self.content[bucket, key] = content

    def list(self, bucket: str, prefix: str, after: str = "") -> list[S3Object]:
        self.listed.append((bucket, prefix))
        self.after.append(after)
        return [
            S3Object(place, key, hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content))
            for (place, key), content in sorted(self.content.items())
            if place == bucket and key.startswith(prefix) and key > after and content
        ]

    def read(self, item: S3Object) -> bytes:
        self.reads.append(item.key)
        return self.content[item.bucket, item.key]


class MemoryCatalogue(GlueCatalogue):
    """Tables of one database in a dict."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], CatalogueTable] = {}
        self.parts: dict[str, list[CataloguePartition]] = {}

    def has_database(self, name: str) -> bool:
        return name == "db"

    def table(self, database: str, name: str) -> CatalogueTable | None:
        return self.tables.get((database, name))

    def lookup(
        self, used: Callable[[str, str], Collection[tuple[str, str]]]
    ) -> Callable[[str, str], CatalogueTable | None]:
        del used
        return self.table

    def partitions(self, table: CatalogueTable) -> list[CataloguePartition]:
        return self.parts.get(table.name, [])


class Lake:
    """Tables, objects and a runner over both."""

    def __init__(self, directory: Path) -> None:
        self.objects = MemoryObjects()
        self.catalogue = MemoryCatalogue()
        self.directory = directory
        self.store = RowStore(directory / "lake.duckdb", self.objects)
        self.runner = Runner(self.catalogue, self.store, Finder(self.catalogue, self.objects, lambda: NOW))

    def table(
        self,
        name: str,
        columns: Mapping[str, str],
        partitions: Sequence[str] = (),
        parameters: Mapping[str, str] | None = None,
        storage: Storage | None = None,
    ) -> CatalogueTable:
        """Declare a table of JSON objects under s3://lake/<name>/, or of another storage."""
        table = CatalogueTable(
            database="db",
            name=name,
            columns=tuple(TypedColumn(column, parse(type_)) for column, type_ in columns.items()),
            partition_columns=tuple(TypedColumn(column, parse("string")) for column in partitions),
            parameters=parameters or {},
            storage=storage or Storage(f"s3://lake/{name}/", "json", OPENX),
            view=None,
            raw={},
        )
        self.catalogue.tables["db", name] = table
        return table

    def view(self, name: str, sql: str, columns: Mapping[str, str]) -> None:
        """Declare a view."""
        view = View(sql, "db", tuple(TypedColumn(column, parse(type_)) for column, type_ in columns.items()))
        self.catalogue.tables["db", name] = CatalogueTable("db", name, view.columns, (), {}, None, view, {})

    def rows(self, key: str, *rows: Mapping[str, object]) -> None:
        """Put an object of JSON lines."""
        self.objects.put("lake", key, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def run(self, sql: str, *parameters: str) -> SelectResult:
        """Run a query; its rows are in the file `result`."""
        return self.runner.select(sql, parameters, "db", self.result, Interruptible())

    @property
    def result(self) -> Path:
        return self.directory / "result.csv"

    def query(self, sql: str, *parameters: str) -> list[list[str | None]]:
        """Return a query's rows as text, without the header."""
        outcome = self.run(sql, *parameters)
        rows = csv_page(self.result, None, outcome.rows + 1).rows[1:]
        return [[datum.get("VarCharValue") for datum in row["Data"]] for row in rows]

    def value(self, sql: str, *parameters: str) -> str | None:
        """Return the value of a query's only row and column."""
        ((value,),) = self.query(sql, *parameters)
        return value

    def failure(self, sql: str) -> str:
        """Return the reason of a query's failure."""
        try:
            self.run(sql)
        except StatementError as error:
            return error.reason
        raise AssertionError(f"{sql} did not fail")
