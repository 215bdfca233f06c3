"""The input and output of a statement's execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.athena.catalogue import CATALOG, CatalogueTable, GlueCatalogue
from sandbox.athena.errors import StatementError
from sandbox.athena.interruption import Interruptible
from sandbox.athena.objects import Objects
from sandbox.athena.runner import Runner
from sandbox.athena.statements.tokens import Name
from sandbox.athena.types import BIGINT, VARCHAR, ColumnInfo
from sandbox.athena.workgroups import QuerySettings


@dataclass(frozen=True)
class Session:
    """One execution: its id, the default database, the values for ?s, and the result's local file."""

    id: str
    database: str
    parameters: tuple[str, ...]
    settings: QuerySettings
    hold: Interruptible
    path: Path


@dataclass(frozen=True)
class StatementResult:
    """The result of a statement.

    `lines` are the result's file, None if the statement writes it itself or has no file. `update_count` is the number
    of rows written, 0 if Athena reports 0 for a statement that writes no rows, None if it reports no count.
    """

    columns: list[ColumnInfo] = field(default_factory=list[ColumnInfo])
    lines: tuple[str, ...] | None = None
    rows: int = 0
    update_count: int | None = None
    scanned_bytes: int = 0
    manifest: str | None = None


@dataclass(frozen=True)
class AthenaEngine:
    """The services that statements use."""

    catalogue: GlueCatalogue
    objects: Objects
    runner: Runner

    def found(self, name: Name, database: str) -> CatalogueTable:
        """A table or view; raises StatementError in Hive's words if it does not exist."""
        schema = name.schema or database
        table = self.catalogue.table(schema, name.table)
        if table is None:
            raise StatementError("FAILED", f"SemanticException [Error 10001]: Table not found {schema}.{name.table}")
        return table

    def check_catalogue(self, name: Name) -> None:
        """Raise StatementError for a name in a catalogue that is not Glue's."""
        if name.catalog and name.catalog not in {CATALOG.lower(), "hive"}:
            raise StatementError("CATALOG_NOT_FOUND", f"Catalog '{name.catalog}' does not exist")


def texts(
    columns: Sequence[str], lines: Sequence[str], *, update_count: int | None = 0, type_: str = "string"
) -> StatementResult:
    """A result of lines of text under columns of Hive's string type."""
    described = [VARCHAR.column_info(name) for name in columns]
    for info in described:
        info.update({"Type": type_, "Precision": 0, "CaseSensitive": False})
    return StatementResult(described, tuple(lines), len(lines), update_count)


def written(rows: int, scanned_bytes: int, manifest: str | None = None) -> StatementResult:
    """The result of a statement that wrote rows: no file, and a column `rows` without a row."""
    return StatementResult([BIGINT.column_info("rows")], None, rows, rows, scanned_bytes, manifest)
