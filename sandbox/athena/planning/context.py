"""The shared state of one statement's planning: the catalogue, the text, unique names, and the tables that it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sandbox.athena.catalogue import CatalogueTable, GlueCatalogue
from sandbox.athena.errors import StatementError, at
from sandbox.athena.partitions import Constraint
from sandbox.athena.planning.scans import ScanUse
from sandbox.athena.planning.scope import Scope
from sandbox.athena.syntax import nodes as n
from sandbox.athena.syntax import position


@dataclass
class Read:
    """A scan of a table in a query: the relation that replaces it, and the constraints on its partitions and objects.

    `predicates` are DuckDB's SQL over the partition columns, all of which a partition must satisfy. An object must also
    satisfy the `path_predicates`, over its partition's columns and its path. Scans of the same alias are of the same
    relation, which has the objects that any of them needs.
    """

    alias: str
    table: CatalogueTable
    constraints: Mapping[str, Constraint] = field(default_factory=dict[str, Constraint])
    predicates: tuple[str, ...] = ()
    path_predicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class OuterReference:
    """A name in a query that is a column of a query around it: its clause, its scope, and the scope that has it."""

    node: n.Expression
    place: str
    scope: Scope
    found: Scope


@dataclass
class PlanningContext:
    """`names` counts the unique names, which end in `suffix`; `views` are those in planning, outermost first.

    `known` are the tables that were looked up. `reads` has one for each scan, `uses` has each by its alias in FROM.
    `outer_references` are the names so far that enclosing queries have. `droppable` are columns whose readers go by
    their names. `evaluate` gives the text of a constant's SQL, or None if it fails.
    """

    catalogue: GlueCatalogue
    text: str
    database: str
    lookup: Callable[[str, str], CatalogueTable | None]
    evaluate: Callable[[str], str | None]
    suffix: str = ""
    known: dict[tuple[str, str], CatalogueTable | None] = field(
        default_factory=dict[tuple[str, str], "CatalogueTable | None"]
    )
    reads: list[Read] = field(default_factory=list[Read])
    uses: dict[str, ScanUse] = field(default_factory=dict[str, ScanUse])
    views: list[str] = field(default_factory=list[str])
    droppable: set[str] = field(default_factory=set[str])
    outer_references: list[OuterReference] = field(default_factory=list[OuterReference])
    counter: int = 0

    def table(self, database: str, name: str) -> CatalogueTable | None:
        """A table of the catalogue, read once per query."""
        if (database, name) not in self.known:
            self.known[database, name] = self.lookup(database, name)
        return self.known[database, name]

    def unique(self, prefix: str) -> str:
        """A name that is unique in the statement."""
        self.counter += 1
        return f"{prefix}{self.counter}{self.suffix}"

    def read(self, table: CatalogueTable) -> Read:
        """A scan of a table: of the same relation as before if it is one without partitions."""
        known = next((read for read in self.reads if read.table is table and not table.partition_columns), None)
        read = Read(self.unique("t") if known is None else known.alias, table)
        self.reads.append(read)
        return read

    def error(self, name: str, node: n.Node, message: str) -> StatementError:
        """An error at a node, with Trino's name; inside a view it has no position in the statement."""
        return StatementError(name, message if self.views else at(position(self.text, node.offset), message))

    def inside_view(self, name: str, text: str, database: str, number: int) -> PlanningContext:
        """The context of a view's query, whose names end in its number, so that a plan of it can be kept."""
        return PlanningContext(
            self.catalogue, text, database, self.table, self.evaluate, f"v{number}", views=[*self.views, name]
        )
