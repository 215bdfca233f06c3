"""The constraints of a WHERE clause on a table's partition columns.

Conservative: a predicate is used only if no row that it excludes can affect the query's result. Equalities and ranges
with literals, and ranges with constant texts, limit the listing. Of a column of type varchar they are all that is to be
checked, in the order of the texts' code points, which is Trino's; DuckDB evaluates other predicates over the listed
partitions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from sandbox.athena import types as t
from sandbox.athena.errors import StatementError
from sandbox.athena.partitions import Constraint
from sandbox.athena.planning.context import Read
from sandbox.athena.planning.expressions import Binder
from sandbox.athena.planning.folding import constant_text
from sandbox.athena.planning.names import qualified
from sandbox.athena.planning.scope import AmbiguousNameError, Field, Scope
from sandbox.athena.sql import identifier
from sandbox.athena.syntax import nodes as n

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


def prune(read: Read, where: n.Expression, scope: Scope, binder: Callable[[Scope], Binder]) -> None:
    """Add to a read the constraints of the clause that only concern its partition columns."""
    names = {column.name for column in read.table.partition_columns}
    columns = {f.sql: f for f in scope.fields if f.name in names and _is_of(f, read)}
    constraints: dict[str, Constraint] = dict(read.constraints)
    predicates: list[str] = list(read.predicates)
    for part in _conjuncts(where):
        used = _columns(part, scope)
        if used is None or not used or not all(f.sql in columns for f in used):
            continue
        unqualified = [dataclasses.replace(f, sql=identifier(f.name or "")) for f in dict.fromkeys(used)]
        try:
            inner = binder(Scope(tuple(unqualified)))
            predicate = inner.bind(part).sql
        except StatementError:
            continue
        constrained = _constraint(part, inner)
        if constrained is not None:
            name, constraint = constrained
            constraints[name] = _both(constraints.get(name, Constraint()), constraint)
        if constrained is None or used[0].type != t.VARCHAR or not _is_whole(part, constrained[1]):
            predicates.append(predicate)
    read.constraints, read.predicates = constraints, tuple(predicates)


def _is_of(field: Field, read: Read) -> bool:
    return field.sql.partition(".")[0] == read.relation


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


def _constraint(part: n.Expression, binder: Binder) -> tuple[str, Constraint] | None:
    match part:
        case n.InList(operand=(n.Name() | n.Dereference()) as column, items=items):
            values = [_literal(item) for item in items]
            if all(value is not None for value in values):
                return column.name, Constraint(frozenset(value for value in values if value is not None))
        case n.Between(operand=(n.Name() | n.Dereference()) as column, low=low, high=high):
            return column.name, Constraint(None, _text(low, binder), _text(high, binder))
        case n.Comparison(operator=operator, left=left, right=right) if operator in _MIRRORED:
            if isinstance(right, (n.Name, n.Dereference)):
                operator, left, right = _MIRRORED[operator], right, left
            if isinstance(left, (n.Name, n.Dereference)):
                return _compared(left.name, operator, right, binder)
        case _:
            pass
    return None


def _is_whole(part: n.Expression, constraint: Constraint) -> bool:
    """Whether a constraint says all that its part of the clause says of a text."""
    bounds = (constraint.low, constraint.high)
    return constraint.values is not None or bounds.count(None) == (0 if isinstance(part, n.Between) else 1)


def _compared(name: str, operator: str, other: n.Expression, binder: Binder) -> tuple[str, Constraint] | None:
    if operator == "=":
        value = _literal(other)
        return None if value is None else (name, Constraint(frozenset([value])))
    bound = _text(other, binder)
    if operator in {">", ">="}:
        return name, Constraint(low=bound, low_open=operator == ">")
    return name, Constraint(high=bound, high_open=operator == "<")


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
