"""GROUP BY and aggregates: one SELECT that groups, and the expressions over its columns.

After the grouping an expression is a key, an aggregate, or composed of them. Source of the rules: trino 435,
io.trino.sql.analyzer.AggregationAnalyzer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import product
from typing import cast

from sandbox.athena import types as t
from sandbox.athena.functions.equality import has_variants
from sandbox.athena.functions.signature import has_trait
from sandbox.athena.planning import operators
from sandbox.athena.planning.calls import Calls, called, is_aggregate, modifiers
from sandbox.athena.planning.context import PlanningContext
from sandbox.athena.planning.expressions import Binder
from sandbox.athena.planning.guards import Guards
from sandbox.athena.planning.names import qualified, spoken
from sandbox.athena.planning.scope import AmbiguousNameError, Scope
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

_MAX_SETS = 2048


@dataclasses.dataclass(frozen=True)
class GroupingKey:
    """A grouping key: its expression, comparable by `canonical`, its value before and its column after the grouping."""

    canonical: object
    value: Value
    column: str


class Grouped:
    """The grouping of one SELECT; `source` binds expressions before it."""

    def __init__(self, context: PlanningContext, source: Binder, keys: Sequence[n.Expression]) -> None:
        self._context = context
        self._source = source
        self._alias = context.unique("r")
        self._keys: list[GroupingKey] = []
        self._selected: list[tuple[str, str]] = []
        self._aggregates: dict[str, str] = {}
        self.sets: list[list[int]] | None = None
        for expression in keys:
            self._key(expression)

    def _key(self, expression: n.Expression) -> int:
        canonical = canonical_form(expression, self._source.scope)
        for i, key in enumerate(self._keys):
            if key.canonical == canonical:
                return i
        value = self._source.bind(expression)
        if not has_trait(value.type, "comparable"):
            message = f"{value.type.athena} is not comparable, and therefore cannot be used in GROUP BY"
            raise self._context.error("TYPE_MISMATCH", expression, message)
        column = self._context.unique("c")
        self._keys.append(GroupingKey(canonical, value, column))
        return len(self._keys) - 1

    def group_by_sets(self, sets: Sequence[Sequence[n.Expression]], *, distinct: bool) -> None:
        """Group by several sets of keys; `distinct` leaves out those with the keys of one before them."""
        keys = [sorted({self._key(expression) for expression in some}) for some in sets]
        self.sets = [some for i, some in enumerate(keys) if not (distinct and some in keys[:i])]

    def binder(self, windows: dict[str, n.Window] | None, place: str) -> Binder:
        """A binder of expressions after the grouping."""
        calls = Calls(aggregate=self._aggregate, windows=windows)
        source = self._source
        return Binder(
            self._context,
            source.scope,
            lambda query, scope: source.subqueries(query, self._subquery_scope(scope)),
            place=place,
            override=self._override,
            calls=calls,
        )

    def _subquery_scope(self, scope: Scope) -> Scope:
        """The columns that a subquery after the grouping sees: the keys that are columns."""
        fields = [
            dataclasses.replace(f, sql=f"{self._alias}.{key.column}")
            for f in self._source.scope.fields
            for key in self._keys
            if key.value.sql == f.sql
        ]
        return Scope(tuple(fields), self._source.scope.parent, scope.variables)

    def _override(self, node: n.Expression, binder: Binder) -> Value | None:
        if isinstance(node, (n.Literal, n.TypedLiteral, n.Interval, n.Parameter)):
            return None
        if isinstance(node, n.Call) and is_aggregate(node.name):
            return None
        if isinstance(node, n.Name) and binder.scope.variable(node.name) is not None:
            return None
        canonical = canonical_form(node, binder.scope)
        for key in self._keys:
            if key.canonical == canonical:
                return Value(key.value.type, f"{self._alias}.{key.column}")
        if isinstance(node, (n.Name, n.Dereference)):
            self._check_column(node, binder)
        return None

    def _check_column(self, node: n.Name | n.Dereference, binder: Binder) -> None:
        parts = qualified(node)
        if parts is None or binder.scope.variable(parts[0]) is not None:
            return
        try:
            found = binder.scope.resolve(parts)
        except AmbiguousNameError:
            return
        if found is not None and found[1].fields == self._source.scope.fields:
            message = f"'{spoken(node)}' must be an aggregate expression or appear in GROUP BY clause"
            raise self._context.error("EXPRESSION_NOT_AGGREGATE", node, message)

    def _aggregate(self, binder: Binder, node: n.Call) -> Value:
        if node.name == "grouping":
            return self._grouping(binder, node)
        inner = Calls(nested="aggregate functions")
        plain = Binder(
            self._context,
            binder.scope if binder.scope.variables else self._source.scope,
            self._source.subqueries,
            place="Aggregate function",
            calls=inner,
        )
        match, values = inner.match(plain, node, node.name, list(node.arguments))
        if node.distinct:
            values = tuple(self._distinct(node, value) for value in values)
            arguments = [canonical_form(argument, plain.scope) for argument in node.arguments]
            for item in node.order_by:
                if canonical_form(item.expression, plain.scope) not in arguments:
                    message = "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments"
                    raise self._context.error("EXPRESSION_NOT_IN_DISTINCT", item, message)
        grouped = bool(self._keys) or self.sets is not None
        value = called(match, values, dataclasses.replace(modifiers(plain, node), grouped=grouped))
        return Value(value.type, self._column(value.sql))

    def _distinct(self, node: n.Call, value: Value) -> Value:
        """An argument of an aggregate with DISTINCT; count of one that has several forms only needs its key."""
        if not has_trait(value.type, "comparable"):
            message = f"DISTINCT can only be applied to comparable types (actual: {value.type.athena})"
            raise self._context.error("TYPE_MISMATCH", node, message)
        if not has_variants(value.type) or node.name == "array_agg":
            return value
        if node.name != "count":
            message = f"The sandbox's Athena has no {node.name}(DISTINCT …) of {value.type.athena}"
            raise self._context.error("NOT_SUPPORTED", node, message)
        return dataclasses.replace(value, sql=operators.group_key(value))

    def _column(self, sql: str) -> str:
        column = self._aggregates.setdefault(sql, "")
        if not column:
            column = self._aggregates[sql] = self._context.unique("c")
        return f"{self._alias}.{column}"

    def _grouping(self, binder: Binder, node: n.Call) -> Value:
        columns: list[str] = []
        for argument in node.arguments:
            self._source.bind(argument)
            canonical = canonical_form(argument, binder.scope)
            key = next((key for key in self._keys if key.canonical == canonical), None)
            if key is None:
                message = "The arguments to GROUPING() must be expressions referenced by the GROUP BY"
                raise self._context.error("INVALID_ARGUMENTS", argument, message)
            columns.append(operators.group_key(key.value))
        if self.sets is None:
            return Value(t.INTEGER, "CAST(0 AS INTEGER)")
        type_ = t.INTEGER if len(columns) < 32 else t.BIGINT
        column = self._column(f"GROUPING({', '.join(columns)})")
        return Value(type_, f"CAST({column} AS {type_.physical})")

    def guards(self, before: Guards, *, filtered: bool) -> Guards:
        """The guards of the keys behind the grouping; DuckDB moves no condition on an aggregate below it."""
        keys = (f"{self._alias}.{key.column}" for key in self._keys if before.guard(key.value.sql))
        return Guards(keys, filtered=filtered)

    def sql(self, source: str, where: str) -> str:
        """The FROM item of the grouped rows; call it after all expressions over them are bound."""
        selected = [f"{self._key_column(key)} AS {key.column}" for key in self._keys]
        selected += [f"{sql} AS {column}" for sql, column in self._aggregates.items()]
        groups = ""
        keys = [operators.group_key(key.value) for key in self._keys]
        if self.sets is not None:
            sets = ", ".join(f"({', '.join(keys[i] for i in some)})" for some in self.sets)
            groups = f" GROUP BY GROUPING SETS ({sets})"
        elif keys:
            groups = f" GROUP BY {', '.join(keys)}"
        columns = ", ".join(selected) or "count() AS c0"
        return f"(SELECT {columns}{source}{where}{groups}) AS {self._alias}"

    def _key_column(self, key: GroupingKey) -> str:
        if not has_variants(key.value.type):
            return key.value.sql
        value = f"any_value({key.value.sql})"
        grouped = f"GROUPING({operators.group_key(key.value)}) = 0"
        return value if self.sets is None else f"CASE WHEN {grouped} THEN {value} END"


def grouping_sets(groups: Sequence[n.Grouping]) -> list[tuple[n.Expression, ...]]:
    """All combinations of the elements of GROUP BY."""
    return [tuple(e for part in some for e in part) for some in product(*(group.sets for group in groups))]


def canonical_form(node: object, scope: Scope) -> object:
    """A form of a node that is equal for equal expressions: columns are resolved, whatever their names."""
    if isinstance(node, (n.Name, n.Dereference)):
        parts = qualified(node)
        if parts is not None and parts[0] not in scope.variables:
            try:
                found = scope.resolve(parts)
            except AmbiguousNameError:
                found = None
            if found is not None:
                return ("column", found[0].sql)
    if isinstance(node, n.Node):
        parts = [canonical_form(getattr(node, f.name), scope) for f in dataclasses.fields(node) if f.compare]
        return (type(node).__name__, *parts)
    if isinstance(node, tuple):
        return tuple(canonical_form(item, scope) for item in cast("tuple[object, ...]", node))
    return node
