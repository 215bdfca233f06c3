"""CAST(json_parse(text) AS …) to an array, a map or a row: of stored text, the text is read as it is spelled.

Trino reads it in one step there, so that decimals keep all digits and a map the order of its keys, and a repeated key
is an error. json_parse of constants is evaluated before, and TRY_CAST reads its canonical text. A column that is
json_parse of a text is read in either way, as the projections around it are merged or not (jsonreadings); they are not
into TRY. Where that is not known, a text whose two readings differ is refused. Source: trino 435,
io.trino.sql.relational.optimizer.ExpressionOptimizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.conversions import cast, spelled_json_sql
from sandbox.athena.planning.names import qualified
from sandbox.athena.planning.rewriting import walked
from sandbox.athena.planning.scope import AmbiguousNameError, Field, Origin, ParsedText, Reading, Scope
from sandbox.athena.sql import literal
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder

_PARSED = "athena_json_parse("
_OF_ORIGIN: dict[Origin, Reading] = {"stored": "spelled", "values": "canonical", "unknown": "either"}


def parsed(binder: Binder, node: n.Cast, operand: Value) -> Value | None:
    """The value of such a cast, whose operand is bound; None for any other cast."""
    if node.safe or node.type.name not in {"array", "map", "row"}:
        return None
    text = _text(binder.scope, node.operand, operand)
    if text is None or text.reading == "canonical":
        return None
    if text.reading == "either" and binder.tries and not isinstance(node.operand, n.Call):
        return None
    if text.reading == "either":
        agreed = Value(operand.type, f"coalesce(athena_json_agreed({text.sql}), {operand.sql})")
        return cast(agreed, node.type)
    spelled = f"athena_json_spelled({text.sql}, {literal(node.type.athena)})"
    return Value(node.type, spelled_json_sql(spelled, node.type))


def _text(scope: Scope, node: n.Expression, value: Value) -> ParsedText | None:
    """The text of which an expression with a value is json_parse; None for any other expression."""
    if isinstance(node, n.Call):
        return of_call(scope, node, value)
    field = column(scope, node) if isinstance(node, (n.Name, n.Dereference)) else None
    return field.parsed if field is not None and field.sql == value.sql else None


def of_call(scope: Scope, call: n.Call, value: Value) -> ParsedText | None:
    """The text of which a call with a value is json_parse."""
    if call.name != "json_parse" or not value.sql.startswith(_PARSED):
        return None
    found = origin(scope, call)
    return ParsedText(value.sql.removeprefix(_PARSED).removesuffix(")"), found == "stored", _OF_ORIGIN[found])


def origin(scope: Scope, node: n.Expression) -> Origin:
    """Whether an expression is computed from stored rows, or from constants and VALUES alone."""
    found: set[Origin] = set()
    for part in walked(node):
        if isinstance(part, n.Query):
            found.add("unknown")
        parts = qualified(part) if isinstance(part, (n.Name, n.Dereference)) else None
        if parts is not None and scope.variable(parts[0]) is not None:
            return "unknown"
        field = None if parts is None else column(scope, part)
        if field is not None:
            found.add(field.origin)
    return "stored" if "stored" in found else "unknown" if "unknown" in found else "values"


def column(scope: Scope, node: n.Node) -> Field | None:
    """The column that a name is; None for any other node, and for a name that no or several columns have."""
    parts = qualified(node) if isinstance(node, (n.Name, n.Dereference)) else None
    if parts is None or scope.variable(parts[0]) is not None:
        return None
    try:
        found = scope.resolve(parts)
    except AmbiguousNameError:
        return None
    return None if found is None else found[0]
