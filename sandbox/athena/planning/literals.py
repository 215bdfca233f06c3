"""Literals: their types, and their values in DuckDB's SQL. Source: trino 435, io.trino.sql.analyzer, Decimals."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from sandbox.athena import types as t
from sandbox.athena.conversions import cast
from sandbox.athena.conversions.addresses import is_address
from sandbox.athena.errors import StatementError
from sandbox.athena.functions import jsontext
from sandbox.athena.functions.native import TrinoError
from sandbox.athena.functions.zones import zone_of
from sandbox.athena.sql import literal
from sandbox.athena.syntax import nodes as n
from sandbox.athena.types import Type
from sandbox.athena.values import Value

_MAX_INTEGER = 2147483647
_MAX_BIGINT = 9223372036854775807
_DATE = re.compile(r"\s*([+-]?\d{1,})-(\d{1,2})-(\d{1,2})\s*")
_TIMESTAMP = re.compile(
    r"([+-]?\d{4,}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?))?\s*(?P<zone>[^\s].*?)?\s*"
)
_TIME = re.compile(r"(\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.(\d+))?)?)\s*")
_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "integer": 32, "bigint": 64}
_FLOAT = re.compile(r"\s*[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)\s*", re.ASCII)
_TEXTS = {
    "boolean": re.compile("t|true|1|f|false|0", re.IGNORECASE),
    "double": _FLOAT,
    "real": _FLOAT,
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}
_DECIMAL = re.compile(r"([+-]?)0*(\d*)(?:\.(\d*))?")
_MS = {"DAY": 86400000, "HOUR": 3600000, "MINUTE": 60000, "SECOND": 1000}
# The units of both kinds of interval, each with what separates it from the next.
_UNITS = ({"YEAR": "-", "MONTH": ""}, {"DAY": " ", "HOUR": ":", "MINUTE": ":", "SECOND": ""})
MAX_MICROSECONDS = 6


def literal_value(node: n.Literal, *, negative: bool = False) -> Value:
    """null, boolean, text, number or binary; `negative` is for a number after a minus."""
    text = f"-{node.text}" if negative else node.text
    match node.kind:
        case "null":
            return Value(t.UNKNOWN, "NULL", None)
        case "boolean":
            return Value(t.BOOLEAN, text, text == "true")
        case "string":
            return Value(t.varchar_of(len(text)), literal(text), text)
        case "binary":
            return Value(t.VARBINARY, f"unhex('{text}')")
        case "integer":
            return _integer(int(text))
        case "decimal":
            return _decimal(text)
        case _:
            return Value(t.DOUBLE, f"CAST({text} AS DOUBLE)", float(text))


def _integer(number: int) -> Value:
    if not -_MAX_BIGINT - 1 <= number <= _MAX_BIGINT:
        raise StatementError("SYNTAX_ERROR", f"Invalid numeric literal: {number}")
    type_ = t.INTEGER if -_MAX_INTEGER - 1 <= number <= _MAX_INTEGER else t.BIGINT
    return Value(type_, f"CAST({number} AS {type_.physical})", number)


def _decimal(text: str) -> Value:
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3] or text.strip("+-0") in {"", "."}):
        raise StatementError("INVALID_LITERAL", f"'{text}' is not a valid decimal literal")
    scale = len(match[3] or "")
    precision = max(len(match[2]) + scale, 1)
    if precision > t.MAX_DECIMAL_PRECISION:
        raise StatementError("INVALID_LITERAL", f"Decimal literal '{text}' has more than 38 digits")
    type_ = t.decimal_of(precision, scale)
    return Value(type_, f"CAST({literal(text)} AS {type_.physical})")


def typed_literal(node: n.TypedLiteral) -> Value:
    """DATE '…', TIMESTAMP '…', DECIMAL '…' and the like; StatementError (INVALID_LITERAL)."""
    name, text = node.type_name, node.text
    if not _is_of(name, text):
        raise _invalid(node)
    match name:
        case "date":
            return Value(t.DATE, f"DATE {literal(_unsigned(text.strip()))}")
        case "timestamp":
            return _timestamp(node)
        case "time":
            return _time(node)
        case "decimal":
            return _decimal(text.strip())
        case "char":
            return Value(Type("char", (max(len(text), 1),)), literal(text.rstrip(" ")))
        case "varchar":
            return Value(t.VARCHAR, literal(text), text)
        case "json":
            return Value(t.JSON, f"athena_json_parse({literal(text)})")
        case _:
            return cast(Value(t.VARCHAR, literal(text)), Type("integer" if name == "int" else name))


def _is_of(name: str, text: str) -> bool:
    """Whether Trino reads a text as a value of this type."""
    if name in _BITS:
        limit = 1 << (_BITS[name] - 1)
        return re.fullmatch(r"[+-]?[0-9]+", text) is not None and -limit <= int(text) < limit
    if name == "date":
        return _DATE.fullmatch(text) is not None and _is_date(text)
    if name in {"ipaddress", "json"}:
        return is_address(text) if name == "ipaddress" else _is_json(text)
    return name not in _TEXTS or _TEXTS[name].fullmatch(text) is not None


def _is_json(text: str) -> bool:
    try:
        jsontext.parse(text)
    except TrinoError:
        return False
    return True


def _time(node: n.TypedLiteral) -> Value:
    found = _TIME.fullmatch(node.text)
    if found is None or not _is_time(found[1]):
        raise _invalid(node)
    return Value(t.time_of(_digits(found[2], node)), f"CAST({literal(node.text.strip())} AS TIME)")


def _invalid(node: n.TypedLiteral) -> StatementError:
    return StatementError("INVALID_LITERAL", f"'{node.text}' is not a valid {node.type_name.upper()} literal")


def _digits(fraction: str | None, node: n.TypedLiteral) -> int:
    count = len(fraction or "")
    if count > MAX_MICROSECONDS:
        raise StatementError("NOT_SUPPORTED", f"The sandbox's Athena has microseconds only: {node.text}")
    return count


def _timestamp(node: n.TypedLiteral) -> Value:
    found = _TIMESTAMP.fullmatch(node.text)
    if found is None or not _is_date(found[1]) or not _is_time(found[2]):
        raise _invalid(node)
    precision = _digits(found[3], node)
    local = _unsigned(f"{found[1]} {found[2]}" if found[2] else found[1])
    moment = f"CAST({literal(local)} AS TIMESTAMP)"
    if found["zone"] is None:
        return Value(t.timestamp_of(precision), moment)
    zone = zone_of(found["zone"])
    if zone is None or _is_skipped(f"{found[1]} {found[2] or '0:0'}", zone):
        raise _invalid(node)
    return Value(t.timestamp_of(precision, zoned=True), f"athena_zoned_text({moment}, {literal(zone)})")


def _unsigned(text: str) -> str:
    """A date or moment without a plus sign, which DuckDB does not read."""
    return text.removeprefix("+")


def _is_skipped(text: str, zone: str) -> bool:
    """Return whether a local time is skipped by a change of clocks."""
    if zone[0] in "+-":
        return False
    day, _, time = text.strip().partition(" ")
    year, month, date = (int(part) for part in day.lstrip("+-").split("-"))
    if day[0] == "-" or not 1 < year < 9999:
        return False
    hour, minute = (int(part) for part in time.split(":")[:2])
    local = dt.datetime(year, month, date, hour, minute, tzinfo=ZoneInfo(zone))
    return local.astimezone(dt.UTC).astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None)


def _is_date(text: str) -> bool:
    year, month, day = (int(part) for part in text.strip().lstrip("+-").split("-"))
    try:
        dt.date(year if 1 <= year <= 9999 else 2000 + year % 400, month, day)
    except ValueError:
        return False
    return True


def _is_time(text: str | None) -> bool:
    if text is None:
        return True
    limits = (24, 60, 60)
    return all(int(part.partition(".")[0]) < limit for part, limit in zip(text.split(":"), limits, strict=False))


def interval_value(node: n.Interval) -> Value:
    """INTERVAL '1-2' YEAR TO MONTH in months, or INTERVAL '1 02:03' DAY TO MINUTE in milliseconds."""
    units = (node.start,) if node.end is None or node.end == node.start else (node.start, node.end)
    months = units[0] in {"YEAR", "MONTH"}
    negative = node.negative != node.text.startswith("-")
    text = re.sub(r"[+-]", "", node.text, count=1) if node.text[:1] in {"+", "-"} else node.text
    form = _interval_form(units[0], units[-1])
    match = None if form is None else re.fullmatch(form, text)
    found = {} if match is None else match.groupdict()
    parts = {unit: int(value) for unit, value in found.items() if value is not None and unit != "MS"}
    if months:
        total = parts.get("YEAR", 0) * 12 + parts.get("MONTH", 0)
    else:
        total = sum(count * _MS[unit] for unit, count in parts.items())
        total += int((found.get("MS") or "0").ljust(3, "0"))
    # Each number of a unit, and that of the months, is an int of Joda-Time's.
    if match is None or max((*parts.values(), total if months else 0)) > _MAX_INTEGER:
        raise StatementError("INVALID_LITERAL", f"'{node.text}' is not a valid INTERVAL literal")
    type_ = t.YEAR_TO_MONTH if months else t.DAY_TO_SECOND
    return Value(type_, f"CAST({-total if negative else total} AS {type_.physical})")


def _interval_form(first: str, last: str) -> str | None:
    """The pattern of an interval's text, which may end after any unit, or before the first; None for no such interval.

    Source: trino 435, DateTimeUtils.createPeriodFormatter, whose OrderedPeriodParser tries each of these.
    """
    kind = next(kind for kind in _UNITS if first in kind)
    names = list(kind)
    if last not in kind or names.index(first) > names.index(last):
        return None
    form = ""
    for name in reversed(names[names.index(first) : names.index(last) + 1]):
        behind = f"(?:{kind[name]}(?:{form})?)?" if form else ""
        fraction = r"(?:\.(?P<MS>\d{1,3}))?" if name == "SECOND" else ""
        form = rf"(?P<{name}>\d+){fraction}{behind}"
    return f"(?:{form})?"
