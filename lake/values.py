"""Expected and actual values of a column in one comparable form.

Both sides become *canonical text*, None for NULL: the item's attribute by boto3's own deserializer, the view's cell by
the column's type alone. This module uses no code of the transform, so a fault there shows as a difference. An attribute
that is missing, is NULL, or does not match the column's type or range is NULL in the lake.

A number that DynamoDB cannot have written, because it is not a number
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html), is an
UnwritableError.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from lake.athena import Cell
from transform.schema import Column, KeyType

Item = dict[str, object]
AttributeValue = Mapping[str, object]

_ATHENA_PRECISION = timedelta(milliseconds=1)
_INTEGER_BITS = {"int": 32, "bigint": 64}
# DynamoDB's 38 digits at every place of its range, so nothing is rounded.
_EXACT = Context(prec=300, Emax=999_999, Emin=-999_999)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|Infinity)|NaN")
_FINITE = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The forms of ISO 8601 that a timestamp may have; fromisoformat accepts many more.
_ISO_MOMENT = re.compile(
    _ISO_DATE.pattern
    + r"[T ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9}0*)?)?(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?"
)


class Deserializer(Protocol):
    """boto3's TypeDeserializer."""

    def deserialize(self, value: AttributeValue) -> Any:
        """Return the Python value of a DynamoDB attribute value."""
        ...


class UnwritableError(Exception):
    """A value that DynamoDB cannot have written; its text is the value."""


@cache
def deserializer() -> Deserializer:
    """boto3's TypeDeserializer without its limit of 38 digits, beyond which it raises.

    Raises: UnwritableError: a number's text is not a number.
    """
    base = import_module("boto3.dynamodb.types").TypeDeserializer
    return cast("Deserializer", type("ExactDeserializer", (base,), {"_deserialize_n": _exact})())


def _exact(_: object, text: str) -> Decimal:
    return number(text)


def number(text: object) -> Decimal:
    """Return the exact value of a number in DynamoDB JSON. Raises: UnwritableError: it is not a finite number."""
    if isinstance(text, str) and _FINITE.fullmatch(text):
        try:
            return _EXACT.create_decimal(text)
        except InvalidOperation:
            pass
    raise UnwritableError(str(text))


def attribute(value: object) -> object:
    """Return boto3's Python value of an attribute in DynamoDB JSON, where bytes are base64.

    Raises: UnwritableError: it is not an attribute value.
    """
    try:
        return deserializer().deserialize(_with_bytes(value))
    except (TypeError, ValueError, AttributeError, KeyError):
        raise UnwritableError(str(value)) from None


def _with_bytes(value: object) -> Any:
    kind, content = typed(value)
    match kind:
        case "B":
            return {kind: b64decode(cast("str", content))}
        case "BS":
            return {kind: [b64decode(text) for text in cast("list[str]", content)]}
        case "L":
            return {kind: [_with_bytes(element) for element in cast("list[object]", content)]}
        case "M":
            return {kind: {name: _with_bytes(member) for name, member in cast("dict[str, object]", content).items()}}
        case _:
            return value


_CONTENTS: dict[str, type[object]] = {"BS": list, "SS": list, "NS": list, "L": list, "M": dict, "B": str}


def typed(value: object) -> tuple[str, object]:
    """Return the type and the content of a value in DynamoDB JSON; an empty type for anything else."""
    if not isinstance(value, dict):
        return "", value
    members = cast("dict[str, object]", value)
    kind = next(iter(members), "")
    if len(members) == 1 and isinstance(members[kind], _CONTENTS.get(kind, object)):
        return kind, members[kind]
    return "", members


def expected(column: Column, item: Item, key_type: KeyType | None = None) -> Cell:
    """Return the canonical text of the column for an item, whose attributes are boto3's Python values.

    `key_type` is the type of the column's key attribute: a string column has a number or binary key as text (base64).
    """
    value: object = item
    for name in column.attribute:
        value = _member(value, name)
    if value is None:
        return None
    if column.type == "string" and key_type in _KEY_TEXTS:
        return _KEY_TEXTS[key_type](value)
    return _CONVERTERS.get(column.type, _decimal)(column, value)


def _member(value: object, name: str) -> object:
    return cast("Item", value).get(name) if isinstance(value, dict) else None


def found(column: Column, cell: Cell) -> Cell:
    """Return the canonical text of Athena's cell; the cell unchanged when it does not match the type."""
    if cell is None:
        return None
    try:
        text = _READERS.get(column.type, _read_decimal)(column, cell)
    except (ValueError, InvalidOperation):
        text = None
    return cell if text is None else text


def same(column: Column, expected: Cell, found: Cell) -> bool:
    """Return whether two canonical texts are equal values, timestamps at Athena's millisecond precision."""
    if expected == found:
        return True
    if column.type != "timestamp" or expected is None or found is None:
        return False
    try:
        # Less than one apart, because engines either truncate or round.
        return abs(datetime.fromisoformat(expected) - datetime.fromisoformat(found)) < _ATHENA_PRECISION
    except (ValueError, TypeError):
        return False


def _string(_: Column, value: object) -> Cell:
    return value if isinstance(value, str) else None


def _boolean(_: Column, value: object) -> Cell:
    return str(value).lower() if isinstance(value, bool) else None


def _integer(column: Column, value: object) -> Cell:
    if not isinstance(value, Decimal) or value != value.to_integral_value():
        return None
    limit = 1 << _INTEGER_BITS[column.type] - 1
    return str(int(value)) if -limit <= value < limit else None


def _double(_: Column, value: object) -> Cell:
    return repr(float(value) + 0.0) if isinstance(value, Decimal) else None


def _decimal(column: Column, value: object) -> Cell:
    precision, scale = column.decimal
    if not isinstance(value, Decimal) or value.copy_abs() >= Decimal(1).scaleb(precision - scale):
        return None
    fitted = value.quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    if fitted != value:
        return None
    return f"{fitted.copy_abs() if fitted.is_zero() else fitted:f}"


def _timestamp(_: Column, value: object) -> Cell:
    if not isinstance(value, str) or not _ISO_MOMENT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _date(_: Column, value: object) -> Cell:
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return None


def _read_decimal(column: Column, cell: str) -> Cell:
    return _decimal(column, _number(cell))


def _number(cell: str) -> Decimal:
    """Parse a cell's number. Raises: ValueError: forms that only Python accepts (spaces, underscores, other digits)."""
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{cell!r} is not a number")
    return Decimal(cell)


_KEY_TEXTS: dict[KeyType | None, Callable[[Any], str]] = {"N": str, "B": lambda value: b64encode(bytes(value)).decode()}
_CONVERTERS: dict[str, Callable[[Column, object], Cell]] = {
    "string": _string,
    "boolean": _boolean,
    "int": _integer,
    "bigint": _integer,
    "double": _double,
    "timestamp": _timestamp,
    "date": _date,
}
_READERS: dict[str, Callable[[Column, str], Cell]] = {
    "string": _string,
    "boolean": lambda _, cell: cell.lower(),
    "int": lambda column, cell: _integer(column, _number(cell)),
    "bigint": lambda column, cell: _integer(column, _number(cell)),
    "double": lambda column, cell: _double(column, _number(cell)),
    "timestamp": _timestamp,
    "date": _date,
}
