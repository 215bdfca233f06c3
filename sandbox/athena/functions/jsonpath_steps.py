"""The steps of a JSON path: each is a function from the state of an evaluation to its items.

Items are Python's own: None, bool, int, float, Decimal (only of a path's literals), str, list and dict.

Source: trino 435, io.trino.sql.jsonpath and https://trino.io/docs/435/functions/json.html.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias, cast

from sandbox.athena.functions.native import TrinoError

Item: TypeAlias = Any
Evaluate: TypeAlias = "Callable[[PathState], list[Item]]"
Test: TypeAlias = "Callable[[PathState], bool | None]"


class PathError(Exception):
    """A structural error, or a value of the wrong type."""


def members_of(item: Item) -> dict[str, Item] | None:
    """An object's members; None for any other item."""
    return cast("dict[str, Item]", item) if isinstance(item, dict) else None


def elements_of(item: Item) -> list[Item] | None:
    """An array's elements; None for any other item."""
    return cast("list[Item]", item) if isinstance(item, list) else None


class PathState:
    """The document, and the item of the innermost filter."""

    def __init__(self, root: Item, current: Item = None, last: int = -1) -> None:
        self.root = root
        self.current = current
        self.last = last


def unwrapped(items: list[Item], *, lax: bool) -> list[Item]:
    """The items; in lax mode an array is replaced by its elements."""
    if not lax:
        return items
    return [inner for item in items for inner in (elements_of(item) or ([] if item == [] else [item]))]


def member(item: Item, key: str, *, lax: bool) -> list[Item]:
    """An object's member; in lax mode no items if it is missing."""
    members = members_of(item)
    if members is not None and key in members:
        return [members[key]]
    if lax:
        return []
    raise PathError(f"structural error: missing member '{key}' in JSON object")


def values(item: Item, lax: bool) -> list[Item]:
    """The values of an object's members."""
    members = members_of(item)
    if members is not None:
        return list(members.values())
    if lax:
        return []
    raise PathError("invalid item type. Expected: OBJECT")


def elements(item: Item, *, lax: bool) -> list[Item]:
    """An array's elements; in lax mode an item that is not an array is its own element."""
    elements = elements_of(item)
    if elements is not None:
        return elements
    if lax:
        return [item]
    raise PathError("invalid item type. Expected: ARRAY")


def descendants(item: Item, key: str) -> list[Item]:
    """The members with this name in an item and in everything inside it."""
    members = members_of(item) or {}
    children = elements_of(item) or list(members.values())
    found = [members[key]] if key in members else []
    return found + [v for child in children for v in descendants(child, key)]


def sliced(item: Item, ranges: list[tuple[Evaluate, Evaluate | None]], state: PathState, *, lax: bool) -> list[Item]:
    """The elements at subscripts and ranges of subscripts."""
    items, found = elements(item, lax=lax), list[Item]()
    inner = PathState(state.root, state.current, len(items) - 1)
    for first, last in ranges:
        start = _index(first(inner))
        end = start if last is None else _index(last(inner))
        if not lax and (start < 0 or end >= len(items) or start > end):
            raise PathError("structural error: invalid array subscript")
        found += items[max(start, 0) : end + 1] if end >= 0 else []
    return found


def _index(items: list[Item]) -> int:
    if len(items) != 1:
        raise PathError("array subscript must be a singleton numeric value")
    return int(numeric(items[0]))


def numeric(item: Item) -> Item:
    """Return the item, which must be a number."""
    if isinstance(item, bool) or not isinstance(item, (int, float, Decimal)):
        raise PathError("invalid item type. Expected: NUMBER")
    return item


def arithmetic(sign: str, left: Evaluate, right: Evaluate, *, lax: bool) -> Evaluate:
    """The sum, difference, product or quotient of two numbers."""

    def compute(state: PathState) -> list[Item]:
        operands = [unwrapped(side(state), lax=lax) for side in (left, right)]
        if any(len(items) != 1 for items in operands):
            raise PathError("arithmetic binary expression requires singleton operands")
        a, b = (numeric(items[0]) for items in operands)
        if isinstance(a, Decimal) or isinstance(b, Decimal):
            raise TrinoError("NOT_SUPPORTED", "The sandbox's Athena has no decimal arithmetic in a JSON path")
        return [_computed(sign, a, b)]

    return compute


def _computed(sign: str, a: Item, b: Item) -> Item:
    if sign in "+-*":
        return a + b if sign == "+" else a - b if sign == "-" else a * b
    if b == 0:
        raise PathError("division by zero")
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if sign == "/" else a - b * quotient
    return a / b if sign == "/" else math.fmod(a, b)


def method(name: str, found: Evaluate, *, lax: bool) -> Evaluate:
    """An item method: type(), size(), abs() and the like."""
    if name == "type":
        return lambda state: [_type_of(item) for item in found(state)]
    if name == "size":
        return lambda state: [_size(item, lax=lax) for item in found(state)]
    return lambda state: [_applied(name, item) for item in unwrapped(found(state), lax=lax)]


def _size(item: Item, *, lax: bool) -> int:
    return len(elements(item, lax=lax))


def _applied(name: str, item: Item) -> Item:
    if name == "double":
        try:
            return float(item) if isinstance(item, str) else float(numeric(item))
        except ValueError as error:
            raise PathError("cannot convert to double") from error
    number = numeric(item)
    if name == "abs":
        return abs(number)
    rounded = math.ceil(number) if name == "ceiling" else math.floor(number)
    return float(rounded) if isinstance(number, float) else rounded


def _type_of(item: Item) -> str:
    if members_of(item) is not None or elements_of(item) is not None:
        return "array" if members_of(item) is None else "object"
    if item is None or isinstance(item, bool):
        return "null" if item is None else "boolean"
    return "string" if isinstance(item, str) else "number"


def filtered(found: Evaluate, test: Test, *, lax: bool) -> Evaluate:
    """The items for which a filter's test holds."""
    return lambda state: [
        item for item in unwrapped(found(state), lax=lax) if test(PathState(state.root, item, state.last)) is True
    ]


def either(left: Test, right: Test, *, decides: bool) -> Test:
    """|| (true determines the result) and && (false does), with the third value unknown."""

    def combine(state: PathState) -> bool | None:
        values = left(state), right(state)
        if decides in values:
            return decides
        return None if None in values else not decides

    return combine


def exists(path: Evaluate) -> Test:
    """Return whether a path has items; unknown if it fails."""

    def test(state: PathState) -> bool | None:
        try:
            return bool(path(state))
        except PathError:
            return None

    return test


def compared(sign: str, left: Evaluate, right: Evaluate, *, lax: bool) -> Test:
    """True if the comparison holds for a pair of items; unknown if a pair before it cannot be compared."""

    def test(state: PathState) -> bool | None:
        try:
            sides = [unwrapped(side(state), lax=lax) for side in (left, right)]
        except PathError:
            return None
        found = [_pair(sign, a, b) for a in sides[0] for b in sides[1]]
        return True if True in found else None if None in found else False

    return test


def _pair(sign: str, a: Item, b: Item) -> bool | None:
    if sign == "starts":
        return a.startswith(b) if isinstance(a, str) and isinstance(b, str) else None
    if (a is None) != (b is None):
        return sign in {"!=", "<>"}
    numbers = all(isinstance(x, (int, float, Decimal)) and not isinstance(x, bool) for x in (a, b))
    if isinstance(a, (list, dict)) or isinstance(b, (list, dict)) or not (numbers or type(a) is type(b)):
        return None
    if sign in {"==", "!=", "<>"}:
        return (a == b) == (sign == "==")
    if a is None or isinstance(a, bool):
        return None if a is None else {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]
