"""Correlated subqueries: those that Trino cannot turn into joins are refused as it refuses them.

Source: trino 435, io.trino.sql.planner.optimizations.PlanNodeDecorrelator and the rules TransformCorrelated… around it.
A name of an enclosing query may be in WHERE, in ON of an inner join, and beside an aggregate. It must not be in an
aggregate's arguments, below a window function, a set operation, a join or several rows of VALUES, nor two queries deep.
IN, ANY and ALL take no aggregate, DISTINCT or LIMIT. DISTINCT, GROUP BY and LIMIT also need that each of these
conditions is an equality of a column; LIMIT 1 without an order that the rows are all equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.athena.planning.aggregation import canonical_form
from sandbox.athena.planning.context import OuterReference, PlanningContext
from sandbox.athena.planning.names import qualified
from sandbox.athena.planning.ordering import Ordering
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scope import Scope
from sandbox.athena.syntax import nodes as n

AGGREGATE, HAVING, SELECT = "Aggregate function", "HAVING clause", "SELECT clause"
"""Places of names: `PlanningContext.outer_references`."""
_BESIDE_ROWS = frozenset({"JOIN clause", "UNNEST"})


@dataclass(frozen=True)
class Correlation:
    """The names of enclosing queries in one SELECT; `aggregated` is whether it has aggregates, so one row a group.

    `below` are those in its FROM.
    """

    context: PlanningContext
    select: n.Select
    scope: Scope
    aggregated: bool
    below: Sequence[OuterReference] = ()

    def check(self, ordering: Ordering) -> None:
        """Raise StatementError for a SELECT that Trino cannot decorrelate."""
        if self.scope.parent is None or not self.scope.fields:
            return
        own = [r for r in self.context.outer_references if r.scope.fields is self.scope.fields]
        through = any(self._crosses(reference) for reference in self.context.outer_references)
        if through or self._filters_bare_rows() or (own and self._is_refused(own, ordering)):
            raise self.context.error("NOT_SUPPORTED", self.select, "Given correlated subquery is not supported")

    def _filters_bare_rows(self) -> bool:
        """Return whether rows without a table, with names of enclosing queries, are not only projected."""
        parent = self.scope.parent or Scope()
        bare = any(
            not r.scope.fields and r.place not in _BESIDE_ROWS and _is_around(r.found, parent) for r in self.below
        )
        plain = not (self.aggregated or self.select.where or self.select.distinct) and parent.unnested
        return bare and not plain

    def _crosses(self, reference: OuterReference) -> bool:
        """Return whether a name in a subquery of this SELECT is of a query around both."""
        scope = reference.scope.parent
        while scope is not None and scope is not reference.found:
            if scope.fields is self.scope.fields:
                return True
            scope = scope.parent
        return False

    def _is_refused(self, own: Sequence[OuterReference], ordering: Ordering) -> bool:
        select, parent = self.select, self.scope.parent or Scope()
        exists, places = parent.only_rows, {r.place for r in own}
        has_window = any(isinstance(part, n.Call) and part.over is not None for part in walked(select.items))
        is_global = self.aggregated and not select.group_by
        if AGGREGATE in places or (has_window and not exists) or (select.having and (is_global or HAVING in places)):
            return True
        if not parent.unnested and (self.aggregated or select.distinct or ordering.limit):
            return True
        if is_global:
            return False
        if ordering.offset not in {"", "0"} or (SELECT in places and not self.aggregated and not exists):
            return True
        names = {id(r.node) for r in own}
        columns = [self._equal(part, names) for part in _terms(select.where) if _has(part, names)]
        if ordering.limit in {"", "0"}:
            return (select.distinct or bool(select.group_by)) and None in columns
        unordered = ordering.limit == "1" and not ordering.items and not exists
        return None in columns or (unordered and not all(self._is_constant(item, columns) for item in select.items))

    def _equal(self, term: n.Expression, names: set[int]) -> object:
        """The column of this SELECT that a condition equates with names of enclosing queries; None for any other."""
        if isinstance(term, n.Comparison) and term.operator == "=":
            for column, other in ((term.left, term.right), (term.right, term.left)):
                if qualified(column) is not None and not _has(column, names) and not self._has_columns(other, names):
                    return canonical_form(column, self.scope)
        return None

    @staticmethod
    def _has_columns(node: n.Node, names: set[int]) -> bool:
        """Return whether a part of an expression is a column of this SELECT, or a subquery."""
        outer = {id(inner) for part in walked(node) if id(part) in names for inner in walked(part)}
        return any(isinstance(part, (n.Name, n.Query)) and id(part) not in outer for part in walked(node))

    def _is_constant(self, item: n.Node, columns: Sequence[object]) -> bool:
        if not isinstance(item, n.SelectItem):
            return False
        return isinstance(item.expression, n.Literal) or canonical_form(item.expression, self.scope) in columns


def check_rows(context: PlanningContext, node: n.Node, outer: Scope | None, before: int) -> None:
    """Check that rows that are combined with others have no names of the queries around `outer`'s subquery.

    `before` is the number of references before the rows were planned. Raises: StatementError.
    """
    new = (r for r in context.outer_references[before:] if r.place not in _BESIDE_ROWS)
    if any(_is_around(reference.found, outer) for reference in new):
        raise context.error("NOT_SUPPORTED", node, "Given correlated subquery is not supported")


def _is_around(scope: Scope, outer: Scope | None) -> bool:
    while outer is not None and outer is not scope:
        outer = outer.parent
    return outer is not None


def _terms(condition: n.Expression | None) -> Iterator[n.Expression]:
    """The terms of a condition with AND between them."""
    if isinstance(condition, n.Logical) and condition.operator == "AND":
        for term in condition.terms:
            yield from _terms(term)
    elif condition is not None:
        yield condition


def _has(node: n.Node, names: set[int]) -> bool:
    return any(id(part) in names for part in walked(node))
