"""One DynamoDB value read as one Glue type, exactly or not at all.

This module specifies the typed columns; `transform.fast_path` returns the same results for values in their usual form.
A number is parsed as text and never becomes a float; nothing is rounded. A value that its column cannot represent
exactly (12.345 in decimal(18,2), 2**31 in int, 30 February) is `UnfitError`: the column is null, a counter counts it,
and `before` and `after` keep the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from msgspec import Raw

from transform.schema import Column

Value = str | int | bool | Raw | None
Reader = Callable[[object], Value]

# DynamoDB's exponents end at 125. No column can represent a larger number, and expanding its digits could use unbounded
# memory.
_MAX_EXPONENT = 400
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,9}))?")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
# Only a second has a fraction, and an offset is less than a day.
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"((?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2})?)"
    r"(?:(?<=:[0-9]{2}:[0-9]{2})\.([0-9]+))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))?"
)
_NANOSECOND_DIGITS = 9


class UnfitError(ValueError):
    """The column's type cannot represent the value exactly."""


def reader(column: Column) -> Reader:
    """The function that converts a column's attribute value; it raises UnfitError.

    Its input is the value of the DynamoDB type (the text of S, N and B, the boolean of BOOL); its result is the row's
    JSON, as `transform.rows` specifies.
    """
    match column.type:
        case "string":
            return _string
        case "boolean":
            return _boolean
        case "int":
            return _integer(32)
        case "bigint":
            return _integer(64)
        case "double":
            return _double
        case "date":
            return _date
        case "timestamp":
            return _timestamp
        case _:
            return _decimal(*column.decimal)


def number(text: str) -> tuple[int, int]:
    """Parse a number's text to (digits, exponent) with the value digits * 10**exponent; digits has no trailing zero."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnfitError
    sign, whole, fraction, power = match.groups("")
    exponent = int(power or 0) - len(fraction)
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0, 0
    exponent += len(digits) - len(significant)
    if abs(exponent) > _MAX_EXPONENT or len(significant) > _MAX_EXPONENT:
        raise UnfitError
    return int(sign + significant), exponent


def plain_decimal(digits: int, exponent: int) -> str:
    """Return digits * 10**exponent in plain notation, without an exponent."""
    if exponent >= 0:
        return str(digits * 10**exponent)
    text = str(abs(digits)).zfill(1 - exponent)
    return f"{'-' if digits < 0 else ''}{text[:exponent]}.{text[exponent:]}"


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise UnfitError


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise UnfitError


def _integer(bits: int) -> Reader:
    limit = 1 << (bits - 1)

    def read(value: object) -> int:
        digits, exponent = number(_string(value))
        if exponent < 0:
            raise UnfitError
        integer = digits * 10**exponent
        if not -limit <= integer < limit:
            raise UnfitError
        return integer

    return read


def _decimal(precision: int, scale: int) -> Reader:
    whole = f"[0-9]{{1,{precision - scale}}}" if precision > scale else "(?!)"
    fraction = rf"(?:\.[0-9]{{1,{scale}}})?" if scale else ""
    is_plain = re.compile(f"-?{whole}{fraction}").fullmatch

    def read(value: object) -> str:
        text = _string(value)
        if is_plain(text):
            return text
        digits, exponent = number(text)
        if digits and (-exponent > scale or len(str(abs(digits))) + exponent > precision - scale):
            raise UnfitError
        return plain_decimal(digits, exponent)

    return read


def _double(value: object) -> Raw:
    """Return the number's text unchanged as a JSON number: a reader that parses a double rounds it, not this code."""
    text = _string(value)
    plain = plain_decimal(*number(text))
    return Raw(text if _JSON_NUMBER(text) else plain)


def _date(value: object) -> str:
    text = _string(value)
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise UnfitError


def _timestamp(value: object) -> str:
    """Convert ISO 8601 with a Z, an offset or neither (then UTC), to the minute or finer, to UTC."""
    match = _MOMENT.fullmatch(_string(value))
    if match is None:
        raise UnfitError
    day, clock, fraction, sign, hours, minutes = match.groups("")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}")
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        raise UnfitError from None
    if fraction[_NANOSECOND_DIGITS:].strip("0"):
        raise UnfitError
    fraction = fraction[:_NANOSECOND_DIGITS]
    return f"{moment.isoformat(' ')}.{fraction}" if fraction else moment.isoformat(" ")
