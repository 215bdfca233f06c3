"""The statements of Athena other than queries, each as a value.

`sort` is GetQueryExecution's SubstatementType and `kind` its StatementType. Both, and which file a statement's result
is, are as aoyagikouhei/athena-local measured them on Athena (docs/api.md, docs/result-files.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from sandbox.athena.statements.tokens import Name


class Kind(Enum):
    """GetQueryExecution's StatementType."""

    DML = "DML"
    DDL = "DDL"
    UTILITY = "UTILITY"


class Output(Enum):
    """The file that a statement's result is, by its name behind the output location."""

    CSV = "{id}.csv"
    TEXT = "{id}.txt"
    NONE = "{id}"
    TABLE = "tables/{id}"


@dataclass(frozen=True)
class Statement:
    """A recognised statement."""

    kind: ClassVar[Kind] = Kind.UTILITY
    sort: ClassVar[str] = ""
    output: ClassVar[Output] = Output.TEXT


@dataclass(frozen=True)
class ColumnDefinition:
    """A column as Hive's DDL declares it; the type in Glue's spelling."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class Query(Statement):
    """SELECT, VALUES, TABLE or WITH: answered by the planner."""

    kind = Kind.DML
    sort = "SELECT"
    output = Output.CSV
    sql: str


@dataclass(frozen=True)
class Explain(Statement):
    """EXPLAIN of a query; `type` is LOGICAL, DISTRIBUTED, VALIDATE or IO, `analyze` for EXPLAIN ANALYZE."""

    kind = Kind.DML
    sort = "EXPLAIN"
    sql: str
    type: str = "DISTRIBUTED"
    format: str = "TEXT"
    analyze: bool = False


@dataclass(frozen=True)
class ShowDatabases(Statement):
    """SHOW DATABASES or SCHEMAS."""

    sort = "SHOW_DATABASES"
    pattern: str | None = None


@dataclass(frozen=True)
class ShowTables(Statement):
    """SHOW TABLES."""

    sort = "SHOW_TABLES"
    database: str = ""
    pattern: str | None = None


@dataclass(frozen=True)
class ShowViews(Statement):
    """SHOW VIEWS."""

    sort = "SHOW_VIEWS"
    database: str = ""
    pattern: str | None = None


@dataclass(frozen=True)
class ShowColumns(Statement):
    """SHOW COLUMNS of a table or view."""

    sort = "SHOW_COLUMNS"
    name: Name


@dataclass(frozen=True)
class ShowPartitions(Statement):
    """SHOW PARTITIONS."""

    sort = "SHOW_PARTITIONS"
    name: Name


@dataclass(frozen=True)
class ShowCreateTable(Statement):
    """SHOW CREATE TABLE."""

    sort = "SHOW_CREATE_TABLE"
    name: Name


@dataclass(frozen=True)
class ShowCreateView(Statement):
    """SHOW CREATE VIEW."""

    sort = "SHOW_CREATE_VIEW"
    name: Name


@dataclass(frozen=True)
class ShowProperties(Statement):
    """SHOW TBLPROPERTIES, of all properties or one."""

    sort = "SHOW_TBLPROPERTIES"
    name: Name
    key: str | None = None


@dataclass(frozen=True)
class ShowFunctions(Statement):
    """SHOW FUNCTIONS."""

    sort = "SHOW_FUNCTIONS"
    output = Output.CSV
    pattern: str | None = None


@dataclass(frozen=True)
class Describe(Statement):
    """DESCRIBE of a table, a view, a partition or one column; `detail` is EXTENDED, FORMATTED or empty."""

    sort = "DESCRIBE_TABLE"
    name: Name
    detail: str = ""
    partition: tuple[tuple[str, str], ...] = ()
    column: str = ""


@dataclass(frozen=True)
class CreateDatabase(Statement):
    """CREATE DATABASE or SCHEMA."""

    kind = Kind.DDL
    sort = "CREATE_DATABASE"
    name: str
    if_not_exists: bool = False
    comment: str = ""
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class AlterDatabase(Statement):
    """ALTER DATABASE SET DBPROPERTIES."""

    kind = Kind.DDL
    sort = "ALTER_DATABASE_PROPERTIES"
    name: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class DropDatabase(Statement):
    """DROP DATABASE or SCHEMA."""

    kind = Kind.DDL
    sort = "DROP_DATABASE"
    name: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True)
class CreateTable(Statement):
    """CREATE [EXTERNAL] TABLE. `partition_texts` are Iceberg's transforms, where PARTITIONED BY has no types."""

    kind = Kind.DDL
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
class CreateTableAs(Statement):
    """CREATE TABLE … AS. A property's value is a text, or the texts of an ARRAY."""

    kind = Kind.DDL
    sort = "CREATE_TABLE_AS_SELECT"
    output = Output.TABLE
    name: Name
    sql: str
    if_not_exists: bool = False
    with_data: bool = True
    properties: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict[str, "str | tuple[str, ...]"])


@dataclass(frozen=True)
class DropTable(Statement):
    """DROP TABLE."""

    kind = Kind.DDL
    sort = "DROP_TABLE"
    name: Name
    if_exists: bool = False


@dataclass(frozen=True)
class CreateView(Statement):
    """CREATE [OR REPLACE] VIEW."""

    kind = Kind.DDL
    sort = "CREATE_VIEW"
    name: Name
    sql: str
    replace: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True)
class DropView(Statement):
    """DROP VIEW."""

    kind = Kind.DDL
    sort = "DROP_VIEW"
    name: Name
    if_exists: bool = False


@dataclass(frozen=True)
class Repair(Statement):
    """MSCK REPAIR TABLE."""

    kind = Kind.DDL
    sort = "MSCK_REPAIR"
    name: Name


@dataclass(frozen=True)
class Partition:
    """A partition that is named in a statement: its columns' values as text, and its location if one is given."""

    values: tuple[tuple[str, str], ...]
    location: str = ""


@dataclass(frozen=True)
class AddPartitions(Statement):
    """ALTER TABLE ADD PARTITION."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_ADD_PARTITION"
    name: Name
    partitions: tuple[Partition, ...]
    if_not_exists: bool = False


@dataclass(frozen=True)
class DropPartitions(Statement):
    """ALTER TABLE DROP PARTITION; each comparison is a column, a sign and a value."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_DROP_PARTITION"
    name: Name
    partitions: tuple[tuple[tuple[str, str, str], ...], ...]
    if_exists: bool = False


@dataclass(frozen=True)
class RenamePartition(Statement):
    """ALTER TABLE PARTITION … RENAME TO PARTITION."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_RENAME_PARTITION"
    name: Name
    old: Partition
    new: Partition


@dataclass(frozen=True)
class AddColumns(Statement):
    """ALTER TABLE ADD COLUMNS."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_ADD_COLUMN"
    name: Name
    columns: tuple[ColumnDefinition, ...]
    partition: Partition | None = None


@dataclass(frozen=True)
class ReplaceColumns(Statement):
    """ALTER TABLE REPLACE COLUMNS."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_REPLACE_COLUMN"
    name: Name
    columns: tuple[ColumnDefinition, ...]
    partition: Partition | None = None


@dataclass(frozen=True)
class ChangeColumn(Statement):
    """ALTER TABLE CHANGE COLUMN: another name, type or comment."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_CHANGE_COLUMN"
    name: Name
    old: str
    column: ColumnDefinition


@dataclass(frozen=True)
class DropColumn(Statement):
    """ALTER TABLE DROP COLUMN, of an Iceberg table."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_DROP_COLUMN"
    name: Name
    column: str


@dataclass(frozen=True)
class SetLocation(Statement):
    """ALTER TABLE [PARTITION …] SET LOCATION."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_SET_LOCATION"
    name: Name
    location: str
    partition: Partition | None = None


@dataclass(frozen=True)
class SetProperties(Statement):
    """ALTER TABLE SET or UNSET TBLPROPERTIES."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_PROPERTIES"
    name: Name
    properties: Mapping[str, str]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenameTable(Statement):
    """ALTER TABLE RENAME TO."""

    kind = Kind.DDL
    sort = "ALTER_TABLE_RENAME"
    name: Name
    new: str


@dataclass(frozen=True)
class Insert(Statement):
    """INSERT INTO, with the columns named or all of the table."""

    kind = Kind.DML
    sort = "INSERT"
    output = Output.NONE
    name: Name
    sql: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unload(Statement):
    """UNLOAD (query) TO location WITH (properties)."""

    kind = Kind.DML
    sort = "UNLOAD"
    output = Output.NONE
    sql: str
    location: str
    properties: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict[str, "str | tuple[str, ...]"])


@dataclass(frozen=True)
class Change(Statement):
    """UPDATE, DELETE or MERGE, of an Iceberg table; `sort` follows from the word that it begins with."""

    kind = Kind.DML
    output = Output.CSV
    name: Name
    sql: str


@dataclass(frozen=True)
class Update(Change):
    """UPDATE."""

    sort = "UPDATE"


@dataclass(frozen=True)
class Delete(Change):
    """DELETE FROM."""

    sort = "DELETE"


@dataclass(frozen=True)
class Merge(Change):
    """MERGE INTO."""

    sort = "MERGE"


@dataclass(frozen=True)
class Optimize(Statement):
    """OPTIMIZE … REWRITE DATA USING BIN_PACK [WHERE …]; Athena files it under the sort of CREATE TABLE AS."""

    kind = Kind.DDL
    sort = "CREATE_TABLE_AS_SELECT"
    name: Name
    where: str = ""


@dataclass(frozen=True)
class Vacuum(Statement):
    """VACUUM."""

    kind = Kind.DML
    sort = "VACUUM_TABLE"
    name: Name


@dataclass(frozen=True)
class Prepare(Statement):
    """PREPARE name FROM statement."""

    kind = Kind.DDL
    sort = "PREPARE"
    name: str
    sql: str


@dataclass(frozen=True)
class Execute(Statement):
    """EXECUTE name [USING values]; replaced by the prepared statement before it runs."""

    kind = Kind.DML
    sort = "EXECUTE"
    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deallocate(Statement):
    """DEALLOCATE PREPARE name."""

    kind = Kind.DDL
    sort = "DEALLOCATE_PREPARE"
    name: str
