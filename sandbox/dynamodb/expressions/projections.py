"""Projection expressions: the requested parts of an item, within the maps and lists that contain them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.operands import refuse_overlap
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.syntax import Element, OperandParser, Path
from sandbox.dynamodb.values import Attributes, Value

Tree = dict[Element, Any]
"""The requested parts: by name or index, the parts of the value there; an empty tree is the whole value."""


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Path, ...]:
    """Parse a projection; raises ExpressionError for an invalid one."""
    parser = OperandParser(text)
    paths = [parser.path()]
    while parser.tokens.take_symbol(","):
        paths.append(parser.path())
    parser.finish()
    return tuple(paths)


def bind(paths: Iterable[Path], placeholders: Placeholders) -> list[ResolvedPath]:
    """Bind the paths to the attributes' own names.

    Raises:
        ExpressionError: a placeholder is not defined, or two paths overlap.
    """
    resolved = [placeholders.path(path) for path in paths]
    refuse_overlap(resolved)
    return resolved


def project(item: Attributes, paths: Iterable[ResolvedPath]) -> Attributes:
    """Return the parts of an item at the paths; the requested elements of a list keep their order, without gaps."""
    tree: Tree = {}
    for path in paths:
        held = tree
        for element in path:
            held = held.setdefault(element, {})
    return _of_map(item, tree)


def _of_map(members: Attributes, tree: Tree) -> Attributes:
    found = ((name, _of(members.get(name), part)) for name, part in tree.items() if isinstance(name, str))
    return {str(name): value for name, value in found if value is not None}


def _of(value: Value | None, tree: Tree) -> Value | None:
    """The requested part of a value; None if the value has no such part."""
    if value is None or not tree:
        return value
    if isinstance(next(iter(tree)), int):
        elements: list[Value] = value.get("L", [])
        places = sorted(place for place in tree if isinstance(place, int) and place < len(elements))
        shown = [part for part in (_of(elements[place], tree[place]) for place in places) if part is not None]
        return {"L": shown} if shown else None
    shown_map = _of_map(value.get("M", {}), tree)
    return {"M": shown_map} if shown_map else None
