"""Which text a cast reads of a column that is json_parse of a text, as Trino's projections are merged.

A projection takes into itself the expressions of the one below that it names once: the cast is then one of json_parse,
and reads the text as spelled. A condition of WHERE goes below a projection in the same way. Another operator between
the two, as of a window or a join, keeps them apart. Source: trino 435,
io.trino.sql.planner.iterative.rule.InlineProjections and io.trino.sql.planner.optimizations.PredicatePushDown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from sandbox.athena.planning.calls import is_aggregate
from sandbox.athena.planning.jsonspelling import column, of_call, origin
from sandbox.athena.planning.ordering import Ordering
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scope import Field, Origin, ParsedText, Scope
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value


class Readings:
    """The columns of a SELECT's sources with their readings, in WHERE and in the clauses behind it."""

    def __init__(self, select: n.Select, columns: tuple[Field, ...], outer: Scope | None, ordering: Ordering) -> None:
        self.in_where = self.behind = columns
        self._direct: bool | None = None
        self._select, self._ordering = select, ordering
        if not any(f.parsed is not None or f.origin == "values" for f in columns):
            return
        if not isinstance(_unnamed(select.source), (n.Derived, n.Table, n.Values)) or not self._is_plain():
            self.in_where = self.behind = tuple(_of_values(f, "unknown") for f in columns)
            return
        scope = Scope(columns, outer)
        conditions = [_columns(part, scope) for part in _conjuncts(select.where)]
        folded = select.where is None and ordering.is_empty and not select.distinct and not self._is_grouped()
        of_values: Origin = "values" if folded else "unknown"
        found = [_of_values(f, of_values) for f in columns]
        for i, f in enumerate(found):
            if f.parsed is not None and f.parsed.direct and all(named.count(f.sql) < 2 for named in conditions):
                found[i] = replace(f, parsed=replace(f.parsed, reading="spelled"))
        self.in_where = tuple(found)
        self.behind = tuple(
            f
            if f.parsed is None or self._is_named_once(f, scope)
            else replace(f, parsed=replace(f.parsed, reading="either"))
            for f in found
        )

    def output(self, scope: Scope, expression: n.Expression | None, value: Value) -> tuple[Origin, ParsedText | None]:
        """Where the values of an item of the select list come from, and the text of which it is json_parse."""
        if value.type.name not in {"json", "varchar"}:
            return "unknown", None
        field = next((f for f in scope.fields if f.sql == value.sql), None)
        if value.type.name == "varchar":
            found = field.origin if field is not None else None
            return found or ("unknown" if expression is None else origin(scope, expression)), None
        text = None if field is None else field.parsed
        merges = text is not None and text.direct and text.reading == "spelled"
        if isinstance(expression, n.Call):
            text = of_call(scope, expression, value)
            merges = text is not None and text.direct
        return "unknown", None if text is None else replace(text, direct=merges and self._is_direct())

    def _is_direct(self) -> bool:
        """Whether the select list is the last thing that the query computes."""
        if self._direct is None:
            parts = list(walked(self._select.items))
            mixed = any(isinstance(part, n.Query) or (isinstance(part, n.Call) and part.over) for part in parts)
            self._direct = self._ordering.is_empty and not mixed
        return self._direct

    def _is_plain(self) -> bool:
        """Whether there are only projections and conditions: no subqueries, windows, lambda expressions and TRY."""
        select = self._select
        for part in walked((select.items, select.where, select.group_by, select.having, self._ordering.items)):
            if isinstance(part, (n.Query, n.Lambda)) or (
                isinstance(part, n.Call) and (part.over or part.name == "try")
            ):
                return False
        return True

    def _is_grouped(self) -> bool:
        select = self._select
        calls = (part for part in walked(select.items) if isinstance(part, n.Call))
        return bool(select.group_by) or select.having is not None or any(is_aggregate(call.name) for call in calls)

    def _is_named_once(self, f: Field, scope: Scope) -> bool:
        """Whether the clauses behind WHERE name a column once, in the select list or in HAVING."""
        select = self._select
        stars = [item for item in select.items if isinstance(item, n.Star)]
        elsewhere = _columns((select.group_by, self._ordering.items), scope)
        if f.sql in elsewhere or any(star.base is not None for star in stars):
            return False
        items = tuple(dict.fromkeys(item.expression for item in select.items if isinstance(item, n.SelectItem)))
        return _columns((*items, select.having), scope).count(f.sql) + len(stars) < 2


def _columns(node: object, scope: Scope) -> list[str]:
    """The SQL of the columns that a node names, once for each name."""
    found: list[str] = []
    stack: list[object] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, n.Node):
            field = column(scope, part)
            if field is not None:
                found.append(field.sql)
            else:
                stack += [getattr(part, f.name) for f in fields(part)]
        elif isinstance(part, tuple):
            stack += part
    return found


def _conjuncts(where: n.Expression | None) -> Iterator[n.Expression]:
    if isinstance(where, n.Logical) and where.operator == "AND":
        for term in where.terms:
            yield from _conjuncts(term)
    elif where is not None:
        yield where


def _unnamed(source: n.Relation | None) -> n.Relation | None:
    return source.relation if isinstance(source, n.Aliased) else source


def _of_values(f: Field, origin_: Origin) -> Field:
    return replace(f, origin=origin_) if f.origin == "values" else f
