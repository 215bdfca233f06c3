"""json_array_length, json_array_get and json_array_contains: of an array's text up to its first error.

Source: trino 435, io.trino.operator.scalar.JsonFunctions.
"""

from __future__ import annotations

from itertools import islice

from sandbox.athena.functions.jsontext import NUMBER, BrokenError, Walk, unescaped, varchar


def array_length(text: str) -> int | None:
    """json_array_length."""
    try:
        return sum(1 for _ in Walk(text).elements())
    except BrokenError:
        return None


def array_get(text: str, index: int) -> str | None:
    """json_array_get: an element; of a string, its plain text."""
    try:
        items = list(islice(Walk(text).elements(), index + 1 if index >= 0 else None))
    except BrokenError:
        return None
    if not -len(items) <= index < len(items):
        return None
    found = items[index]
    if found == "null":
        return None
    return varchar(found) if found.startswith('"') else Walk(found).canonical(0, ordered=False)[0]


def array_contains(text: str, wanted: str, kind: str) -> bool | None:
    """json_array_contains: of one kind of JSON value; a number with a point is not an integer."""
    try:
        for item in Walk(text).elements():
            if _is(item, wanted, kind):
                return True
    except BrokenError:
        return None
    return False


def _is(item: str, wanted: str, kind: str) -> bool:
    if kind == "varchar":
        return item.startswith('"') and unescaped(item) == wanted
    if kind == "boolean":
        return item == wanted
    number = NUMBER.fullmatch(item)
    if number is None or bool(number["inexact"]) != (kind == "double"):
        return False
    return float(item) == float(wanted) if kind == "double" else int(item) == int(wanted)
