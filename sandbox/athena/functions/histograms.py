"""Approximate histograms: https://trino.io/docs/435/functions/aggregate.html, approx_most_frequent, numeric_histogram.

Both depend on the order of the rows once they have more values than buckets; Trino's order is that of its splits.
Sources: trino 435, io.trino.operator.aggregation.ApproximateMostFrequentHistogram and NumericHistogram; stream-lib
2.9.8, com.clearspring.analytics.stream.StreamSummary.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TypeVar

from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError

Item = TypeVar("Item", bound=Hashable)
_BUFFER = 100
"""The values that numeric_histogram holds beside its buckets."""


def most_frequent(buckets: int, items: Sequence[Item], capacity: int) -> dict[Item, int]:
    """The most frequent items with their counts, by the Space-Saving algorithm with a number of counters.

    Raises:
        TrinoError: fewer than two buckets.
    """
    if buckets < 2:
        raise TrinoError(INVALID, "approx_most_frequent bucket count must be greater than one")
    counts: dict[Item, int] = {}
    by_count: dict[int, dict[Item, None]] = {}
    for item in items:
        before = counts.get(item, 0)
        if not before and len(counts) >= capacity:
            before = min(by_count)
            dropped = next(iter(by_count[before]))
            del counts[dropped]
        else:
            dropped = item
        if before:
            del by_count[before][dropped]
            if not by_count[before]:
                del by_count[before]
        counts[item] = before + 1
        by_count.setdefault(before + 1, {})[item] = None
    ranked = chain.from_iterable(by_count[count] for count in sorted(by_count, reverse=True))
    return {item: counts[item] for item, _ in zip(ranked, range(buckets), strict=False)}


@dataclass(eq=False)
class _Bucket:
    """A bucket between its neighbours; `valid` until it is replaced."""

    place: int
    value: float
    weight: float
    left: _Bucket | None = None
    right: _Bucket | None = None
    valid: bool = True

    @property
    def penalty(self) -> tuple[bool, float, int]:
        """What merging it with the right one costs, and its place among equals. NaN is the most."""
        if self.right is None:
            return False, math.inf, self.place
        total = self.weight + self.right.weight
        difference = (self.value - self.right.value) * (self.value - self.right.value)
        cost = total * difference * _quotient(self.weight * self.right.weight, total * total)
        return (True, 0.0, self.place) if math.isnan(cost) else (False, cost, self.place)


def numeric_histogram(buckets: int, values: Sequence[dict[str, float]]) -> dict[float, float]:
    """The values and weights of at most that many buckets; each value has its number `x` and its weight `w`.

    Raises:
        TrinoError: fewer than two buckets, or NaN, which the sandbox lacks here.
    """
    if buckets < 2:
        raise TrinoError(INVALID, "numeric_histogram bucket count must be greater than one")
    held: list[tuple[float, float]] = []
    for value in values:
        if math.isnan(value["x"]):
            raise TrinoError("NOT_SUPPORTED", "The sandbox's Athena has no numeric_histogram of NaN")
        if len(held) == buckets + _BUFFER:
            held = _compacted(held, buckets)
        held.append((value["x"], value["w"]))
    return dict(_compacted(held, buckets))


def _compacted(held: list[tuple[float, float]], buckets: int) -> list[tuple[float, float]]:
    same: list[tuple[float, float]] = []
    for value, weight in sorted(held, key=lambda pair: (pair[0], math.copysign(1, pair[0]))):
        if same and same[-1][0] == value:
            same[-1] = same[-1][0], same[-1][1] + weight
        else:
            same.append((value, weight))
    return same if len(same) <= buckets else list(_merged(same, buckets))


def _merged(held: Sequence[tuple[float, float]], buckets: int) -> Iterator[tuple[float, float]]:
    """The buckets after the cheapest neighbours are merged, one by one."""
    linked = [_Bucket(place, value, weight) for place, (value, weight) in enumerate(held)]
    for left, right in pairwise(linked):
        left.right, right.left = right, left
    queue = [(bucket.penalty, number, bucket) for number, bucket in enumerate(linked)]
    heapq.heapify(queue)
    count, number = len(linked), len(linked)

    def put(bucket: _Bucket) -> None:
        nonlocal number
        if bucket.left is not None:
            bucket.left.right = bucket
        if bucket.right is not None:
            bucket.right.left = bucket
        heapq.heappush(queue, (bucket.penalty, number, bucket))
        number += 1

    while count > buckets:
        current = heapq.heappop(queue)[2]
        if not current.valid:
            continue
        right, left = current.right, current.left
        if right is None:
            raise TrinoError("GENERIC_INTERNAL_ERROR", "Expected right to be != null")
        count -= 1
        weight = current.weight + right.weight
        value = _quotient(current.value * current.weight + right.value * right.weight, weight)
        current.valid = right.valid = False
        merged = _Bucket(current.place, value, weight, None, right.right)
        put(merged)
        if left is not None:
            left.valid = False
            put(_Bucket(left.place, left.value, left.weight, left.left, merged))
    remaining = [bucket for _, _, bucket in queue if bucket.valid]
    yield from sorted((bucket.value, bucket.weight) for bucket in remaining)


def _quotient(dividend: float, divisor: float) -> float:
    """Java's quotient, which is infinite or NaN where Python's fails."""
    if divisor:
        return dividend / divisor
    return math.nan if not dividend or math.isnan(dividend) else math.copysign(math.inf, dividend)


def _of_rows(call: TypedCall, values: str, tested: Sequence[int]) -> str:
    """A list of the rows' values, without those in which one of the tested arguments is NULL."""
    return call.aggregate("list", values, filter_=" AND ".join(f"{call[i]} IS NOT NULL" for i in tested))


def _single(call: TypedCall, index: int) -> str:
    """An argument that is the same in each row."""
    constant = call.arguments[index].constant
    return call[index] if isinstance(constant, int) else call.aggregate("any_value", call[index])


def _most_frequent(call: TypedCall) -> str:
    kind = call.arguments[1].type.name
    items = _of_rows(call, call[1], (0, 1, 2))
    return f"athena_most_frequent_{kind}({_single(call, 0)}, {items}, {_single(call, 2)})"


def _numeric_histogram(call: TypedCall) -> str:
    weight = call[2] if len(call) > 2 else "1"
    pair = f"{{'x': CAST({call[1]} AS DOUBLE), 'w': CAST({weight} AS DOUBLE)}}"
    found = f"athena_numeric_histogram({_single(call, 0)}, {_of_rows(call, pair, range(len(call)))})"
    return f"CAST({found} AS {call.type.physical})"


FUNCTIONS = (
    entry(
        "approx_most_frequent(bigint, bigint, bigint) -> map(bigint, bigint); "
        "approx_most_frequent(bigint, varchar, bigint) -> map(varchar, bigint)",
        _most_frequent,
        "approx_most_frequent(2, 'a', 10)",
        "{a=1}",
        kind="aggregate",
    ),
    entry(
        "; ".join(
            f"numeric_histogram(bigint, {type_}{weight}) -> map({type_}, {type_})"
            for type_ in ("double", "real")
            for weight in ("", ", double")
        ),
        _numeric_histogram,
        "numeric_histogram(2, 1.5)",
        "{1.5=1.0}",
        kind="aggregate",
    ),
)
MACROS: tuple[str, ...] = ()
NATIVES = (
    *(
        Native(
            f"athena_most_frequent_{kind}",
            most_frequent,
            ("BIGINT", f"{kind.upper()}[]", "BIGINT"),
            f"MAP({kind.upper()}, BIGINT)",
        )
        for kind in ("bigint", "varchar")
    ),
    Native(
        "athena_numeric_histogram", numeric_histogram, ("BIGINT", "STRUCT(x DOUBLE, w DOUBLE)[]"), "MAP(DOUBLE, DOUBLE)"
    ),
)
