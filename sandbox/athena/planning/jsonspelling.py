"""CAST(json_parse(text) AS …) of stored text to an array, a map or a row: the text is read as it is spelled.

Trino reads it in one step there, so that decimals keep all digits and a map the order of its keys, and a repeated key
is an error. json_parse of constants is evaluated before, and TRY_CAST reads its canonical text. Source: trino 435,
io.trino.sql.relational.optimizer.ExpressionOptimizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.conversions import spelled_json_sql
from sandbox.athena.planning.names import qualified
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scope import AmbiguousNameError
from sandbox.athena.sql import literal
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder

_PARSED = "athena_json_parse("


def parsed(binder: Binder, node: n.Cast, operand: Value) -> Value | None:
    """The value of such a cast, whose operand is bound; None for any other cast."""
    call = node.operand
    if node.safe or node.type.name not in {"array", "map", "row"} or not isinstance(call, n.Call):
        return None
    if call.name != "json_parse" or not operand.sql.startswith(_PARSED) or not _is_stored(binder, call):
        return None
    text = operand.sql.removeprefix(_PARSED).removesuffix(")")
    return Value(node.type, spelled_json_sql(f"athena_json_spelled({text}, {literal(node.type.athena)})", node.type))


def _is_stored(binder: Binder, call: n.Call) -> bool:
    """Whether a call names a column that is not one of VALUES, and no parameter of a lambda expression."""
    stored = False
    for part in walked(call):
        parts = (part.name,) if isinstance(part, n.Name) else None
        parts = qualified(part) if isinstance(part, n.Dereference) else parts
        if parts is None:
            continue
        if binder.scope.variable(parts[0]) is not None:
            return False
        try:
            found = binder.scope.resolve(parts)
        except AmbiguousNameError:
            continue
        stored = stored or (found is not None and not found[0].constant)
    return stored
