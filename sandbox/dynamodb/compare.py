"""Comparison of values: the operators and functions of conditions, and the order of keys.

Text and binaries are ordered by their bytes, numbers by value.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from base64 import b64decode
from decimal import Decimal
from typing import Any

from sandbox.dynamodb.values import Value, kind_of, text_size

ORDERED = frozenset({"S", "N", "B"})
"""The ordered types, which are also the types of keys."""
_SETS = {"SS": "S", "NS": "N", "BS": "B"}
_COUNTED = frozenset({"L", "M", "SS", "NS", "BS"})


def sortable(kind: str, content: str) -> Any:
    """A value of an ordered type in a form that Python orders as DynamoDB does.

    Code points of Unicode have the same order as their bytes in UTF-8.
    """
    if kind == "N":
        return Decimal(content)
    return b64decode(content) if kind == "B" else content


def is_less(left: Value, right: Value) -> bool:
    """Return whether a value is less than the second one of its type; always False for a type without an order."""
    ((kind, a),) = left.items()
    b = right.get(kind)
    if b is None or kind not in ORDERED:
        return False
    return sortable(kind, a) < sortable(kind, b)


def is_at_most(left: Value, right: Value) -> bool:
    """Return whether a value is at most the second one of its type; always False for a type without an order."""
    ((kind, a),) = left.items()
    b = right.get(kind)
    if b is None or kind not in ORDERED:
        return False
    return sortable(kind, a) <= sortable(kind, b)


def begins_with(value: Value, prefix: Value) -> bool:
    """Return whether a text or binary begins with the second one."""
    if "S" in value and "S" in prefix:
        return value["S"].startswith(prefix["S"])
    if "B" in value and "B" in prefix:
        return b64decode(value["B"]).startswith(b64decode(prefix["B"]))
    return False


def contains(value: Value, part: Value) -> bool:
    """Return whether a text or binary contains the second one, or a set or list has it as an element."""
    ((kind, content),) = value.items()
    if kind == "L":
        return part in content
    if kind in _SETS:
        return part.get(_SETS[kind]) in content
    if kind == "S" and "S" in part:
        return part["S"] in content
    return kind == "B" and "B" in part and b64decode(part["B"]) in b64decode(content)


def size(value: Value) -> Value | None:
    """The bytes of a text or binary, the elements of a collection; None for a value without a size."""
    kind = kind_of(value)
    content = value[kind]
    if kind in _COUNTED:
        return {"N": str(len(content))}
    if kind == "S":
        return {"N": str(text_size(content))}
    return {"N": str(len(b64decode(content)))} if kind == "B" else None
