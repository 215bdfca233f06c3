"""The workload of inserts only: new orders in batches, each rendered whole by the compiled module.

A plan of inserts only never writes an order again, so a `PlannedInsert` is all that is stored of one. The bytes that
are written are those of `loadgen.workloads.orders`, which is the slow path: it renders single orders after their batch
fails, and whole runs where nothing is compiled.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from loadgen.compiled import native
from loadgen.dynamodb.writes import Write, WriteBatch
from loadgen.schedule.arrivals import PlannedInsert, words
from loadgen.schedule.keys import LANES
from loadgen.workloads.orders import Orders
from loadgen.workloads.rows import phase_rows


class InsertsCall(WriteBatch, gc=False):
    """A BatchWriteItem call with new orders.

    `planned_ns` is when the batch is due on the monotonic clock, `units` are its write units. `writes` is empty until
    the slow path needs its orders one by one; then `rows` is empty.
    """

    rows: tuple[PlannedInsert, ...] = ()
    planned_ns: int = 0
    units: int = 0


class Inserts:
    """Renders the new orders of `orders` in batches. Raises: RuntimeError: nothing is compiled.

    `orders` must be used for nothing else.
    """

    def __init__(self, orders: Orders) -> None:
        if native is None:
            raise RuntimeError("nothing is compiled")
        self._orders = orders
        self._render = native.inserts
        self._texts, self._numbers = orders.insert_template()
        self._phases = phase_rows(orders.phases)

    def batches(
        self, offsets_ns: Iterator[int], size: int, *, wait_ns: int, boundary_ns: int
    ) -> Iterator[tuple[int, tuple[PlannedInsert, ...]]]:
        """Yield the segment's arrivals in batches; see `batches`."""
        orders = self._orders
        source = rows(offsets_ns, seed=orders.seed, segment=orders.segment, segments=orders.segments)
        return batches(source, size, wait_ns=wait_ns, boundary_ns=boundary_ns)

    def call(self, batch: tuple[PlannedInsert, ...], planned_ns: int) -> InsertsCall:
        """Render the call that carries a batch of 1 to 25."""
        body, units = self._render(batch, self._texts, self._numbers, self._phases)
        return InsertsCall("BatchWriteItem", (body,), [], rows=batch, planned_ns=planned_ns, units=units)

    def writes(self, batch: tuple[PlannedInsert, ...], start_ns: int) -> list[Write]:
        """Return the single writes of a batch, by the slow path; `start_ns` is the start of the plan."""
        found: list[Write] = []
        for planned in batch:
            write = self._orders.insert(planned)
            write.planned_ns = start_ns + planned[0]
            found.append(write)
        return found


def rows(offsets_ns: Iterator[int], *, seed: int, segment: int = 0, segments: int = 1) -> Iterator[PlannedInsert]:
    """Yield the segment's arrivals, the same as `loadgen.schedule.arrivals` for a plan of inserts only."""
    every = zip(offsets_ns, itertools.count(), words(f"bits/{seed}", "H"), strict=False)
    if segments == 1:
        return every
    return itertools.compress(every, itertools.cycle([lane % segments == segment for lane in range(LANES)]))


def batches(
    source: Iterator[PlannedInsert], size: int, *, wait_ns: int, boundary_ns: int
) -> Iterator[tuple[int, tuple[PlannedInsert, ...]]]:
    """Yield rows in batches of up to `size`, each with its due time in ns after the start.

    A batch is due with its last row if it is full or the last of all, else when
    its first row has waited for `wait_ns`. No batch has rows on both sides of
    `boundary_ns`, or is due beyond it when they are not.
    """
    taken: list[PlannedInsert] = []
    while True:
        taken += itertools.islice(source, size - len(taken))
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
