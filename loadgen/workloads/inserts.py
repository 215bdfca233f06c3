"""New orders in bulk, rendered by the compiled module: the bytes that `orders` makes of each."""

from __future__ import annotations

from loadgen.compiled import native
from loadgen.dynamodb.item import Fragment
from loadgen.schedule.arrivals import PlannedInsert
from loadgen.workloads.pools import Head

Heads = tuple[tuple[bytes, int, tuple[tuple[bytes, int], ...]], ...]
"""The heads of a phase of the day: text, size, and the baskets, each a text and a size."""


class Inserts:
    """Renders batches of inserts.

    `texts` are what stands between an order's own parts, `numbers` what times
    and sizes are counted by: native/inserts.h has both in this order.
    RuntimeError where nothing is compiled.
    """

    def __init__(
        self, phases: tuple[tuple[Head, ...], ...], texts: tuple[bytes, ...], numbers: tuple[int, ...]
    ) -> None:
        if native is None:
            raise RuntimeError("nothing is compiled")
        self._inserts = native.inserts
        self._texts = texts
        self._numbers = numbers
        known: dict[int, tuple[tuple[bytes, int], ...]] = {}
        self._phases = tuple(tuple(_head(head, known) for head in heads) for heads in phases)

    def render(self, rows: tuple[PlannedInsert, ...]) -> tuple[bytes, int]:
        """The body of a BatchWriteItem call with these rows' orders, and the write units that they take."""
        return self._inserts(rows, self._texts, self._numbers, self._phases)


def _head(
    head: Head, known: dict[int, tuple[tuple[bytes, int], ...]]
) -> tuple[bytes, int, tuple[tuple[bytes, int], ...]]:
    """A head, whose baskets it has in common with the others of its region."""
    baskets = known.setdefault(id(head.baskets), ()) or tuple(map(_pair, head.baskets))
    known[id(head.baskets)] = baskets
    return *_pair(head.placed), baskets


def _pair(fragment: Fragment) -> tuple[bytes, int]:
    return fragment.text, fragment.size_bytes
