"""Statements that write rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.athena.statements.forms.statement import Output, Statement, StatementKind
from sandbox.athena.statements.tokens import Name


@dataclass(frozen=True)
class InsertInto(Statement):
    """INSERT INTO, with the named columns or all of the table."""

    kind = StatementKind.DML
    sort = "INSERT"
    output = Output.NONE
    name: Name
    sql: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unload(Statement):
    """UNLOAD (query) TO location WITH (properties)."""

    kind = StatementKind.DML
    sort = "UNLOAD"
    output = Output.NONE
    sql: str
    location: str
    properties: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict[str, "str | tuple[str, ...]"])


@dataclass(frozen=True)
class IcebergChange(Statement):
    """UPDATE, DELETE or MERGE, of an Iceberg table; its first word determines `sort`."""

    kind = StatementKind.DML
    output = Output.CSV
    name: Name
    sql: str


@dataclass(frozen=True)
class UpdateTable(IcebergChange):
    """UPDATE."""

    sort = "UPDATE"


@dataclass(frozen=True)
class DeleteFrom(IcebergChange):
    """DELETE FROM."""

    sort = "DELETE"


@dataclass(frozen=True)
class Merge(IcebergChange):
    """MERGE INTO."""

    sort = "MERGE"


@dataclass(frozen=True)
class Optimize(Statement):
    """OPTIMIZE … REWRITE DATA USING BIN_PACK [WHERE …]; Athena reports it as a CREATE TABLE AS."""

    kind = StatementKind.DDL
    sort = "CREATE_TABLE_AS_SELECT"
    name: Name
    where: str = ""


@dataclass(frozen=True)
class Vacuum(Statement):
    """VACUUM."""

    kind = StatementKind.DML
    sort = "VACUUM_TABLE"
    name: Name


@dataclass(frozen=True)
class CreateTableAs(Statement):
    """CREATE TABLE … AS. A property's value is a text, or the texts of an ARRAY."""

    kind = StatementKind.DDL
    sort = "CREATE_TABLE_AS_SELECT"
    output = Output.TABLE
    name: Name
    sql: str
    if_not_exists: bool = False
    with_data: bool = True
    properties: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict[str, "str | tuple[str, ...]"])
