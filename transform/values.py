"""One DynamoDB value read as one Glue type, exactly or not at all.

This is the meaning of a typed column; `transform.rows` has a faster way to the
same result for values in their plain form. A number is taken apart as text and
never becomes a float; nothing is rounded. A value that its column cannot hold
exactly (12.345 in decimal(18,2), 2**31 in int, 30 February) is `UnfitError`: the
column is null, a counter says so, and `before` and `after` keep the value.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from msgspec import Raw, Struct

from transform.schema import Column

Value = str | int | bool | Raw | None
Reader = Callable[[object], Value]

# DynamoDB's exponents end at 125. Beyond this no column can hold the number, and
# writing it out would cost memory without bound.
_MAX_EXPONENT = 400
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_NO_TEXT = frozenset({b""})
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
    """The value is not one that the column's type can hold exactly."""


def reader(column: Column) -> Reader:
    """The function that reads a column's attribute value; it raises UnfitError.

    It takes what stands under the DynamoDB type (the text of S, N and B, the
    boolean of BOOL) and gives what stands in the row's JSON, as `transform.rows`
    documents it.
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
    """A number's text as (digits, exponent), its value being digits * 10**exponent; digits ends in no zero."""
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
    """digits * 10**exponent written out, without an exponent."""
    if exponent >= 0:
        return str(digits * 10**exponent)
    text = str(abs(digits)).zfill(1 - exponent)
    return f"{'-' if digits < 0 else ''}{text[:exponent]}.{text[exponent:]}"


class Plain(Struct, frozen=True):
    """The plain form of a column type's texts, to be checked for a batch at once.

    `forms` are the texts that are plain and fit, with every digit as a 0, and ""
    for no text. What forms cannot tell, `holds` checks of all the texts.
    """

    forms: frozenset[bytes]
    holds: Callable[[list[str]], bool] | None = None


def plain(column: Column) -> Plain | None:
    """How a column's plain texts are told; None for a string or a boolean, which needs no check."""
    match column.type:
        case "string" | "boolean":
            return None
        case "int":
            return Plain(_decimal_forms(9, 0))  # one digit less than the greatest number has
        case "bigint":
            return Plain(_decimal_forms(18, 0))
        case "double":
            return Plain(_decimal_forms(38, 20), lambda texts: all(map(_JSON_NUMBER, filter(None, texts))))
        case "date":
            return Plain(_DATE_FORMS, _exist)
        case "timestamp":
            return Plain(_UTC_FORMS, _exist)
        case _:
            return Plain(_decimal_forms(*column.decimal))


def form(text: str) -> bytes:
    """A text with every digit as a 0."""
    return text.encode().translate(_DIGITS)


def _decimal_forms(precision: int, scale: int) -> frozenset[bytes]:
    return _NO_TEXT.union(
        b"-" * negative + b"0" * whole + (b"." + b"0" * fraction if fraction else b"")
        for negative in range(2)
        for whole in range(1, precision - scale + 1)
        for fraction in range(scale + 1)
    )


def _exist(texts: list[str]) -> bool:
    """Whether ISO 8601 texts are all in UTC, and no 30 February among them, nor 24:00, which some Pythons accept."""
    joined = " ".join(texts)
    if "T24" in joined or joined.count("+") != joined.count("+00:00"):
        return False
    try:
        deque(map(datetime.fromisoformat, filter(None, texts)), maxlen=0)
    except ValueError:
        return False
    return True


_DATE_FORMS = _NO_TEXT | {b"0000-00-00"}
_UTC_FORMS = _NO_TEXT.union(
    b"0000-00-00T00:00:00" + (b"." + b"0" * digits if digits else b"") + zone
    for digits in range(10)
    for zone in (b"Z", b"+00:00")
)


def plain_utc(texts: Iterable[str]) -> list[str]:
    """Plain timestamps as rows have them; "" stays as it is."""
    return "\n".join(texts).replace("T", " ").replace("Z", "").replace("+00:00", "").split("\n")


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
    plain_forms = _decimal_forms(precision, scale)

    def read(value: object) -> str:
        text = _string(value)
        if text and form(text) in plain_forms:
            return text
        digits, exponent = number(text)
        if digits and (-exponent > scale or len(str(abs(digits))) + exponent > precision - scale):
            raise UnfitError
        return plain_decimal(digits, exponent)

    return read


def _double(value: object) -> Raw:
    """The number's own text as a JSON number: what reads it as a double rounds it, not we."""
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
    """ISO 8601 with a Z, an offset or neither (then it is UTC), to the minute or finer, brought to UTC."""
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
