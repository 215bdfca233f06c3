"""Athena's arithmetic: exact decimals of the inferred width, integer division of integers.

Each function is a rule of `dialect`: it takes a typed expression and returns an equivalent DuckDB expression.
"""

from __future__ import annotations

from sqlglot import exp

from sandbox.athena.building import call, cast_to, untyped
from sandbox.athena.inference import decimal_of, is_decimal, is_integer


def divide(node: exp.Div) -> exp.Expr:
    """Integers divide to integers, truncated; decimals exactly, at the larger scale; doubles as doubles."""
    left, right = node.this, node.expression
    if is_integer(left) and is_integer(right):
        return exp.paren(exp.IntDiv(this=_operand(left), expression=_operand(right)), copy=False)
    digits, result = (decimal_of(left), decimal_of(right)), decimal_of(node)
    if digits[0] is None or digits[1] is None or result is None:
        return node
    return _divided(left, right, digits[0][1], digits[1][1], result)


def arithmetic(node: exp.Binary) -> exp.Expr:
    """Decimals with Athena's width: DuckDB would keep the result of two 18-digit decimals in 18 digits and overflow."""
    left, result = decimal_of(node.this), decimal_of(node)
    if left is None or result is None or not is_decimal(node):
        return node
    if result[0] > 18:
        node.set("this", cast_to(node.this, f"DECIMAL(38, {left[1]})"))
    return _as_inferred(node)


def _as_inferred(node: exp.Expr) -> exp.Expr:
    """The expression cast to its type in Athena, a decimal or an integer."""
    digits = decimal_of(node)
    if digits is None:
        return node
    type_ = "DECIMAL({}, {})".format(*digits) if is_decimal(node) else str(node.type)
    return cast_to(untyped(node), type_)


def _operand(node: exp.Expr) -> exp.Expr:
    return exp.paren(node, copy=False) if isinstance(node, exp.Binary) else node


def _divided(left: exp.Expr, right: exp.Expr, left_scale: int, right_scale: int, result: tuple[int, int]) -> exp.Expr:
    scale = result[1]
    factor, unit = (
        cast_to(exp.Literal.number(10**power), "HUGEINT") for power in (scale + right_scale - left_scale, scale)
    )
    return cast_to(call("athena_divide", left, right, factor, scale, unit), "DECIMAL({}, {})".format(*result))


def average(node: exp.Avg) -> exp.Expr:
    """The average of decimals is a decimal of the same type; filters and windows are applied to its two parts."""
    argument = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    digits = decimal_of(argument)
    if digits is None or not is_decimal(argument):
        return node
    whole: exp.Expr = node
    while isinstance(whole.parent, (exp.Filter, exp.Window)) and whole.arg_key == "this":
        whole = whole.parent
    if whole is node:
        return _mean(exp.Sum(this=node.this.copy()), exp.Count(this=node.this.copy()), digits)
    parts: list[exp.Expr] = []
    for aggregate in (exp.Sum, exp.Count):
        part = whole.copy()
        inner = part.find(exp.Avg)
        if inner is not None:
            inner.replace(aggregate(this=node.this.copy()))
        parts.append(part)
    whole.replace(_mean(parts[0], parts[1], digits))
    return node


def _mean(total: exp.Expr, count: exp.Expr, digits: tuple[int, int]) -> exp.Expr:
    return _divided(total, count, digits[1], 0, digits)


def rounded(node: exp.Expr) -> exp.Expr:
    """A rounded decimal keeps its scale; the sign of an integer has the integer's type."""
    return _as_inferred(node) if is_decimal(node.this) or isinstance(node, exp.Sign) else node
