"""The plan's arrivals: for each the kind of write, the number of its order, and random bits.

Each is a pure function of the seed and the earlier arrivals, so every segment computes the same ones and uses those
whose order is in its lanes.
"""

from __future__ import annotations

import itertools
import random
import struct
from collections import deque
from collections.abc import Iterator
from typing import cast

from msgspec import Struct

from loadgen.schedule.keys import LANES, KeyChoice
from loadgen.schedule.mix import Op

_BLOCK = 1024
# The number of ready orders is recorded this often within one rest.
_MARKS_PER_REST = 8

PlannedInsert = tuple[int, int, int]
"""An insert in a batch: its due time in ns after the start, the order's number, and 16 random bits."""

PlannedOperation = tuple[int, int, Op, int, int]
"""An arrival as a tuple: the first five fields of `Arrival`."""


class Arrival(Struct, gc=False):
    """An arrival of the plan and its write.

    `number` is the number of the item (an order), -1 if no order is ready; `bits` are 16 random bits of the arrival;
    `subject` is the workload's object.
    """

    index: int
    offset_ns: int
    op: Op
    number: int
    bits: int
    subject: object = None


def planned_operations(
    offsets_ns: Iterator[int],
    *,
    cycle: tuple[Op, ...],
    keys: KeyChoice,
    seed: int,
    preload: int = 0,
    earlier: int = 0,
    segment: int = 0,
    segments: int = 1,
) -> Iterator[PlannedOperation]:
    """Yield the segment's arrivals in order; the first `preload` are inserts, then the cycle begins.

    An insert has the next order's number. Other operations choose among the ready orders, which the plan inserted at
    least one rest ago; the number is -1 when no order is ready. Numbers below `earlier` are of orders of an earlier
    run, which are ready at once.
    """
    rest_ns = round(keys.rest_s * 1e9)
    inserted = ready = earlier
    mark_ns = 0
    marks: deque[tuple[int, int]] = deque()
    choices = words(f"choices/{seed}", "I")
    ops = cast("Iterator[Op]", itertools.chain(itertools.repeat("insert", preload), itertools.cycle(cycle)))
    planned = zip(offsets_ns, words(f"bits/{seed}", "H"), ops, strict=False)
    for arrival, (offset_ns, bits, op) in enumerate(planned):
        if offset_ns >= mark_ns:
            marks.append((offset_ns, inserted))
            mark_ns = offset_ns + rest_ns // _MARKS_PER_REST
            while marks and marks[0][0] <= offset_ns - rest_ns:
                ready = marks.popleft()[1]
        if op == "insert":
            number = inserted
            inserted += 1
        else:
            number = keys.choose(next(choices), ready) if ready else -1
        if segments == 1 or (arrival if number < 0 else number) % LANES % segments == segment:
            yield arrival, offset_ns, op, number, bits


def words(name: str, width: str) -> Iterator[int]:
    """Yield random words of a struct format's width, the same on every machine."""
    block = struct.Struct(f"<{_BLOCK}{width}")
    blocks = (random.Random(f"{name}/{number}").randbytes(block.size) for number in itertools.count())
    return itertools.chain.from_iterable(map(block.unpack, blocks))
