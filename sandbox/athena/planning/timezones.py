"""AT TIME ZONE.

Source: trino 435, core/trino-main/src/main/java/io/trino/sql/analyzer/ExpressionAnalyzer.java.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena import types as t
from sandbox.athena.conversions import coerce
from sandbox.athena.functions.zones import zone_of
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder


def at_time_zone(binder: Binder, node: n.AtTimeZone) -> Value:
    """A moment AT TIME ZONE: a zone's name, or an interval from UTC."""
    value, zone = binder.bind(node.operand), binder.bind(node.zone)
    if value.type.name not in {"timestamp", "timestamp with time zone", "unknown"}:
        message = f"Type of value must be a time or timestamp with or without time zone (actual {value.type.athena})"
        raise binder.error("TYPE_MISMATCH", node, message)
    if zone.type == t.DAY_TO_SECOND:
        hours, minutes = f"abs({zone.sql}) // 3600000", f"abs({zone.sql}) // 60000 % 60"
        digits = " || ':' || ".join(f"lpad(CAST({part} AS VARCHAR), 2, '0')" for part in (hours, minutes))
        zone_sql = f"(CASE WHEN {zone.sql} < 0 THEN '-' ELSE '+' END || {digits})"
    else:
        zone_sql = _zone(binder, zone, node)
    zoned = coerce(value, t.timestamp_of(value.type.precision, zoned=True))
    return Value(zoned.type, f"athena_at_zone(struct_extract({zoned.sql}, 'instant'), {zone_sql})")


def _zone(binder: Binder, zone: Value, node: n.Node) -> str:
    if zone.type.name not in {"varchar", "char"}:
        message = f"Type of time zone must be a varchar or interval (actual {zone.type.athena})"
        raise binder.error("TYPE_MISMATCH", node, message)
    name = zone_of(str(zone.constant))
    if name is None:
        message = f"'{zone.constant}' is not a valid time zone"
        raise binder.error("INVALID_FUNCTION_ARGUMENT", node, message)
    return f"'{name}'"
