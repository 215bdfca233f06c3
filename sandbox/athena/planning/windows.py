"""OVER (…): partition, order and frame of a window function. Source: trino 435, StatementAnalyzer.analyzeWindow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.athena import types as t
from sandbox.athena.coercions import can_coerce, common_type_of
from sandbox.athena.conversions import cast, coerce
from sandbox.athena.functions.signature import has_trait
from sandbox.athena.planning import operators
from sandbox.athena.syntax import nodes as n
from sandbox.athena.types import INTEGERS
from sandbox.athena.values import Value, fail

if TYPE_CHECKING:
    from sandbox.athena.planning.context import PlanningContext
    from sandbox.athena.planning.expressions import Binder


_WITHOUT_FRAME = frozenset({"lag", "lead"})
_NUMBERS = frozenset({*INTEGERS, "double", "real", "decimal"})
_DAY_MS = 86_400_000
_BACKWARDS = {("CURRENT ROW", "PRECEDING"), ("FOLLOWING", "PRECEDING"), ("FOLLOWING", "CURRENT ROW")}


def window_sql(binder: Binder, call: n.Call, over: n.Window | str, named: Mapping[str, n.Window]) -> str:
    """The window of a call in DuckDB's SQL, in parentheses."""
    window = _resolved(binder, call, over, named)
    without_frame = call.name in _WITHOUT_FRAME
    if without_frame and not window.order_by:
        message = f"{call.name} function requires an ORDER BY window clause"
        raise binder.error("MISSING_ORDER_BY", window, message)
    if without_frame and window.frame is not None:
        message = f"Cannot specify window frame for {call.name} function"
        raise binder.error("INVALID_WINDOW_FRAME", window, message)
    return specified(binder, window)


def specified(binder: Binder, window: n.Window) -> str:
    """A window that extends no other one in DuckDB's SQL; raises StatementError for what Trino refuses."""
    partition: list[str] = []
    for expression in window.partition_by:
        value = binder.bind(expression)
        _check(binder, expression, value, "comparable", "PARTITION BY")
        partition.append(operators.group_key(value))
    orders: list[str] = []
    values: list[Value] = []
    for item in window.order_by:
        value = binder.bind(item.expression)
        _check(binder, item, value, "orderable", "ORDER BY")
        value = _key(binder, value, window)
        values.append(value)
        direction, nulls = ("DESC" if item.descending else "ASC"), ("FIRST" if item.nulls_first else "LAST")
        orders.append(f"{operators.group_key(value)} {direction} NULLS {nulls}")
    parts: list[str] = []
    if partition:
        parts.append(f"PARTITION BY {', '.join(partition)}")
    if orders:
        parts.append(f"ORDER BY {', '.join(orders)}")
    if window.frame is not None:
        parts.append(_frame(binder, window.frame, values))
    return f"({' '.join(parts)})"


def definitions(context: PlanningContext, windows: Sequence[tuple[str, n.Window]]) -> dict[str, n.Window]:
    """The windows of WINDOW by their names, each with the parts of the one before it that it extends."""
    found: dict[str, n.Window] = {}
    for name, window in windows:
        if name in found:
            raise context.error("DUPLICATE_WINDOW_NAME", window, f"WINDOW name '{name}' specified more than once")
        found[name] = _resolved(context, window, window, found)
    return found


def _check(binder: Binder, node: n.Node, value: Value, trait: str, clause: str) -> None:
    if not has_trait(value.type, trait):
        message = f"{value.type.athena} is not {trait}, and therefore cannot be used in window function {clause}"
        raise binder.error("TYPE_MISMATCH", node, message)


def _key(binder: Binder, key: Value, window: n.Window) -> Value:
    """A sort item in the type in which a frame of type RANGE adds its numbers to it."""
    frame = window.frame
    if frame is None or frame.unit != "RANGE" or len(window.order_by) != 1 or key.type.name not in _NUMBERS:
        return key
    bounds = [binder.bind(node).type for _, node in (frame.start, frame.end) if node is not None]
    common = common_type_of([key.type, *bounds]) if bounds else None
    return key if common is None else coerce(key, common)


def _resolved(
    binder: Binder | PlanningContext, node: n.Node, over: n.Window | str, named: Mapping[str, n.Window]
) -> n.Window:
    """A window with the parts of the one that it extends; `named` are the windows that it can extend."""
    name = over if isinstance(over, str) else over.base
    if name is None and isinstance(over, n.Window):
        return over
    base = named.get(name or "")
    if base is None:
        raise binder.error("INVALID_WINDOW_REFERENCE", node, f"Cannot resolve WINDOW name {name}")
    if isinstance(over, str):
        return base
    if over.partition_by:
        message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
        raise binder.error("INVALID_PARTITION_BY", over, message)
    if base.order_by and over.order_by:
        message = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY"
        raise binder.error("INVALID_ORDER_BY", over, message)
    if base.frame is not None:
        message = "Cannot reference named WINDOW containing frame specification"
        raise binder.error("INVALID_WINDOW_REFERENCE", over, message)
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
        if value.type.name not in INTEGERS and not (value.type.name == "decimal" and not value.type.decimal[1]):
            message = f"Window frame {frame.unit} start value type must be exact numeric type with scale 0"
            raise binder.error("TYPE_MISMATCH", node, f"{message} (actual {value.type.athena})")
        wide = cast(value, t.BIGINT)
        return f"{_offset(replace(wide, constant=value.constant))} {kind}"
    if len(order) != 1:
        message = f"Window frame of type RANGE {kind} requires exactly one sort item in ORDER BY"
        raise binder.error("INVALID_ORDER_BY", node, message)
    return f"{_distance(binder, node, value, order[0], kind)} {kind}"


def _offset(value: Value) -> str:
    """A bound's number, checked where it is evaluated: Trino refuses a negative one and NULL."""
    if isinstance(value.constant, (int, float, Decimal)) and value.constant >= 0:
        return value.sql
    wrong = fail("INVALID_WINDOW_FRAME", "'Window frame offset value must not be negative or null'", value.type)
    return f"CASE WHEN {value.sql} >= 0 THEN {value.sql} ELSE {wrong} END"


def _distance(binder: Binder, node: n.Expression, value: Value, key: Value, kind: str) -> str:
    if key.type.name in {"date", "timestamp", "timestamp with time zone"} and value.type.name.startswith("interval"):
        offset = _offset(value)
        if value.type == t.YEAR_TO_MONTH:
            return f"to_months({offset})"
        if key.type.name == "date":
            how = "subtract hour, minutes or seconds from" if kind == "PRECEDING" else "add hour, minutes or seconds to"
            wrong = fail("INVALID_FUNCTION_ARGUMENT", f"'Cannot {how} a date'", t.BIGINT)
            offset = f"CASE WHEN {value.sql} % {_DAY_MS} <> 0 THEN {wrong} ELSE {offset} END"
        return f"to_microseconds({offset} * 1000)"
    if key.type == value.type and key.type.name.startswith("interval"):
        return _offset(value)
    if key.type.name in _NUMBERS and value.type.name != "unknown" and can_coerce(value.type, key.type):
        return _offset(replace(coerce(value, key.type), constant=value.constant))
    message = (
        f"Window frame RANGE value type ({value.type.athena}) not compatible with sort item type ({key.type.athena})"
    )
    raise binder.error("TYPE_MISMATCH", node, message)
