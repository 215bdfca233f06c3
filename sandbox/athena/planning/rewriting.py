"""Walking and rewriting a syntax tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import cast

from sandbox.athena.syntax import nodes as n


def walked(node: object, stop: tuple[type[n.Node], ...] = ()) -> Iterator[n.Node]:
    """A node and all its descendants, except those of nodes of the classes in `stop`."""
    stack: list[object] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, n.Node):
            if stop and isinstance(part, stop):
                continue
            yield part
            stack += [getattr(part, f.name) for f in dataclasses.fields(part)]
        elif isinstance(part, tuple):
            stack += part


def replaced(node: object, replacement: Callable[[n.Node], n.Node | None]) -> object:
    """A copy of a node in which each part is the result of `replacement`, or has its parts replaced."""
    if isinstance(node, n.Node):
        found = replacement(node)
        if found is not None:
            return found
        changed = {
            f.name: new
            for f in dataclasses.fields(node)
            if (new := replaced(old := getattr(node, f.name), replacement)) is not old
        }
        return dataclasses.replace(node, **changed) if changed else node
    if isinstance(node, tuple):
        before = cast("tuple[object, ...]", node)
        items = tuple(replaced(item, replacement) for item in before)
        return items if any(a is not b for a, b in zip(items, before, strict=True)) else before
    return node
