"""The names in expressions: as parts for lookup, and as text for messages."""

from __future__ import annotations

from sandbox.athena.syntax import nodes as n


def qualified(node: n.Expression) -> tuple[str, ...] | None:
    """The parts of a name a.b.c; None for any other expression."""
    if isinstance(node, n.Name):
        return (node.name,)
    if isinstance(node, n.Dereference):
        base = qualified(node.base)
        return None if base is None else (*base, node.name)
    return None


def spoken(node: n.Expression) -> str:
    """An expression's name in a message."""
    if isinstance(node, n.Dereference):
        return f"{spoken(node.base)}.{node.spelled}"
    return node.spelled if isinstance(node, n.Name) else type(node).__name__.lower()
