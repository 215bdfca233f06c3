"""ORDER BY, OFFSET and LIMIT of a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.athena.functions.signature import has_trait
from sandbox.athena.planning import operators
from sandbox.athena.planning.calls import direction
from sandbox.athena.planning.context import PlanningContext
from sandbox.athena.planning.scope import Field
from sandbox.athena.syntax import nodes as n
from sandbox.athena.values import Value


@dataclass(frozen=True)
class Ordering:
    """The clauses after a query's body."""

    items: tuple[n.Sort, ...] = ()
    offset: str = ""
    limit: str = ""
    ties: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there are no clauses."""
        return not self.items and not self.offset and not self.limit


def sort_keys(context: PlanningContext, ordering: Ordering, bind: Callable[[n.Sort], Value]) -> list[tuple[str, str]]:
    """The items of ORDER BY in SQL, each with its direction; raises StatementError for a type without an order."""
    keys: list[tuple[str, str]] = []
    for item in ordering.items:
        value = bind(item)
        if not has_trait(value.type, "orderable"):
            message = f"Type {value.type.athena} is not orderable, and therefore cannot be used in ORDER BY"
            raise context.error("TYPE_MISMATCH", item, message)
        keys.append((operators.sort_key(value), direction(item)))
    return keys


def limited(
    context: PlanningContext,
    head: str,
    tail: str,
    keys: Sequence[tuple[str, str]],
    ordering: Ordering,
    fields: Sequence[Field],
) -> str:
    """A SELECT (`head`) from its sources (`tail`) with ORDER BY, OFFSET and LIMIT; WITH TIES uses the rank."""
    if ordering.ties:
        return _with_ties(context, head, tail, keys, ordering, fields)
    order = f" ORDER BY {', '.join(key + way for key, way in keys)}" if keys else ""
    offset = f" OFFSET {ordering.offset}" if ordering.offset else ""
    limit = f" LIMIT {ordering.limit}" if ordering.limit else ""
    return f"{head}{tail}{order}{limit}{offset}"


def _with_ties(
    context: PlanningContext,
    head: str,
    tail: str,
    keys: Sequence[tuple[str, str]],
    ordering: Ordering,
    fields: Sequence[Field],
) -> str:
    rank, inner, outer = context.unique("c"), context.unique("r"), context.unique("r")
    if head.startswith("SELECT DISTINCT"):
        # The keys are of its columns only.
        extra, order = "", ", ".join(key + way for key, way in keys)
    else:
        named = [(context.unique("c"), key, way) for key, way in keys]
        extra = "".join(f", {key} AS {name}" for name, key, _ in named)
        order = ", ".join(name + way for name, _, way in named)
    names = ", ".join(f.column for f in fields)
    ranked = f"SELECT {names}, rank() OVER (ORDER BY {order}) AS {rank} FROM ({head}{extra}{tail}) AS {inner}"
    last = int(ordering.limit) + int(ordering.offset or 0)
    skipped = f" OFFSET {ordering.offset}" if ordering.offset else ""
    return f"SELECT {names} FROM ({ranked}) AS {outer} WHERE {rank} <= {last} ORDER BY {rank}{skipped}"


def ordinal(node: n.Expression) -> int | None:
    """The position in an integer literal of GROUP BY or ORDER BY; None for any other expression."""
    if isinstance(node, n.Negative) and node.sign == "-" and isinstance(node.operand, n.Literal):
        node, sign = node.operand, -1
    else:
        sign = 1
    return sign * int(node.text) if isinstance(node, n.Literal) and node.kind == "integer" else None
