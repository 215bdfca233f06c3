"""The typed planner: from a query's tree to DuckDB's SQL.

Names are bound by Trino's rules, every expression has Trino's type, and every conversion is explicit in the SQL, so
that an unsupported construct is refused and never guessed.

`queries` plans the clauses around SELECT, `selects` SELECT with its `items`, `aggregation` and `ordering`, `relations`
the FROM clause, `views` a view. `expressions` binds expressions, with `operators`, `calls`, `windows`, `subqueries`,
`subscripts` and `literals`, `correlation` refuses what Trino cannot decorrelate; `scope` resolves names, `context` has
the shared state of one statement, `pruning` finds the constraints on a table's partitions and objects, `folding`
evaluates constant texts, `guards` keeps conditions above those that guard them, `scans` reads tables of few objects in
place, `stored` converts between stored columns and values, `unused` leaves out unused columns, `jsontogether` reads
several scalars of a JSON text at once, `texts` keeps what follows from a statement's text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.athena import conversions, functions
from sandbox.athena.catalogue import GlueCatalogue, TypedColumn
from sandbox.athena.native import Library
from sandbox.athena.planning import operators
from sandbox.athena.planning.context import PlanningContext, Read
from sandbox.athena.planning.jsontogether import together
from sandbox.athena.planning.pruning import needed_by_all
from sandbox.athena.planning.queries import plan_query
from sandbox.athena.planning.relations import PATH
from sandbox.athena.planning.scans import ScanUse
from sandbox.athena.planning.texts import kept
from sandbox.athena.planning.unused import without_unused
from sandbox.athena.planning.views import used_with
from sandbox.athena.syntax import parse_query


@dataclass(frozen=True)
class QueryPlan:
    """A query for DuckDB, the tables that it reads (one a scan), and its columns with Athena's types.

    `uses` are the scans by their aliases in FROM, for `scans.in_place`, which makes a statement of the SQL. `names` are
    the columns' names as spelled in the query; `columns` has them in lower case.
    """

    sql: str
    reads: tuple[Read, ...]
    columns: tuple[TypedColumn, ...]
    names: tuple[str, ...]
    uses: Mapping[str, ScanUse] = field(default_factory=dict[str, ScanUse])


def plan(
    text: str, database: str, catalogue: GlueCatalogue, evaluate: Callable[[str], str | None] = lambda _: None
) -> QueryPlan:
    """The plan of a query's text; `evaluate` gives the text of a constant's SQL, or None if it fails.

    Raises StatementError with Athena's reason, or ApiError for invalid SQL.
    """
    context = PlanningContext(catalogue, text, database, catalogue.lookup(used_with), evaluate)
    sql, fields = plan_query(context, parse_query(text))
    sql = _shortened(sql, frozenset(context.droppable))
    shown = [f for f in fields if not f.hidden]
    names = tuple(f.spelled or f.name or f"_col{i}" for i, f in enumerate(shown))
    columns = tuple(TypedColumn(f.name or f"_col{i}", f.type) for i, f in enumerate(shown))
    return QueryPlan(sql, needed_by_all(context.reads), columns, names, context.uses)


@kept
def _shortened(sql: str, droppable: frozenset[str]) -> str:
    """A statement without what nothing reads, each text read once."""
    return together(without_unused(sql, droppable))


def library() -> Library:
    """The macros and Python functions that the SQL of plans and results calls."""
    own = (conversions, operators)
    macros = [*functions.macros(), *(macro for part in own for macro in part.MACROS)]
    return Library(macros, [*functions.natives(), *(native for part in own for native in part.NATIVES)])


__all__ = ["PATH", "QueryPlan", "Read", "library", "plan"]
