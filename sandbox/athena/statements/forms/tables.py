"""Statements that change the catalogue: databases, tables, partitions and views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.athena.statements.forms.statement import ColumnDefinition, Partition, Statement, StatementKind
from sandbox.athena.statements.tokens import Name


@dataclass(frozen=True)
class CreateDatabase(Statement):
    """CREATE DATABASE or SCHEMA."""

    kind = StatementKind.DDL
    sort = "CREATE_DATABASE"
    name: str
    if_not_exists: bool = False
    comment: str = ""
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class AlterDatabase(Statement):
    """ALTER DATABASE SET DBPROPERTIES."""

    kind = StatementKind.DDL
    sort = "ALTER_DATABASE_PROPERTIES"
    name: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class DropDatabase(Statement):
    """DROP DATABASE or SCHEMA."""

    kind = StatementKind.DDL
    sort = "DROP_DATABASE"
    name: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True)
class CreateTable(Statement):
    """CREATE [EXTERNAL] TABLE. `partition_texts` are Iceberg's transforms, if PARTITIONED BY has no types."""

    kind = StatementKind.DDL
    sort = "CREATE_TABLE"
    name: Name
    external: bool
    if_not_exists: bool = False
    columns: tuple[ColumnDefinition, ...] = ()
    partitions: tuple[ColumnDefinition, ...] = ()
    partition_texts: tuple[str, ...] = ()
    comment: str = ""
    buckets: tuple[tuple[str, ...], int] | None = None
    serde: str = ""
    serde_properties: Mapping[str, str] = field(default_factory=dict[str, str])
    stored_as: str = ""
    formats: tuple[str, str] | None = None
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class DropTable(Statement):
    """DROP TABLE."""

    kind = StatementKind.DDL
    sort = "DROP_TABLE"
    name: Name
    if_exists: bool = False


@dataclass(frozen=True)
class CreateView(Statement):
    """CREATE [OR REPLACE] VIEW."""

    kind = StatementKind.DDL
    sort = "CREATE_VIEW"
    name: Name
    sql: str
    replace: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True)
class DropView(Statement):
    """DROP VIEW."""

    kind = StatementKind.DDL
    sort = "DROP_VIEW"
    name: Name
    if_exists: bool = False


@dataclass(frozen=True)
class Repair(Statement):
    """MSCK REPAIR TABLE."""

    kind = StatementKind.DDL
    sort = "MSCK_REPAIR"
    name: Name


@dataclass(frozen=True)
class AddPartitions(Statement):
    """ALTER TABLE ADD PARTITION."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_ADD_PARTITION"
    name: Name
    partitions: tuple[Partition, ...]
    if_not_exists: bool = False


@dataclass(frozen=True)
class DropPartitions(Statement):
    """ALTER TABLE DROP PARTITION; each comparison is a column, a sign and a value."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_DROP_PARTITION"
    name: Name
    partitions: tuple[tuple[tuple[str, str, str], ...], ...]
    if_exists: bool = False


@dataclass(frozen=True)
class RenamePartition(Statement):
    """ALTER TABLE PARTITION … RENAME TO PARTITION."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_RENAME_PARTITION"
    name: Name
    old: Partition
    new: Partition


@dataclass(frozen=True)
class AddColumns(Statement):
    """ALTER TABLE ADD COLUMNS."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_ADD_COLUMN"
    name: Name
    columns: tuple[ColumnDefinition, ...]
    partition: Partition | None = None


@dataclass(frozen=True)
class ReplaceColumns(Statement):
    """ALTER TABLE REPLACE COLUMNS."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_REPLACE_COLUMN"
    name: Name
    columns: tuple[ColumnDefinition, ...]
    partition: Partition | None = None


@dataclass(frozen=True)
class ChangeColumn(Statement):
    """ALTER TABLE CHANGE COLUMN: a new name, type or comment.

    `after` is the column that it comes after: "" to be the first, None to keep its place.
    """

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_CHANGE_COLUMN"
    name: Name
    old: str
    column: ColumnDefinition
    after: str | None = None


@dataclass(frozen=True)
class DropColumn(Statement):
    """ALTER TABLE DROP COLUMN, of an Iceberg table."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_DROP_COLUMN"
    name: Name
    column: str


@dataclass(frozen=True)
class SetLocation(Statement):
    """ALTER TABLE [PARTITION …] SET LOCATION."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_SET_LOCATION"
    name: Name
    location: str
    partition: Partition | None = None


@dataclass(frozen=True)
class SetProperties(Statement):
    """ALTER TABLE SET or UNSET TBLPROPERTIES."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_PROPERTIES"
    name: Name
    properties: Mapping[str, str]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenameTable(Statement):
    """ALTER TABLE RENAME TO."""

    kind = StatementKind.DDL
    sort = "ALTER_TABLE_RENAME"
    name: Name
    new: Name
