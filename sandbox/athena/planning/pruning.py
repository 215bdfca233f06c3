"""The conditions of WHERE clauses on what all rows of an object have: its partition's values, and its path.

Conservative: a condition is used only if no row that it excludes can affect the query's result. It may be on columns of
subqueries and views, whose expressions take their place, as long as they only compute columns and select rows.

Of partition columns, equalities and ranges with literals, and ranges with constant texts, limit the listing. Of a
column of type varchar they are all that is to be checked, in the order of the texts' code points, which is Trino's;
DuckDB evaluates other predicates over the listed partitions.

A condition on "$path" selects objects, in DuckDB too. Trino makes no splits for those that a comparison of "$path" with
constants excludes, and evaluates other conditions on it for the rows, before it reads columns that they do not need:
trino 435, createInternalHiveSplit of io.trino.plugin.hive.util.InternalHiveSplitFactory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import reduce

from sandbox.athena import types as t
from sandbox.athena.errors import StatementError
from sandbox.athena.functions import BY_NAME
from sandbox.athena.partitions import Constraint
from sandbox.athena.planning.context import Read
from sandbox.athena.planning.expressions import Binder
from sandbox.athena.planning.folding import constant_text
from sandbox.athena.planning.names import qualified
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scope import AmbiguousNameError, Field, OfObject, Scope
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_MOMENTS = frozenset({"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "now"})


class ObjectValues:
    """Finds the expressions over a SELECT's sources whose values all rows of an object have."""

    def __init__(self, scope: Scope, binder: Callable[[Scope], Binder]) -> None:
        self._scope, self._binder = scope, binder
        self._columns = {f.sql: f.of_object for f in scope.fields if f.of_object is not None}

    def of(self, expression: n.Expression | None, value: Value) -> OfObject | None:
        """What an expression is of an object; None if its rows may differ, or their values from query to query."""
        if not self._columns or value.sql in self._columns:
            return self._columns.get(value.sql)
        found = None if expression is None or _has_moment(expression) else self._bound(expression)
        return None if found is None else found[0]

    def prune(self, where: n.Expression) -> None:
        """Add to the scans the constraints of a WHERE clause that only concern what all rows of an object have."""
        if not self._columns:
            return
        for part in _conjuncts(where):
            found = self._bound(part)
            if found is not None:
                _add(part, *found)

    def _bound(self, expression: n.Expression) -> tuple[OfObject, Binder] | None:
        """An expression over an object's own columns, and the binder that has them."""
        used = _columns(expression, self._scope)
        if not used:
            return None
        places = [f.of_object for f in used]
        first = places[0]
        if first is None or any(place is None or place.read is not first.read for place in places):
            return None
        has_path = any(place is not None and place.has_path for place in places)
        if not _is_deterministic(expression) or (has_path and _has_moment(expression)):
            return None
        fields = {
            f.sql: dataclasses.replace(f, sql=f.of_object.sql, parsed=None) for f in used if f.of_object is not None
        }
        inner = self._binder(Scope(tuple(fields.values())))
        try:
            value = inner.bind(expression)
        except StatementError:
            return None
        return OfObject(first.read, f"({value.sql})", has_path=has_path), inner


def _add(part: n.Expression, found: OfObject, inner: Binder) -> None:
    """Add a condition to the scan whose objects it selects."""
    read = found.read
    if found.has_path:
        read.path_predicates = (*read.path_predicates, found.sql)
        return
    constrained = _constraint(part, inner)
    column = None if constrained is None else inner.scope.local(qualified(constrained[0]) or ())
    place = None if column is None else column.of_object
    if constrained is None or column is None or place is None or place.column is None:
        read.predicates = (*read.predicates, found.sql)
        return
    constraint = constrained[1]
    read.constraints = {
        **read.constraints,
        place.column: _both(read.constraints.get(place.column, Constraint()), constraint),
    }
    if column.type != t.VARCHAR or not _is_whole(part, constraint):
        read.predicates = (*read.predicates, found.sql)


def needed_by_all(reads: Sequence[Read]) -> tuple[Read, ...]:
    """The scans with constraints that let through what any scan of their relation needs."""
    by_alias: dict[str, list[Read]] = {}
    for read in reads:
        by_alias.setdefault(read.alias, []).append(read)
    return tuple(reduce(_either_read, by_alias[read.alias]) for read in reads)


def _either_read(a: Read, b: Read) -> Read:
    names = a.constraints.keys() & b.constraints.keys()
    return dataclasses.replace(
        a,
        constraints={name: _either(a.constraints[name], b.constraints[name]) for name in names},
        predicates=tuple(one for one in a.predicates if one in b.predicates),
        path_predicates=tuple(one for one in a.path_predicates if one in b.path_predicates),
    )


def _is_deterministic(expression: n.Expression) -> bool:
    return all(f.deterministic for name in _called(expression) for f in BY_NAME.get(name, ()))


def _has_moment(expression: n.Expression) -> bool:
    """Whether an expression reads the clock, so that its value is not the same in every query."""
    return not _MOMENTS.isdisjoint(_called(expression))


def _called(expression: n.Expression) -> set[str]:
    return {part.name for part in walked(expression) if isinstance(part, n.Call)}


def _conjuncts(where: n.Expression) -> Iterator[n.Expression]:
    if isinstance(where, n.Logical) and where.operator == "AND":
        for term in where.terms:
            yield from _conjuncts(term)
    else:
        yield where


def _columns(part: n.Expression, scope: Scope) -> list[Field] | None:
    """The columns of this scope that an expression uses; None if it uses anything except values of a row."""
    found: list[Field] = []
    stack: list[object] = [part]
    while stack:
        node = stack.pop()
        if isinstance(node, (n.Query, n.Lambda)):
            return None
        if isinstance(node, (n.Name, n.Dereference)):
            parts = qualified(node)
            try:
                resolved = None if parts is None else scope.local(parts)
            except AmbiguousNameError:
                return None
            if resolved is None:
                return None
            found.append(resolved)
        elif isinstance(node, n.Node):
            stack += [getattr(node, f.name) for f in dataclasses.fields(node) if f.compare]
        elif isinstance(node, tuple):
            stack += node
    return found


def _constraint(part: n.Expression, binder: Binder) -> tuple[n.Expression, Constraint] | None:
    """The column that a part of the clause is about, and what it says of it."""
    match part:
        case n.InList(operand=(n.Name() | n.Dereference()) as column, items=items):
            values = [_literal(item) for item in items]
            if all(value is not None for value in values):
                return column, Constraint(frozenset(value for value in values if value is not None))
        case n.Between(operand=(n.Name() | n.Dereference()) as column, low=low, high=high):
            return column, Constraint(None, _text(low, binder), _text(high, binder))
        case n.Comparison(operator=operator, left=left, right=right) if operator in _MIRRORED:
            if isinstance(right, (n.Name, n.Dereference)):
                operator, left, right = _MIRRORED[operator], right, left
            if isinstance(left, (n.Name, n.Dereference)):
                return _compared(left, operator, right, binder)
        case _:
            pass
    return None


def _is_whole(part: n.Expression, constraint: Constraint) -> bool:
    """Whether a constraint says all that its part of the clause says of a text."""
    bounds = (constraint.low, constraint.high)
    return constraint.values is not None or bounds.count(None) == (0 if isinstance(part, n.Between) else 1)


def _compared(
    column: n.Expression, operator: str, other: n.Expression, binder: Binder
) -> tuple[n.Expression, Constraint] | None:
    if operator == "=":
        value = _literal(other)
        return None if value is None else (column, Constraint(frozenset([value])))
    bound = _text(other, binder)
    if operator in {">", ">="}:
        return column, Constraint(low=bound, low_open=operator == ">")
    return column, Constraint(high=bound, high_open=operator == "<")


def _literal(node: n.Expression) -> str | None:
    return node.text if isinstance(node, n.Literal) and node.kind in {"string", "integer"} else None


def _text(node: n.Expression, binder: Binder) -> str | None:
    """A bound in text order; None for numbers, whose order differs."""
    if isinstance(node, n.Literal):
        return node.text if node.kind == "string" else None
    return constant_text(binder, node)


def _both(a: Constraint, b: Constraint) -> Constraint:
    values = b.values if a.values is None else a.values if b.values is None else a.values & b.values
    lows = [(each.low, each.low_open) for each in (a, b) if each.low is not None]
    highs = [(each.high, not each.high_open) for each in (a, b) if each.high is not None]
    low, low_open = max(lows, default=(None, False))
    high, high_closed = min(highs, default=(None, True))
    return Constraint(values, low, high, low_open, not high_closed)


def _either(a: Constraint, b: Constraint) -> Constraint:
    """What lets through all that one of two constraints does."""
    values = None if a.values is None or b.values is None else a.values | b.values
    lows = [(each.low, each.low_open) for each in (a, b) if each.low is not None]
    highs = [(each.high, not each.high_open) for each in (a, b) if each.high is not None]
    low, low_open = min(lows) if len(lows) == 2 else (None, False)
    high, high_closed = max(highs) if len(highs) == 2 else (None, True)
    return Constraint(values, low, high, low_open, not high_closed)
