"""Queries, the forms that show the catalogue, and prepared statements."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.athena.statements.forms.statement import Output, Statement, StatementKind
from sandbox.athena.statements.tokens import Name


@dataclass(frozen=True)
class SelectQuery(Statement):
    """SELECT, VALUES, TABLE or WITH, which the planner handles."""

    kind = StatementKind.DML
    sort = "SELECT"
    output = Output.CSV
    sql: str


@dataclass(frozen=True)
class Explain(Statement):
    """EXPLAIN of a query; `type` is LOGICAL, DISTRIBUTED, VALIDATE or IO, `analyze` for EXPLAIN ANALYZE."""

    kind = StatementKind.DML
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
    """SHOW TBLPROPERTIES, for all properties or one."""

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
class PrepareStatement(Statement):
    """PREPARE name FROM statement."""

    kind = StatementKind.DDL
    sort = "PREPARE"
    name: str
    sql: str


@dataclass(frozen=True)
class Execute(Statement):
    """EXECUTE name [USING values]; replaced by the prepared statement before it runs."""

    kind = StatementKind.DML
    sort = "EXECUTE"
    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deallocate(Statement):
    """DEALLOCATE PREPARE name."""

    kind = StatementKind.DDL
    sort = "DEALLOCATE_PREPARE"
    name: str
