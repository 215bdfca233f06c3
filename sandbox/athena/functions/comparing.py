"""array_sort with a lambda expression, in Java's order, which also exists for a contradictory comparator.

Source: OpenJDK 17, java.util.TimSort, which sorts up to 31 elements by binary insertion after a first run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.athena.functions.building import INVALID, once
from sandbox.athena.functions.function import TypedCall
from sandbox.athena.functions.native import Native, TrinoError

_SHORT = 32
Compare = Callable[[int, int], int]
Results = Sequence[Sequence[int | None]]
"""The comparator's results for each pair of elements, by their positions in the array."""


def sorted_by_lambda(call: TypedCall) -> str:
    """The SQL of array_sort(array, (x, y) -> …)."""
    left, right = call.arguments[1].parameters
    row = f"list_transform({{0}}, lambda {right}: {call.arguments[1].sql})"
    results = f"list_transform({{0}}, lambda {left}: {row})"
    return once(
        [call[0]],
        lambda a: f"list_transform(athena_sorted_places({results.format(a[0])}), lambda p_: {a[0]}[p_])",
    )


def sorted_places(results: Results) -> list[int]:
    """The positions of the sorted elements, from 1.

    Raises:
        TrinoError: a result is not -1, 0 or 1, or the comparator contradicts itself for 32 elements or more: the
            sandbox's Athena does not merge runs as Java does.
    """

    def compare(a: int, b: int) -> int:
        result = results[a][b]
        if result not in {-1, 0, 1}:
            raise TrinoError(INVALID, "Lambda comparator must return either -1, 0, or 1")
        return result or 0

    count = len(results)
    order = _binary(count, compare) if count < _SHORT else _ranked(count, compare)
    return [place + 1 for place in order]


def _binary(count: int, compare: Compare) -> list[int]:
    order = list(range(count))
    if count < 2:
        return order
    run = 2
    if compare(1, 0) < 0:
        while run < count and compare(run, run - 1) < 0:
            run += 1
        order[:run] = reversed(order[:run])
    else:
        while run < count and compare(run, run - 1) >= 0:
            run += 1
    for place in range(run, count):
        low, high = 0, place
        while low < high:
            middle = (low + high) // 2
            if compare(place, order[middle]) < 0:
                high = middle
            else:
                low = middle + 1
        order.insert(low, order.pop(place))
    return order


def _ranked(count: int, compare: Compare) -> list[int]:
    """The order by the number of smaller elements, if it is consistent with all results."""
    places = range(count)
    ranks = [sum(compare(other, place) < 0 for other in places if other != place) for place in places]
    for a in places:
        for b in range(a):
            sign = (ranks[a] > ranks[b]) - (ranks[a] < ranks[b])
            if compare(a, b) != sign or compare(b, a) != -sign:
                message = "The sandbox's Athena sorts 32 elements or more only by a comparator that orders them"
                raise TrinoError("NOT_SUPPORTED", message)
    return sorted(places, key=ranks.__getitem__)


NATIVES = (Native("athena_sorted_places", sorted_places, ("INTEGER[][]",), "INTEGER[]"),)
