"""Subqueries of expressions: EXISTS, IN, ANY, ALL and scalar ones.

Source of the rules: trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/ExpressionAnalyzer.java.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.athena import types as t
from sandbox.athena.coercions import common_type
from sandbox.athena.conversions import coerce
from sandbox.athena.planning import operators
from sandbox.athena.planning.scope import Field
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder


def quantified(binder: Binder, node: n.Quantified) -> Value:
    """left = ANY or ALL (query)."""
    left = binder.bind(node.left)
    sql, fields = binder.subqueries(node.query, replace(binder.scope, unnested=False))
    name = binder.context.unique("q")
    right = _column(binder, node, left, [f.within(name) for f in fields])
    test = binder.compared(node.operator, left, right, node)
    every = node.quantifier == "ALL"
    # Three-valued logic: any false makes ALL false, any true makes ANY true, otherwise a NULL makes it unknown.
    decisive, neutral = ("false", "true") if every else ("true", "false")
    found = f"list({test.sql})"
    inner = (
        f"SELECT CASE WHEN list_contains(l, {decisive}) THEN {decisive}"
        f" WHEN len(list_filter(l, lambda x: x IS NULL)) > 0 THEN NULL ELSE {neutral} END"
        f" FROM (SELECT {found} AS l FROM ({sql}) AS {name})"
    )
    return Value(t.BOOLEAN, f"({inner})")


def in_query(binder: Binder, node: n.InQuery) -> Value:
    """operand IN (query)."""
    value = binder.bind(node.operand)
    sql, fields = binder.subqueries(node.query, replace(binder.scope, unnested=False))
    column = _column(binder, node, value, fields)
    common = common_type(value.type, column.type) or column.type
    inner = f"SELECT {operators.group_key(coerce(column, common))} FROM ({sql}) AS {binder.context.unique('q')}"
    return Value(t.BOOLEAN, f"({operators.group_key(coerce(value, common))} IN ({inner}))")


def exists(binder: Binder, node: n.Exists) -> Value:
    """EXISTS (query)."""
    sql, _ = binder.subqueries(node.query, replace(binder.scope, only_rows=True))
    return Value(t.BOOLEAN, f"EXISTS ({sql})")


def scalar(binder: Binder, node: n.Subquery) -> Value:
    """(query), whose several columns are a row."""
    sql, fields = binder.subqueries(node.query, binder.scope)
    if len(fields) == 1:
        return Value(fields[0].type, f"({sql})")
    type_ = t.row_of(*(f.type for f in fields), names=[f.name or "" for f in fields])
    packed = ", ".join(f"f{i} := {field.sql}" for i, field in enumerate(fields, 1))
    return Value(type_, f"(SELECT struct_pack({packed}) FROM ({sql}) AS {binder.context.unique('q')})")


def _column(binder: Binder, node: n.Node, value: Value, fields: Sequence[Field]) -> Value:
    """What a value is compared with in a subquery: its column, or for a row, the row of its columns."""
    row = t.row_of(*(f.type for f in fields), names=[f.name or "" for f in fields])
    if value.type.name != "row" and len(fields) == 1:
        column = fields[0].value
    else:
        packed = ", ".join(f"f{i} := {f.sql}" for i, f in enumerate(fields, 1))
        column = Value(row, f"struct_pack({packed})")
    if common_type(value.type, column.type) is None:
        types = f"{value.type.athena} vs {row.athena}"
        message = f"Value expression and result of subquery must be of the same type: {types}"
        raise binder.error("TYPE_MISMATCH", node, message)
    return column
