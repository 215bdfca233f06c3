"""OVER (…): partition, order and frame of a window function. Source: trino 435, StatementAnalyzer.analyzeWindow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandbox.athena import types as t
from sandbox.athena.coercions import can_coerce, common_type_of
from sandbox.athena.conversions import coerce
from sandbox.athena.planning import operators
from sandbox.athena.syntax import nodes as n
from sandbox.athena.types import INTEGERS
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder


_WITHOUT_FRAME = frozenset({"lag", "lead"})
_NUMBERS = frozenset({*INTEGERS, "double", "real", "decimal"})
_BACKWARDS = {("CURRENT ROW", "PRECEDING"), ("FOLLOWING", "PRECEDING"), ("FOLLOWING", "CURRENT ROW")}


def window_sql(binder: Binder, call: n.Call, over: n.Window | str, named: Mapping[str, n.Window]) -> str:
    """The window of a call in DuckDB's SQL, in parentheses."""
    window = _resolved(binder, call, over, named, depth=0)
    if call.name in _WITHOUT_FRAME and not window.order_by:
        message = f"{call.name} function requires an ORDER BY window clause"
        raise binder.error("MISSING_ORDER_BY", window, message)
    partition = [operators.group_key(binder.bind(expression)) for expression in window.partition_by]
    orders: list[str] = []
    values: list[Value] = []
    for item in window.order_by:
        value = _key(binder, binder.bind(item.expression), window)
        values.append(value)
        direction, nulls = ("DESC" if item.descending else "ASC"), ("FIRST" if item.nulls_first else "LAST")
        orders.append(f"{operators.group_key(value)} {direction} NULLS {nulls}")
    parts: list[str] = []
    if partition:
        parts.append(f"PARTITION BY {', '.join(partition)}")
    if orders:
        parts.append(f"ORDER BY {', '.join(orders)}")
    if window.frame is not None:
        if call.name in _WITHOUT_FRAME:
            message = f"Cannot specify window frame for {call.name} function"
            raise binder.error("INVALID_WINDOW_FRAME", window, message)
        parts.append(_frame(binder, window.frame, values))
    return f"({' '.join(parts)})"


def _key(binder: Binder, key: Value, window: n.Window) -> Value:
    """A sort item in the type in which a frame of type RANGE adds its numbers to it."""
    frame = window.frame
    if frame is None or frame.unit != "RANGE" or len(window.order_by) != 1 or key.type.name not in _NUMBERS:
        return key
    bounds = [binder.bind(node).type for _, node in (frame.start, frame.end) if node is not None]
    common = common_type_of([key.type, *bounds]) if bounds else None
    return key if common is None else coerce(key, common)


def _resolved(
    binder: Binder, call: n.Node, over: n.Window | str, named: Mapping[str, n.Window], *, depth: int
) -> n.Window:
    if isinstance(over, str):
        window = named.get(over)
        if window is None or depth > len(named):
            raise binder.error("INVALID_WINDOW_REFERENCE", call, f"Cannot resolve WINDOW name {over}")
        return _resolved(binder, call, window, named, depth=depth + 1)
    if over.base is None:
        return over
    base = _resolved(binder, call, over.base, named, depth=depth + 1)
    if over.partition_by:
        message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
        raise binder.error("INVALID_PARTITION_BY", over, message)
    if base.order_by and over.order_by:
        message = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY"
        raise binder.error("INVALID_ORDER_BY", over, message)
    return n.Window(None, base.partition_by, over.order_by or base.order_by, over.frame, offset=over.offset)


def _frame(binder: Binder, frame: n.Frame, order: list[Value]) -> str:
    (start, low), (end, high) = frame.start, frame.end
    wrong = ""
    if start == "UNBOUNDED FOLLOWING":
        wrong = "Window frame start cannot be UNBOUNDED FOLLOWING"
    elif end == "UNBOUNDED PRECEDING":
        wrong = "Window frame end cannot be UNBOUNDED PRECEDING"
    elif (start, end) in _BACKWARDS:
        wrong = f"Window frame starting from {start} cannot end with {end}"
    if wrong:
        raise binder.error("INVALID_WINDOW_FRAME", frame, wrong)
    if frame.unit != "ROWS" and not order and (low is not None or high is not None):
        message = f"Window frame of type {frame.unit} PRECEDING or FOLLOWING requires ORDER BY"
        raise binder.error("MISSING_ORDER_BY", frame, message)
    bounds = [_bound(binder, frame, kind, value, order) for kind, value in (frame.start, frame.end)]
    return f"{frame.unit} BETWEEN {bounds[0]} AND {bounds[1]}"


def _bound(binder: Binder, frame: n.Frame, kind: str, node: n.Expression | None, order: list[Value]) -> str:
    if node is None:
        return kind
    value = binder.bind(node)
    if frame.unit in {"ROWS", "GROUPS"}:
        if value.type.name not in INTEGERS:
            message = f"Window frame {frame.unit} start value type must be exact numeric type with scale 0"
            raise binder.error("TYPE_MISMATCH", node, f"{message} (actual {value.type.athena})")
        return f"{coerce(value, t.BIGINT).sql} {kind}"
    if len(order) != 1:
        message = f"Window frame of type RANGE {kind} requires exactly one sort item in ORDER BY"
        raise binder.error("INVALID_ORDER_BY", node, message)
    return f"{_distance(binder, node, value, order[0])} {kind}"


def _distance(binder: Binder, node: n.Expression, value: Value, key: Value) -> str:
    if key.type.name in {"date", "timestamp", "timestamp with time zone"} and value.type.name.startswith("interval"):
        if value.type == t.YEAR_TO_MONTH:
            return f"to_months({value.sql})"
        return f"to_microseconds({value.sql} * 1000)"
    if key.type.name in _NUMBERS and value.type.name != "unknown" and can_coerce(value.type, key.type):
        return coerce(value, key.type).sql
    message = (
        f"Window frame RANGE value type ({value.type.athena}) not compatible with sort item type ({key.type.athena})"
    )
    raise binder.error("TYPE_MISMATCH", node, message)
