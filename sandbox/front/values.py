"""DynamoDB's attribute values, in the JSON of the wire: checked, brought to DynamoDB's own form, and measured."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any, cast

Value = dict[str, Any]
"""One attribute value, {type: content}; binaries are base64 text."""

MAX_ITEM_BYTES = 409_600
_MAX_DIGITS = 38
_MAX_EXPONENT = 125
_MIN_EXPONENT = -130
_NESTED_BYTES = 3  # of a list or map, and 1 for each element

# What most numbers look like that are already in DynamoDB's form.
_PLAIN_NUMBER = re.compile(r"(?:0|-?[1-9][0-9]{0,17}|-?(?:0|[1-9][0-9]{0,17})\.[0-9]{0,16}[1-9])")
_ARITHMETIC = Context(prec=_MAX_DIGITS)


class UnusualError(Exception):
    """Something that this package leaves to moto: a rarer form of a request, or one that is in error."""


class InvalidValueError(UnusualError):
    """A value that DynamoDB refuses and moto would take; the text is DynamoDB's."""


def measure(value: Value) -> int:
    """Check one value, bring it to DynamoDB's form in place, and return its size in bytes.

    Numbers lose leading and trailing zeros, sets are put in order. Sizes:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html

    Raises:
        UnusualError: it is not a value that DynamoDB takes.
    """
    if len(value) != 1:
        raise UnusualError
    ((kind, content),) = value.items()
    measured = _MEASURES.get(kind)
    if measured is None:
        raise UnusualError
    return measured(value, content)


def measure_item(item: Mapping[str, Value]) -> int:
    """`measure` all values of an item, or of a map in it; the size in bytes of names and values."""
    size = 0
    for name, value in item.items():
        size += len(name) if name.isascii() else len(name.encode())
        # Most values are text and numbers, and nothing else here is called as often.
        if len(value) == 1:
            text = value.get("S")
            if type(text) is str and text.isascii():
                size += len(text)
                continue
            text = value.get("N")
            if type(text) is str and _PLAIN_NUMBER.fullmatch(text):
                size += (len(text) + 1) // 2 + 1
                continue
        size += measure(value)
    return size


def text_size(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def canonical_number(text: str) -> str:
    """A number as DynamoDB gives it back: plain digits without leading or trailing zeros.

    Raises:
        UnusualError: it is not a number, or out of range.
        InvalidValueError: it is more precise than a number can be.
    """
    if _PLAIN_NUMBER.fullmatch(text):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise UnusualError from None
    if not number.is_finite() or text != text.strip() or "_" in text:
        raise UnusualError
    if not number:
        return "0"
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if not _MIN_EXPONENT <= number.adjusted() <= _MAX_EXPONENT:
        raise UnusualError
    if len(digits) > _MAX_DIGITS:
        raise InvalidValueError(f"Attempting to store more than {_MAX_DIGITS} significant digits in a Number")
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def add(left: Value, right: Value, sign: int) -> Value:
    """left + right, or left - right for a negative sign.

    Raises:
        UnusualError: one is no number, or the result is out of range.
    """
    if "N" not in left or "N" not in right:
        raise UnusualError
    a, b = Decimal(left["N"]), Decimal(right["N"])
    total = _ARITHMETIC.add(a, b) if sign > 0 else _ARITHMETIC.subtract(a, b)
    return {"N": canonical_number(str(total))}


def is_less(left: Value, right: Value) -> bool:
    """Whether a value is less than another of its type: numbers by value, text and binaries by bytes."""
    ((kind, a),) = left.items()
    b = right.get(kind)
    if b is None:
        return False
    if kind == "N":
        return Decimal(a) < Decimal(b)
    if kind == "S":
        return cast("str", a).encode() < cast("str", b).encode()
    return kind == "B" and b64decode(a) < b64decode(b)


def to_moto(value: Value) -> Value:
    """A value as moto keeps it: binaries are bytes."""
    ((kind, content),) = value.items()
    if kind == "M":
        return {kind: {name: to_moto(member) for name, member in content.items()}}
    if kind == "L":
        return {kind: [to_moto(element) for element in content]}
    if kind == "B":
        return {kind: b64decode(content)}
    if kind == "BS":
        return {kind: [b64decode(element) for element in content]}
    return value


def from_moto(value: Value) -> Value:
    """A value of moto's, as it is on the wire."""
    ((kind, content),) = value.items()
    if kind == "M":
        return {kind: {name: from_moto(member) for name, member in content.items()}}
    if kind == "L":
        return {kind: [from_moto(element) for element in content]}
    if kind == "B":
        return {kind: _base64(content)}
    if kind == "BS":
        return {kind: [_base64(element) for element in content]}
    return {kind: list(content)} if kind in ("SS", "NS") else value


def _base64(content: bytes | str) -> str:
    return content if isinstance(content, str) else b64encode(content).decode("ascii")


def _text(value: Value, content: Any) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not str:
        raise UnusualError
    return text_size(content)


def _number(value: Value, content: Any) -> int:
    if type(content) is not str:
        raise UnusualError
    if not _PLAIN_NUMBER.fullmatch(content):
        content = value["N"] = canonical_number(content)
    return (len(content) + 1) // 2 + 1


def _binary(value: Value, content: Any) -> int:
    value["B"], size = _canonical_binary(content)
    return size


def _canonical_binary(content: Any) -> tuple[str, int]:
    try:
        decoded = b64decode(content, validate=True)
    except (TypeError, ValueError, Base64Error):
        raise UnusualError from None
    return b64encode(decoded).decode("ascii"), len(decoded)


def _boolean(value: Value, content: Any) -> int:
    if type(content) is not bool or ("NULL" in value and not content):
        raise UnusualError
    return 1


def _list(value: Value, content: Any) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not list:
        raise UnusualError
    elements = cast("list[Any]", content)
    return _NESTED_BYTES + sum(1 + measure(_as_value(element)) for element in elements)


def _map(value: Value, content: Any) -> int:  # noqa: ARG001 - all measures are called alike
    if type(content) is not dict:
        raise UnusualError
    members = cast("dict[str, Any]", content)
    if not all(type(member) is dict for member in members.values()):
        raise UnusualError
    return _NESTED_BYTES + len(members) + measure_item(members)


def _as_value(value: Any) -> Value:
    if type(value) is not dict:
        raise UnusualError
    return cast("Value", value)


def _set(value: Value, content: Any) -> int:
    ((kind, _),) = value.items()
    if type(content) is not list or not content:
        raise UnusualError
    elements = [{kind[0]: element} for element in cast("list[Any]", content)]
    size = sum(measure(element) for element in elements)
    contents = [element[kind[0]] for element in elements]
    if len(set(contents)) != len(contents):
        raise InvalidValueError(f"Input collection {contents} contains duplicates.")
    value[kind] = sorted(contents, key=Decimal) if kind == "NS" else sorted(contents)
    return size


_MEASURES: dict[str, Callable[[Value, Any], int]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _boolean,
    "L": _list,
    "M": _map,
    "SS": _set,
    "NS": _set,
    "BS": _set,
}
