"""Constant texts: what a statement computes of literals alone is computed while it is planned.

Trino does so before it chooses partitions: trino 435,
core/trino-main/src/main/java/io/trino/sql/planner/iterative/rule/SimplifyExpressions.java. Here it is done for the
functions with which a statement names the partitions since a moment, whose texts then limit the listing too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena import types as t
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.syntax import nodes as n

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder

_FOLDED = frozenset(
    {
        *("date", "date_add", "date_format", "date_parse", "date_trunc", "format_datetime", "from_iso8601_date"),
        *("from_iso8601_timestamp", "from_unixtime", "parse_datetime", "to_iso8601"),
    }
)
"""Functions that give the same for the same arguments, in a moment."""
_PARTS = (n.Call, n.Cast, n.Literal, n.TypedLiteral, n.Interval, n.Arithmetic, n.Negative)


def constant_text(binder: Binder, node: n.Expression) -> str | None:
    """The text of an expression of literals; None for one that is a literal, has no text, fails or is not so simple."""
    if not isinstance(node, (n.Call, n.Cast)) or not all(_is_constant(part) for part in walked(node)):
        return None
    value = binder.bind(node)
    return binder.context.evaluate(value.sql) if value.type == t.VARCHAR else None


def _is_constant(part: n.Node) -> bool:
    if isinstance(part, n.Call):
        return part.name in _FOLDED and part.over is None and part.filter is None
    return isinstance(part, _PARTS)
