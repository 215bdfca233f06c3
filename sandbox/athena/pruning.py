"""The constraints of a query's WHERE clauses on a table's partition columns.

Conservative: a predicate is used only if no row that it excludes can affect the query's result. DuckDB evaluates
predicates over the listed partitions; equalities and ranges with literals also limit the listing.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sandbox.athena.dialect import to_duckdb
from sandbox.athena.partitions import Constraint

_MIRRORED = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE, exp.EQ: exp.EQ}


def partition_predicates(
    query: exp.Expr, table: str, columns: set[str]
) -> tuple[Mapping[str, Constraint], tuple[str, ...]]:
    """For the use of a table that is named `table` in a qualified, typed query: constraints by column, and all
    predicates over its partition columns alone, in DuckDB's SQL with the columns unqualified.
    """
    node = next((n for n in query.find_all(exp.Table) if n.name == table), None)
    select = node.find_ancestor(exp.Select) if node is not None else None
    if node is None or select is None or not columns or not _filters_source(select, node):
        return {}, ()
    where = select.args.get("where")
    if not isinstance(where, exp.Where):
        return {}, ()
    condition = where.this.unnest()
    conjuncts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    chosen = [part.unnest() for part in conjuncts if _is_about(part, node.alias_or_name, columns)]
    constraints: dict[str, Constraint] = {}
    for part in chosen:
        constrained = _constraint(part)
        if constrained is not None:
            name, constraint = constrained
            constraints[name] = _both(constraints.get(name, Constraint()), constraint)
    return constraints, tuple(_sql(part) for part in chosen)


def _filters_source(select: exp.Select, node: exp.Table) -> bool:
    """Whether excluding a row of the table in the WHERE clause removes only that row from the query."""
    joins: list[exp.Join] = select.args.get("joins") or []
    own = node.find_ancestor(exp.From, exp.Join, exp.Select)
    sides = {str(join.side or "").upper() for join in joins}
    if sides & {"RIGHT", "FULL"}:
        return False
    return not (isinstance(own, exp.Join) and str(own.side or "").upper() == "LEFT")


def _is_about(part: exp.Expr, source: str, columns: set[str]) -> bool:
    if part.find(exp.Subquery, exp.Select, exp.AggFunc, exp.Window) is not None:
        return False
    used = list(part.find_all(exp.Column))
    return bool(used) and all(column.table == source and column.name in columns for column in used)


def _sql(part: exp.Expr) -> str:
    copied = part.copy()
    for column in list(copied.find_all(exp.Column)):
        column.set("table", None)
    return to_duckdb(copied)


def _constraint(part: exp.Expr) -> tuple[str, Constraint] | None:
    if isinstance(part, exp.In) and isinstance(part.this, exp.Column):
        values = [_literal(item) for item in part.expressions]
        if values and None not in values:
            return part.this.name, Constraint(frozenset(value for value in values if value is not None))
    if isinstance(part, exp.Between) and isinstance(part.this, exp.Column):
        return part.this.name, Constraint(None, _text(part.args["low"]), _text(part.args["high"]))
    if not isinstance(part, (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return None
    kind, column, other = type(part), part.this, part.expression
    if isinstance(other, exp.Column):
        kind, column, other = _MIRRORED[kind], other, column
    if not isinstance(column, exp.Column):
        return None
    if kind is exp.EQ:
        value = _literal(other)
        return None if value is None else (column.name, Constraint(frozenset([value])))
    bound = _text(other)
    return column.name, Constraint(None, bound, None) if kind in {exp.GT, exp.GTE} else Constraint(None, None, bound)


def _literal(node: exp.Expr) -> str | None:
    node = node.unnest()
    return node.name if isinstance(node, exp.Literal) else None


def _text(node: exp.Expr) -> str | None:
    """A bound in text order; numbers have a different order, so they give no bound."""
    node = node.unnest()
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def _both(a: Constraint, b: Constraint) -> Constraint:
    values = b.values if a.values is None else a.values if b.values is None else a.values & b.values
    lows = [low for low in (a.low, b.low) if low is not None]
    highs = [high for high in (a.high, b.high) if high is not None]
    return Constraint(values, max(lows, default=None), min(highs, default=None))
