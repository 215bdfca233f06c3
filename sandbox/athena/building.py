"""Building blocks of DuckDB's SQL expressions."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    """A call of a function by DuckDB's name for it."""
    return exp.Anonymous(
        this=name,
        expressions=[exp.convert(a) if isinstance(a, (str, int)) else a for a in arguments],
    )


def sql(template: Callable[[str], str], operand: exp.Expr) -> exp.Expr:
    """A fragment of DuckDB's SQL around an operand."""
    return exp.maybe_parse(template(operand.sql("duckdb")), dialect="duckdb")


def cast_to(node: exp.Expr, type_: str) -> exp.Expr:
    """The expression cast to a DuckDB type, with that type annotated."""
    data_type = exp.DataType.build(type_, dialect="duckdb")
    cast = exp.Cast(this=node, to=data_type)
    cast.type = data_type
    return cast


def untyped(node: exp.Expr) -> exp.Expr:
    """A copy that may contain the original: the tree must not contain an expression within itself."""
    copied = node.copy()
    copied.type = None
    return copied
