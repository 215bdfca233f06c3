"""What stands at a document path, and how it is changed.

A list's elements are counted as they were before the update, whatever else it
changes: what is set beyond a list's end is appended in the order of the
places, and what is removed goes last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sandbox.dynamodb.errors import invalid
from sandbox.dynamodb.expressions.syntax import Element
from sandbox.dynamodb.values import Attributes, Value

ResolvedPath = tuple[Element, ...]


class Edit(NamedTuple):
    """A new value at a path; None removes what is there."""

    path: ResolvedPath
    value: Value | None


def value_at(item: Attributes, path: ResolvedPath) -> Value | None:
    """What stands at a path; None for nothing."""
    found: Value | None = item.get(path[0])  # pyright: ignore[reportArgumentType] - a path begins with a name
    for element in path[1:]:
        if found is None:
            return None
        if isinstance(element, int):
            elements: list[Value] = found.get("L", [])
            found = elements[element] if element < len(elements) else None
        else:
            found = found.get("M", {}).get(element)
    return found


def apply(item: Attributes, edits: Iterable[Edit]) -> None:
    """Change an item in place.

    Raises:
        DynamoError: the map or list that a path ends in is not there.
    """
    lists: dict[int, _ListEdits] = {}
    for path, value in edits:
        *_, last = path
        holder = _holder(item, path)
        if isinstance(last, int):
            lists.setdefault(id(holder), _ListEdits(holder, [], [])).add(last, value)
        elif value is None:
            holder.pop(last, None)
        else:
            holder[last] = value
    for edited in lists.values():
        edited.finish()


class _ListEdits(NamedTuple):
    elements: list[Value]
    appended: list[tuple[int, Value]]
    removed: list[int]

    def add(self, index: int, value: Value | None) -> None:
        if value is None:
            self.removed.append(index)
        elif index < len(self.elements):
            self.elements[index] = value
        else:
            self.appended.append((index, value))

    def finish(self) -> None:
        removed = [index for index in self.removed if index < len(self.elements)]
        self.elements.extend(value for _, value in sorted(self.appended, key=lambda pair: pair[0]))
        for index in sorted(removed, reverse=True):
            del self.elements[index]


def refuse_path(item: Attributes, path: ResolvedPath) -> None:
    """DynamoError when the map or list that a path ends in is not there."""
    _holder(item, path)


def _holder(item: Attributes, path: ResolvedPath) -> Any:
    """The map or list in which a path's last element is."""
    if len(path) == 1:
        return item
    holder = value_at(item, path[:-1])
    content = None if holder is None else holder.get("L" if isinstance(path[-1], int) else "M")
    if content is None:
        raise invalid("The document path provided in the update expression is invalid for update")
    return content


def overlap(paths: list[ResolvedPath]) -> tuple[str, ResolvedPath, ResolvedPath] | None:
    """The first two paths that cannot be used together: "overlap" when one is a part of the other, or "conflict"."""
    for number, later in enumerate(paths):
        for earlier in paths[:number]:
            found = _overlap(earlier, later)
            if found is not None:
                return found, earlier, later
    return None


def _overlap(one: ResolvedPath, other: ResolvedPath) -> str | None:
    for a, b in zip(one, other, strict=False):
        if isinstance(a, int) != isinstance(b, int):
            return "conflict"
        if a != b:
            return None
    return "overlap"
