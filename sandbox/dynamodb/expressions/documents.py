"""Reading and changing the value at a document path.

A list's elements are numbered as before the update, whatever else the update changes: elements set beyond its end are
appended in the order of their numbers, and elements are removed last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sandbox.dynamodb.errors import invalid
from sandbox.dynamodb.expressions.syntax import Element
from sandbox.dynamodb.values import Attributes, Value

ResolvedPath = tuple[Element, ...]


class Edit(NamedTuple):
    """A new value at a path; None removes the value."""

    path: ResolvedPath
    value: Value | None


def value_at(item: Attributes, path: ResolvedPath) -> Value | None:
    """The value at a path; None if absent."""
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
        DynamoError: the map or list that contains a path's last element does not exist.
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
    """Raise DynamoError if the map or list that contains the path's last element does not exist."""
    _holder(item, path)


def _holder(item: Attributes, path: ResolvedPath) -> Any:
    """The map or list that contains a path's last element."""
    if len(path) == 1:
        return item
    holder = value_at(item, path[:-1])
    content = None if holder is None else holder.get("L" if isinstance(path[-1], int) else "M")
    if content is None:
        raise invalid("The document path provided in the update expression is invalid for update")
    return content


def overlap(paths: list[ResolvedPath]) -> tuple[str, ResolvedPath, ResolvedPath] | None:
    """The first two paths that cannot be combined: "overlap" if one contains the other, else "conflict"."""
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
