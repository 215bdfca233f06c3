"""Views: a view's query is planned in the schema in which it was created, and must still match its columns.

A plan is kept: a view is used again and again, and its tables change less often than it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from sandbox.athena.catalogue import CATALOG, CatalogueTable, TypedColumn, View
from sandbox.athena.coercions import can_coerce
from sandbox.athena.conversions import coerce
from sandbox.athena.errors import ApiError, StatementError
from sandbox.athena.planning.context import PlanningContext, Read
from sandbox.athena.planning.scans import ScanUse
from sandbox.athena.planning.scope import Field
from sandbox.athena.planning.unused import listed
from sandbox.athena.syntax import nodes as n

Planned = tuple[str, tuple[Field, ...]]
_MAX_DEEP = 16
_MAX_PLANS = 256


@dataclass(frozen=True)
class PlannedView:
    """The plan of a view, `table` in the catalogue: its SQL, columns and scans, and the columns that can be left out.

    `known` are the tables and views that planning has looked up, as they were.
    """

    table: CatalogueTable
    known: Mapping[tuple[str, str], CatalogueTable | None]
    sql: str
    fields: tuple[Field, ...]
    reads: tuple[Read, ...]
    uses: Mapping[str, ScanUse]
    droppable: frozenset[str]

    def still_right(self, context: PlanningContext, table: CatalogueTable) -> bool:
        """Whether the catalogue describes the view and all that it uses as it did."""
        return table == self.table and all(context.table(*place) == was for place, was in self.known.items())


_PLANNED: dict[str, PlannedView] = {}
"""Plans by the view's full name."""
_NUMBERS = count(1)
"""One for each plan, so that its names are like no other's."""


def used_with(database: str, name: str) -> Collection[tuple[str, str]]:
    """The tables and views that planning a view has looked up; none where the name is not of a planned view."""
    planned = _PLANNED.get(f"{database}.{name}")
    return () if planned is None else planned.known


def plan_view(
    context: PlanningContext, table: CatalogueTable, node: n.Table, plan: Callable[[PlanningContext, str], Planned]
) -> Planned:
    """A view's rows with the names and types of its definition."""
    full = f"{table.database}.{table.name}"
    view = table.view
    if view is None:
        raise TypeError(f"{full} is a table")
    if full in context.views or len(context.views) >= _MAX_DEEP:
        raise context.error("VIEW_IS_RECURSIVE", node, f"View '{CATALOG.lower()}.{full}' is recursive")
    known = _PLANNED.get(full)
    if known is None or not known.still_right(context, table):
        known = _planned(context, full, table, view, node, plan)
        if len(_PLANNED) >= _MAX_PLANS:
            _PLANNED.clear()
        _PLANNED[full] = known
    reads = {id(read): replace(read) for read in known.reads}
    context.reads += reads.values()
    context.uses |= known.uses
    context.droppable |= known.droppable
    return known.sql, tuple(_of_scan(f, reads) for f in known.fields)


def _of_scan(f: Field, reads: Mapping[int, Read]) -> Field:
    """A column of a kept plan, of one use of it: the conditions around it are for the scans of that use alone."""
    if f.of_object is None:
        return f
    return replace(f, of_object=replace(f.of_object, read=reads[id(f.of_object.read)]))


def _planned(
    context: PlanningContext,
    full: str,
    table: CatalogueTable,
    view: View,
    node: n.Table,
    plan: Callable[[PlanningContext, str], Planned],
) -> PlannedView:
    inner = context.inside_view(full, view.sql, view.schema, next(_NUMBERS))
    try:
        sql, fields = plan(inner, view.sql)
    except ApiError as error:
        message = f"Failed parsing stored view '{full}': {error.message}"
        raise context.error("INVALID_VIEW", node, message) from error
    shown = [f for f in fields if not f.hidden]
    _check(context, node, full, view.columns, shown)
    sql, outputs = _converted(inner, sql, shown, view)
    return PlannedView(table, inner.known, sql, outputs, tuple(inner.reads), inner.uses, frozenset(inner.droppable))


def _converted(context: PlanningContext, sql: str, fields: Sequence[Field], view: View) -> Planned:
    """The rows as they are if they have the definition's types already."""
    alias = context.unique("r")
    selected: list[str] = []
    outputs: list[Field] = []
    for column, f in zip(view.columns, fields, strict=True):
        name, moved = context.unique("c"), f.within(alias)
        selected.append(f"{coerce(moved.value, column.type).sql} AS {name}")
        selected += [f"{alias}.{text} AS {text}" for text in f.columns[1:]]
        outputs.append(replace(f.of_rows(), name=column.name, type=column.type, sql=name, spelled=None))
    if all(f.type == column.type for column, f in zip(view.columns, fields, strict=True)):
        return sql, tuple(
            replace(f, name=column.name, sql=f.column, spelled=None)
            for column, f in zip(view.columns, fields, strict=True)
        )
    context.droppable.update(f.column for f in fields)
    return f"SELECT {listed(selected)} FROM ({sql}) AS {alias}", tuple(outputs)


def _check(
    context: PlanningContext, node: n.Table, view: str, stored: Sequence[TypedColumn], found: Sequence[Field]
) -> None:
    """Check that a view's query still matches its definition, as Athena does: the same columns, coercible types."""

    def stale(detail: str) -> StatementError:
        message = f"View '{CATALOG.lower()}.{view}' is stale or in invalid state: {detail}"
        return context.error("VIEW_IS_STALE", node, message)

    if len(stored) != len(found):
        counts = f"stored view column count ({len(stored)}) does not match column count derived from the view query"
        raise stale(f"{counts} analysis ({len(found)})")
    for position, (promised, have) in enumerate(zip(stored, found, strict=True)):
        projected = f"column [{have.name}] of type {have.type.athena} projected from query view at position {position}"
        in_definition = f"column [{promised.name}] of type {promised.type.athena} stored in view definition"
        if promised.name != have.name:
            raise stale(f"{projected} has a different name from {in_definition}")
        if not can_coerce(have.type, promised.type):
            raise stale(f"{projected} cannot be coerced to {in_definition}")
