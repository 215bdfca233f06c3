"""Plain Python values as DynamoDB attributes in JSON form."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from loadgen.dynamodb.item import Attribute

Value = object


def attributes(values: Mapping[str, Value]) -> dict[str, Attribute]:
    """Convert an item's or a key's values to attributes. Raises: TypeError: DynamoDB has no such type."""
    return {name: attribute(value) for name, value in values.items()}


def attribute(value: Value) -> Attribute:
    """Convert a Python value to a DynamoDB attribute in JSON form. Raises: TypeError: DynamoDB has no such type."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": _base64(value)}
        case None:
            return {"NULL": True}
        case dict():
            return {"M": attributes(cast("dict[str, Value]", value))}
        case list() | tuple():
            return {"L": [attribute(element) for element in cast("Sequence[Value]", value)]}
        case set() | frozenset():
            return _set(cast("set[Value]", value))
        case _:
            raise TypeError(f"{value!r} is of no type that DynamoDB holds: floats must be Decimal")


def _set(values: set[Value]) -> Attribute:
    if values and all(isinstance(value, str) for value in values):
        return {"SS": sorted(cast("set[str]", values))}
    if values and all(isinstance(value, bytes) for value in values):
        return {"BS": sorted(map(_base64, cast("set[bytes]", values)))}
    if values and all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in values):
        return {"NS": sorted(map(str, values))}
    raise TypeError(f"{values!r} is not a set that DynamoDB holds: all str, all numbers or all bytes, and not empty")


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def text(value: Attribute) -> str:
    """Return a key's value as text."""
    return str(next(iter(value.values())))
