"""EXTRACT(field FROM value). Source: trino 435, ExpressionAnalyzer.visitExtract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value

if TYPE_CHECKING:
    from sandbox.athena.planning.expressions import Binder

_MOMENTS = ("timestamp", "timestamp with time zone")
_DAYS = ("date", *_MOMENTS)
_MONTHS = (*_DAYS, "interval year to month")
_CLOCK = ("time", *_MOMENTS, "interval day to second")
_ZONE = ("timestamp with time zone",)
_FIELDS = {
    "YEAR": ("year", _MONTHS),
    "QUARTER": ("quarter", _DAYS),
    "MONTH": ("month", _MONTHS),
    "WEEK": ("week", _DAYS),
    "DAY": ("day", (*_DAYS, "interval day to second")),
    "DAY_OF_MONTH": ("day", _DAYS),
    "DAY_OF_WEEK": ("day_of_week", _DAYS),
    "DOW": ("day_of_week", _DAYS),
    "DAY_OF_YEAR": ("day_of_year", _DAYS),
    "DOY": ("day_of_year", _DAYS),
    "YEAR_OF_WEEK": ("year_of_week", _DAYS),
    "YOW": ("year_of_week", _DAYS),
    "HOUR": ("hour", _CLOCK),
    "MINUTE": ("minute", _CLOCK),
    "SECOND": ("second", _CLOCK),
    "TIMEZONE_HOUR": ("timezone_hour", _ZONE),
    "TIMEZONE_MINUTE": ("timezone_minute", _ZONE),
}
"""The function of each field, and the types that have the field; none is converted to another."""


def extract(binder: Binder, node: n.Extract) -> Value:
    """The field of a value; raises StatementError for an unknown field, or a type that lacks it."""
    if node.part not in _FIELDS:
        raise binder.error("SYNTAX_ERROR", node, f"Invalid EXTRACT field: {node.part}")
    name, types = _FIELDS[node.part]
    operand = binder.bind(node.operand)
    if operand.type.name not in types:
        message = f"Cannot extract {node.part} from {operand.type.athena}"
        raise binder.error("TYPE_MISMATCH", node.operand, message)
    return binder.calls.named(binder, node, name, [node.operand])
