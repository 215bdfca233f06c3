"""The select list of a SELECT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from sandbox.athena.planning.aggregation import canonical_form
from sandbox.athena.planning.expressions import Binder
from sandbox.athena.planning.rewriting import replaced
from sandbox.athena.planning.scope import Field, Scope
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value


class SelectItems:
    """The select list: expressions of the query, or columns of `*`."""

    def __init__(self) -> None:
        self.expressions: list[n.Expression | None] = []
        self._fields: list[Field | None] = []
        self._names: list[tuple[str | None, str | None]] = []
        self._nodes: list[n.Node] = []

    def add(self, expression: n.Expression, alias: str | None, spelled: str | None) -> None:
        """Add an expression; without an alias, a name keeps its own."""
        if alias is None and _is_named(expression):
            alias, spelled = expression.name, expression.spelled
        self.expressions.append(expression)
        self._fields.append(None)
        self._names.append((alias, spelled))
        self._nodes.append(expression)

    def add_field(self, field: Field, name: str | None, spelled: str | None, node: n.Node) -> None:
        """Add a column of `*`, with its name in the result."""
        parts = field.relation[-1:]
        expression: n.Expression | None = None
        if field.name is not None:
            expression = n.Name(field.name, field.name, offset=node.offset)
            if parts:
                expression = n.Dereference(n.Name(parts[0], parts[0], offset=node.offset), field.name, field.name,
                                           offset=node.offset)  # fmt: skip
        self.expressions.append(expression)
        self._fields.append(field)
        self._names.append((name, spelled))
        self._nodes.append(node)

    def node(self, index: int) -> n.Expression:
        """The expression of an item, for GROUP BY 1."""
        expression = self.expressions[index]
        if expression is None:
            raise TypeError("a column without a name cannot be grouped by its position")
        return expression

    def canonical(self, index: int, scope: Scope) -> object:
        """An item in comparable form."""
        field = self._fields[index]
        if field is not None:
            return ("column", field.sql)
        return canonical_form(self.expressions[index], scope)

    def bound(self, binder: Binder) -> list[tuple[n.Expression | None, Value, str | None, str | None]]:
        """Each item with its value, its name and the name as spelled."""
        found: list[tuple[n.Expression | None, Value, str | None, str | None]] = []
        for expression, field, (name, spelled) in zip(self.expressions, self._fields, self._names, strict=True):
            if field is not None and (binder.override is None or expression is None):
                value = field.value
            elif expression is not None:
                value = binder.bind(expression)
            else:
                raise TypeError("an item is an expression or a column")
            found.append((expression, value, name, spelled))
        return found


def with_aliases(node: n.Expression, aliases: Mapping[str, n.Expression | None]) -> n.Expression:
    """An expression of ORDER BY with the select list's aliases replaced by their expressions."""

    def replacement(part: n.Node) -> n.Node | None:
        if isinstance(part, n.Name) and part.name in aliases:
            return aliases[part.name]
        return part if isinstance(part, (n.Dereference, n.Query, n.Lambda)) else None

    found = replaced(node, replacement)
    if not isinstance(found, n.Expression):
        raise TypeError("an expression stays one")
    return found


def _is_named(expression: n.Expression) -> TypeGuard[n.Name | n.Dereference]:
    """Return whether a result column has the expression's own name: a column, or a member of one."""
    while isinstance(expression, n.Dereference):
        expression = expression.base
    return isinstance(expression, n.Name)
