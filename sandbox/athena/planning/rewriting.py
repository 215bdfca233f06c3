"""Walking and rewriting a syntax tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from sandbox.athena.functions import BY_NAME
from sandbox.athena.syntax import nodes as n

Item = TypeVar("Item")


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


_OF_CONSTANTS = (n.Literal, n.TypedLiteral, n.Interval, n.Cast, n.Negative, n.Arithmetic, n.Concat)


def without_ignored_nulls(node: n.InList, items: list[Item]) -> list[Item]:
    """The items of a list without the NULLs that Trino forgets in it, so that 'a' IN (x, NULL) is false where x is 'b'.

    It does so for a constant beside something else. Source: trino 435, visitInPredicate of
    io.trino.sql.planner.ExpressionInterpreter, whose hasNullValue goes no further where a value is unresolved.
    """
    if not _is_constant(node.operand) or all(_is_constant(item) for item in node.items):
        return items
    return [item for item, written in zip(items, node.items, strict=True) if not _is_null(written)]


def _is_constant(node: n.Node) -> bool:
    calls = [part for part in walked(node) if isinstance(part, n.Call)]
    folded = all(f.kind == "scalar" and f.deterministic for call in calls for f in BY_NAME.get(call.name, ()))
    return folded and all(isinstance(part, (n.Call, *_OF_CONSTANTS)) for part in walked(node))


def _is_null(node: n.Node) -> bool:
    while isinstance(node, n.Cast):
        node = node.operand
    return isinstance(node, n.Literal) and node.kind == "null"
