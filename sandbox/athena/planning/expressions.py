"""Binding of expressions: names, types, and SQL with every conversion explicit.

Source of the rules: trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/ExpressionAnalyzer.java.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sandbox.athena import types as t
from sandbox.athena.coercions import can_coerce, common_type, common_type_of
from sandbox.athena.conversions import cast, castable, coerce
from sandbox.athena.errors import StatementError
from sandbox.athena.functions.signature import has_trait
from sandbox.athena.planning import (
    fields,
    jsonbuilding,
    jsonspelling,
    literals,
    operators,
    subqueries,
    subscripts,
    timezones,
)
from sandbox.athena.planning.calls import Calls
from sandbox.athena.planning.context import OuterReference, PlanningContext
from sandbox.athena.planning.folding import constant_text
from sandbox.athena.planning.guards import Guards
from sandbox.athena.planning.names import qualified, spoken
from sandbox.athena.planning.rewriting import without_ignored_nulls
from sandbox.athena.planning.scope import AmbiguousNameError, Field, Scope
from sandbox.athena.planning.typed import coerce_text, null_typed, supported
from sandbox.athena.sql import literal
from sandbox.athena.syntax import nodes as n
from sandbox.athena.types import Type
from sandbox.athena.values import Value

Subqueries = Callable[[n.Query, Scope], tuple[str, tuple[Field, ...]]]
"""Plans a subquery in a scope: its SQL, and its columns."""
Override = Callable[[n.Expression, "Binder"], Value | None]
"""Returns an expression's value if it already has one, such as after GROUP BY; else None."""
NO_GUARDS = Guards(())
_LOGICAL = "Logical expression term ({})"


class Binder:
    """Binds expressions in one scope.

    `place` names the clause in errors, and determines with `aggregates` and `windows` which calls are allowed. `tries`
    is set inside TRY.
    """

    def __init__(
        self,
        context: PlanningContext,
        scope: Scope,
        subqueries: Subqueries,
        *,
        place: str = "",
        override: Override | None = None,
        calls: Calls | None = None,
    ) -> None:
        self.context = context
        self.scope = scope
        self.subqueries = subqueries
        self.place = place
        self.override = override
        self.calls = calls or Calls()
        self.tries = False

    def inside(self, scope: Scope) -> Binder:
        """The same binder in a lambda expression's scope."""
        inner = Binder(self.context, scope, self.subqueries, place=self.place, override=self.override, calls=self.calls)
        inner.tries = self.tries
        return inner

    def error(self, name: str, node: n.Node, message: str) -> StatementError:
        """An error at a node."""
        return self.context.error(name, node, message)

    def bind(self, node: n.Expression) -> Value:
        """The value of an expression; raises StatementError with Trino's name of the error."""
        if self.override is not None:
            found = self.override(node, self)
            if found is not None:
                return found
        try:
            return self._BINDERS[type(node)](self, node)
        except StatementError as error:
            if error.located:
                raise
            raise self.error(error.name, node, error.detail) from error

    def bind_as(self, node: n.Expression, type_: Type, what: str) -> Value:
        """Bind an expression that must have a type; `what` begins the sentence of the error."""
        value = self.bind(node)
        if not can_coerce(value.type, type_):
            message = f"{what} must evaluate to a {type_.athena} (actual: {value.type.athena})"
            raise self.error("TYPE_MISMATCH", node, message)
        return coerce(value, type_)

    def condition(self, node: n.Expression, clause: str, guards: Guards = NO_GUARDS) -> Value:
        """A condition of WHERE, HAVING, ON, FILTER or WHEN; those that it joins by AND are one each."""
        if guards.guarded and isinstance(node, n.Logical) and node.operator == "AND" and not self._has_value(node):
            return _joined("AND", [self.condition(term, _LOGICAL.format(spoken(term)), guards) for term in node.terms])
        return guards.kept(self.bind_as(node, t.BOOLEAN, clause))

    def _has_value(self, node: n.Expression) -> bool:
        return self.override is not None and self.override(node, self) is not None

    def same_type(self, nodes: Sequence[n.Expression], message: str) -> list[Value]:
        """Expressions converted to their common type."""
        values = [self.bind(node) for node in nodes]
        return self.unified(values, nodes, message)

    def unified(self, values: Sequence[Value], nodes: Sequence[n.Expression], message: str) -> list[Value]:
        """Values converted to their common type."""
        common: Type = t.UNKNOWN
        for value, node in zip(values, nodes, strict=True):
            wider = common_type(common, value.type)
            if wider is None:
                raise self.error("TYPE_MISMATCH", node, f"{message}: {common.athena} and {value.type.athena}")
            common = wider
        return [coerce(value, common) for value in values]

    def _literal(self, node: n.Literal) -> Value:
        return literals.literal_value(node)

    def _typed_literal(self, node: n.TypedLiteral) -> Value:
        return literals.typed_literal(node)

    def _interval(self, node: n.Interval) -> Value:
        return literals.interval_value(node)

    def _parameter(self, node: n.Parameter) -> Value:
        raise self.error("INVALID_PARAMETER_USAGE", node, "Incorrect number of parameters: expected more")

    def _name(self, node: n.Name) -> Value:
        variable = self.scope.variable(node.name)
        if variable is not None:
            return variable
        found = self.column((node.name,), node)
        if found is None:
            raise self._unresolved(node, node.spelled)
        return found

    def column(self, parts: tuple[str, ...], node: n.Expression) -> Value | None:
        """The column with a name; None if it does not exist."""
        try:
            found = self.scope.resolve(parts)
        except AmbiguousNameError:
            raise self.error("AMBIGUOUS_NAME", node, f"Column '{'.'.join(parts)}' is ambiguous") from None
        if found is None:
            return None
        field, scope = found
        if scope is self.scope:
            return field.value
        if self.scope.closed:
            message = f"Reference to column '{'.'.join(parts)}' from outer scope not allowed in this context"
            raise self.error("NOT_SUPPORTED", node, message)
        self.context.outer_references.append(OuterReference(node, self.place, self.scope, scope))
        return field.value

    def _unresolved(self, node: n.Node, spoken: str) -> StatementError:
        message = f"Column '{spoken}' cannot be resolved or requester is not authorized to access requested resources"
        return self.error("COLUMN_NOT_FOUND", node, message)

    def _dereference(self, node: n.Dereference) -> Value:
        parts = qualified(node)
        if parts is not None and self.scope.variable(parts[0]) is None:
            found = self.column(parts, node)
            if found is not None:
                return found
            if not any(self.scope_has(parts[:count]) for count in range(1, len(parts))):
                raise self._unresolved(node, spoken(node))
        base = self.bind(node.base)
        if base.type.name != "row":
            message = f"Expression {spoken(node.base)} is not of type ROW"
            raise self.error("TYPE_MISMATCH", node, message)
        matches = [i for i, (name, _) in enumerate(base.type.fields, 1) if name.lower() == node.name]
        if len(matches) != 1:
            if matches:
                message = f"Ambiguous row field reference: {node.spelled}"
                raise self.error("AMBIGUOUS_NAME", node, message)
            raise self._unresolved(node, spoken(node))
        return Value(base.type.members[matches[0] - 1], f"struct_extract({base.sql}, 'f{matches[0]}')")

    def scope_has(self, parts: tuple[str, ...]) -> bool:
        """Return whether a name is a column of this scope or an enclosing one."""
        try:
            return self.scope.resolve(parts) is not None
        except AmbiguousNameError:
            return True

    def _negative(self, node: n.Negative) -> Value:
        operand = node.operand
        if node.sign == "-" and isinstance(operand, n.Literal) and operand.kind in {"integer", "decimal", "double"}:
            return literals.literal_value(operand, negative=True)
        value = self.bind(operand)
        if node.sign == "+":
            # Trino 435's ExpressionAnalyzer.visitArithmeticUnary lists these: no decimals, and no intervals.
            if value.type.name in operators.WITH_PLUS:
                return value
            raise self.error("TYPE_MISMATCH", node, f"Unary '+' operator cannot by applied to {value.type.athena} type")
        found = operators.negated(value)
        if found is None and value.type.name == "unknown":
            raise self._ambiguous(node)
        if found is None:
            raise self.error("TYPE_MISMATCH", node, f"Cannot negate {value.type.athena}")
        return found

    def _ambiguous(self, node: n.Node) -> StatementError:
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        return self.error("AMBIGUOUS_FUNCTION_CALL", node, message)

    def _no_operator(self, node: n.Node, shown: str) -> StatementError:
        return self.error("TYPE_MISMATCH", node, f"Cannot apply operator: {shown}")

    def _arithmetic(self, node: n.Arithmetic) -> Value:
        left, right = self.bind(node.left), self.bind(node.right)
        if operators.is_ambiguous(node.operator, left, right):
            raise self._ambiguous(node)
        found = operators.arithmetic(node.operator, left, right)
        if found is None:
            raise self._no_operator(node, f"{left.type.athena} {node.operator} {right.type.athena}")
        return found

    def _concat(self, node: n.Concat) -> Value:
        return self.calls.named(self, node, "concat", [node.left, node.right])

    def _comparison(self, node: n.Comparison) -> Value:
        left, right = (self._folded(side) for side in (node.left, node.right))
        return self.compared(node.operator, left, right, node)

    def _folded(self, node: n.Expression) -> Value:
        text = constant_text(self, node)
        return self.bind(node) if text is None else Value(t.VARCHAR, literal(text))

    def compared(self, operator: str, left: Value, right: Value, node: n.Node) -> Value:
        """A comparison, or the error of one that Trino lacks."""
        found = operators.compare(operator, left, right)
        if found is None:
            raise self._no_operator(node, f"{left.type.athena} {operator} {right.type.athena}")
        return found

    def _logical(self, node: n.Logical) -> Value:
        return _joined(node.operator, [self.condition(term, _LOGICAL.format(spoken(term))) for term in node.terms])

    def _not(self, node: n.Not) -> Value:
        return Value(t.BOOLEAN, f"(NOT {self.bind_as(node.operand, t.BOOLEAN, 'Value of logical NOT expression').sql})")

    def _is_null(self, node: n.IsNull) -> Value:
        return Value(t.BOOLEAN, f"({self.bind(node.operand).sql} IS NULL)")

    def _between(self, node: n.Between) -> Value:
        nodes = [node.operand, node.low, node.high]
        values = [self.bind(part) for part in nodes]
        common = common_type_of(value.type for value in values)
        if common is None or not has_trait(common, "orderable"):
            types = ", ".join(value.type.athena for value in values)
            raise self._no_operator(node, f"{values[0].type.athena} BETWEEN ({types})")
        value, low, high = (coerce(v, common) for v in values)
        least, most = self.compared(">=", value, low, node), self.compared("<=", value, high, node)
        return Value(t.BOOLEAN, f"({least.sql} AND {most.sql})")

    def _in_list(self, node: n.InList) -> Value:
        value, *items = self.same_type([node.operand, *node.items], "IN value and list items must be the same type")
        items = without_ignored_nulls(node, items)
        if value.type.fields or value.type.name in {"double", "real"}:
            tests = " OR ".join(self.compared("=", value, item, node).sql for item in items)
            return Value(t.BOOLEAN, f"({tests})")
        operand, *texts = (operators.group_key(v) for v in (value, *items))
        return Value(t.BOOLEAN, f"({operand} IN ({', '.join(texts)}))")

    def _like(self, node: n.Like) -> Value:
        value, pattern = self.bind(node.operand), self.bind(node.pattern)
        for part, name in ((value, "Left side"), (pattern, "Pattern")):
            if part.type.name not in {"varchar", "char", "unknown"}:
                message = f"{name} of LIKE expression must evaluate to a varchar (actual: {part.type.athena})"
                raise self.error("TYPE_MISMATCH", node, message)
        text, matched = (coerce_text(part).sql for part in (value, pattern))
        if node.escape is None:
            return Value(t.BOOLEAN, f"({text} LIKE {matched})")
        escape = self.bind_as(node.escape, t.VARCHAR, "Escape of LIKE expression")
        return Value(t.BOOLEAN, f"athena_like({text}, {matched}, {escape.sql})")

    def _case(self, node: n.Case) -> Value:
        if node.operand is None:
            conditions = [self.condition(when, "CASE WHEN clause").sql for when, _ in node.branches]
        else:
            operand = self.bind(node.operand)
            conditions = [self.compared("=", operand, self.bind(when), when).sql for when, _ in node.branches]
        results = [then for _, then in node.branches]
        results.append(node.default or n.Literal("null", "null", offset=node.offset))
        message = (
            "All CASE results must be the same type or coercible to a common type. Cannot find common type between"
        )
        values = self.same_type(results, message)
        whens = "".join(f" WHEN {c} THEN {v.sql}" for c, v in zip(conditions, values[:-1], strict=True))
        return Value(values[0].type, f"CASE{whens} ELSE {values[-1].sql} END")

    def _cast(self, node: n.Cast) -> Value:
        value = self.bind(node.operand)
        supported(node.type)
        if not castable(value.type, node.type):
            message = f"Cannot cast {value.type.athena} to {node.type.athena}"
            raise self.error("TYPE_MISMATCH", node, message)
        return jsonspelling.parsed(self, node, value) or cast(value, node.type, safe=node.safe)

    def _extract(self, node: n.Extract) -> Value:
        return fields.extract(self, node)

    def _at_time_zone(self, node: n.AtTimeZone) -> Value:
        return timezones.at_time_zone(self, node)

    def _subscript(self, node: n.Subscript) -> Value:
        base, index = self.bind(node.base), self.bind(node.index)
        found = subscripts.subscript(base, index)
        if found is None:
            raise self._no_operator(node, f"{base.type.athena}[{index.type.athena}]")
        return found

    def _array(self, node: n.Array) -> Value:
        if not node.items:
            return Value(t.array_of(t.UNKNOWN), "CAST([] AS INTEGER[])")
        message = "All ARRAY elements must be the same type"
        values = self.same_type(node.items, message)
        type_ = t.array_of(values[0].type)
        return Value(type_, f"CAST([{', '.join(value.sql for value in values)}] AS {type_.physical})")

    def _row(self, node: n.Row) -> Value:
        values = [self.bind(item) for item in node.items]
        type_ = t.row_of(*(value.type for value in values))
        packed = ", ".join(f"f{i} := {null_typed(value)}" for i, value in enumerate(values, 1))
        return Value(type_, f"struct_pack({packed})")

    def _lambda(self, node: n.Lambda) -> Value:
        raise self.error("TYPE_MISMATCH", node, "Lambda expression should always be used inside a function")

    def _call(self, node: n.Call) -> Value:
        return self.calls.call(self, node)

    def _json_call(self, node: n.JsonCall) -> Value:
        return self.calls.json(self, node)

    _BINDERS: ClassVar[dict[type[n.Expression], Callable[[Any, Any], Value]]] = {
        n.Literal: _literal,
        n.TypedLiteral: _typed_literal,
        n.Interval: _interval,
        n.Parameter: _parameter,
        n.Name: _name,
        n.Dereference: _dereference,
        n.Negative: _negative,
        n.Arithmetic: _arithmetic,
        n.Concat: _concat,
        n.Comparison: _comparison,
        n.Quantified: subqueries.quantified,
        n.Logical: _logical,
        n.Not: _not,
        n.IsNull: _is_null,
        n.Between: _between,
        n.InList: _in_list,
        n.InQuery: subqueries.in_query,
        n.Like: _like,
        n.Exists: subqueries.exists,
        n.Subquery: subqueries.scalar,
        n.Case: _case,
        n.Cast: _cast,
        n.Extract: _extract,
        n.AtTimeZone: _at_time_zone,
        n.Subscript: _subscript,
        n.Array: _array,
        n.Row: _row,
        n.Lambda: _lambda,
        n.Call: _call,
        n.JsonCall: _json_call,
        n.JsonBuilding: jsonbuilding.built,
    }


def _joined(operator: str, terms: Sequence[Value]) -> Value:
    return Value(t.BOOLEAN, f"({f' {operator} '.join(term.sql for term in terms)})")
