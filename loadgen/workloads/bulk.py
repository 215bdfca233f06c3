"""Inserts in bulk: drawn, rendered, sent and counted a whole BatchWriteItem at a time.

When a plan has nothing but inserts, no order of it is looked at again, so
nothing of one need be kept but its row: when it is due, its number, and its
random bits. What is written is the same to the byte as one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from loadgen.schedule.arrivals import PlannedInsert, words
from loadgen.schedule.keys import LANES


def rows(offsets_ns: Iterator[int], *, seed: int, segment: int = 0, segments: int = 1) -> Iterator[PlannedInsert]:
    """The segment's part of the arrivals: what `arrivals.arrivals` gives when all are inserts."""
    every = zip(offsets_ns, itertools.count(), words(f"bits/{seed}", "H"), strict=False)
    if segments == 1:
        return every
    return itertools.compress(every, itertools.cycle([lane % segments == segment for lane in range(LANES)]))


def batches(
    source: Iterator[PlannedInsert], most: int, *, wait_ns: int, boundary_ns: int
) -> Iterator[tuple[int, tuple[PlannedInsert, ...]]]:
    """Rows in batches of up to `most`, each with when it is due, like them in ns after the start.

    A batch is due with its last row if it is full or the last of all, else when
    its first row has waited for `wait_ns`. No batch has rows on both sides of
    `boundary_ns`, or is due beyond it when they are not.
    """
    taken: list[PlannedInsert] = []
    while True:
        taken += itertools.islice(source, most - len(taken))
        if not taken:
            return
        first_ns, last_ns = taken[0][0], taken[-1][0]
        latest_ns = first_ns + wait_ns
        if first_ns < boundary_ns:
            latest_ns = min(latest_ns, boundary_ns - 1)
        if last_ns <= latest_ns:
            yield last_ns, tuple(taken)
            taken = []
        else:
            number = next(number for number, row in enumerate(taken) if row[0] > latest_ns)
            yield latest_ns, tuple(taken[:number])
            taken = taken[number:]
