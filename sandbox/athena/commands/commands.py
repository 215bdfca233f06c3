"""The dispatch of each statement to the function that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.athena.commands import (
    databases,
    describing,
    functions,
    icebergs,
    partitions,
    queries,
    showing,
    tables,
    views,
    writing,
)
from sandbox.athena.commands.prepared import Prepared
from sandbox.athena.commands.session import AthenaEngine, Session, StatementResult
from sandbox.athena.errors import ApiError, StatementError
from sandbox.athena.parameters import placeholders
from sandbox.athena.statements import Statement, forms, recognise

Run = Callable[[AthenaEngine, Any, Session], StatementResult]

_RUNS: Mapping[type[Statement], Run] = {
    forms.SelectQuery: queries.select,
    forms.Explain: queries.explain,
    forms.ShowDatabases: showing.databases,
    forms.ShowTables: showing.tables,
    forms.ShowViews: showing.views,
    forms.ShowColumns: showing.columns,
    forms.ShowPartitions: showing.partitions,
    forms.ShowCreateTable: showing.create_table,
    forms.ShowCreateView: showing.create_view,
    forms.ShowProperties: showing.properties,
    forms.ShowFunctions: functions.show,
    forms.Describe: describing.describe,
    forms.CreateDatabase: databases.create,
    forms.AlterDatabase: databases.alter,
    forms.DropDatabase: databases.drop,
    forms.CreateTable: tables.create,
    forms.DropTable: tables.drop,
    forms.AddColumns: tables.alter,
    forms.ReplaceColumns: tables.alter,
    forms.ChangeColumn: tables.alter,
    forms.SetLocation: tables.alter,
    forms.SetProperties: tables.alter,
    forms.RenameTable: tables.alter,
    forms.DropColumn: tables.alter,
    forms.Repair: partitions.repair,
    forms.AddPartitions: partitions.add,
    forms.DropPartitions: partitions.drop,
    forms.RenamePartition: partitions.rename,
    forms.CreateView: views.create,
    forms.DropView: views.drop,
    forms.CreateTableAs: writing.create_table_as,
    forms.InsertInto: writing.insert,
    forms.Unload: writing.unload,
    forms.UpdateTable: icebergs.change,
    forms.DeleteFrom: icebergs.change,
    forms.Merge: icebergs.change,
    forms.Optimize: icebergs.optimize,
    forms.Vacuum: icebergs.vacuum,
}
_PREPARABLE = (forms.SelectQuery, forms.InsertInto, forms.CreateTableAs, forms.Unload)
_WITH_QUERY = (*_PREPARABLE, forms.Explain)


class Commands:
    """Runs statements on an engine; prepared statements are those of the workgroup."""

    def __init__(self, engine: AthenaEngine, prepared: Prepared) -> None:
        self._engine = engine
        self._prepared = prepared

    def check(self, statement: Statement, database: str) -> None:
        """Raise ApiError for what Athena refuses before it starts a query: a syntax error, or a missing table.

        For DESCRIBE and SHOW COLUMNS measured by aoyagikouhei/athena-local, docs/caveats.md.
        """
        if isinstance(statement, _WITH_QUERY) and not placeholders(statement.sql):
            self._engine.runner.check_syntax(statement.sql)
        if isinstance(statement, (forms.Describe, forms.ShowColumns)):
            name = statement.name
            if self._engine.catalogue.raw_table(name.schema or database, name.table) is None:
                answer = "Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException"
                raise ApiError(f"Entity Not Found ({answer})")

    def prepared(self, statement: forms.Execute, workgroup: str) -> Statement:
        """The statement that EXECUTE runs, with its values instead of the ?s; raises ApiError if it does not exist."""
        return recognise(self._prepared.bound(statement, workgroup))

    def run(self, statement: Statement, session: Session) -> StatementResult:
        """Run a statement; raises StatementError with Athena's reason."""
        if isinstance(statement, forms.PrepareStatement):
            if not isinstance(recognise(statement.sql), _PREPARABLE):
                raise StatementError("NOT_SUPPORTED", "PREPARE takes SELECT, INSERT INTO, CREATE TABLE AS and UNLOAD")
            self._prepared.keep(statement, session.settings.workgroup)
            return StatementResult()
        if isinstance(statement, forms.Deallocate):
            self._prepared.forget(statement, session.settings.workgroup)
            return StatementResult()
        run = _RUNS.get(type(statement))
        if run is None:
            words = statement.sort.replace("_", " ")
            raise StatementError("NOT_SUPPORTED", f"{words}: the sandbox's Athena does not have this statement")
        return run(self._engine, statement, session)
