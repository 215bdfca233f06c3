"""The order workload with single writes, rendered by the compiled module.

The bytes that are written are those of `loadgen.workloads.orders`, which is what runs where nothing is compiled. The
state of an order takes 32 bytes in a ring, instead of a dozen objects that are out of the processor's caches when the
order is written again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple, cast

from loadgen.compiled import native
from loadgen.dynamodb.writes import Write, WriteResult
from loadgen.schedule.arrivals import PlannedOperation
from loadgen.schedule.keys import WINDOW
from loadgen.workloads.orders import Orders, version_texts
from loadgen.workloads.rows import phase_rows, step_rows

_ORDER_BYTES = 32  # native/orders.h
_OPS = tuple(map(sys.intern, ("insert", "update", "delete")))
_TARGETS = ("PutItem", "UpdateItem", "DeleteItem")


class DueWrites(NamedTuple):
    """The writes of the arrivals that are due, as far as there is room for them.

    `following` is the next arrival, None at the end of the plan. `due` counts the arrivals and `substituted` the
    inserts among `writes` that replace a planned write.
    """

    writes: list[Write]
    following: PlannedOperation | None
    due: int
    substituted: int


class CountedWrites(NamedTuple):
    """The numbers of counted writes by operation, their write units, and the writes that were not counted."""

    inserted: int
    updated: int
    deleted: int
    units: int
    others: list[Write]


class CompiledOrders:
    """The writes of `orders`, one by one. Raises: RuntimeError: nothing is compiled.

    `orders` must be used for nothing else, and know no orders of an earlier run. `start_ns` is the start of the plan on
    the monotonic clock. The `subject` of a write is the order's number, -1 for an order that no later write uses; an
    update has its proof only after `add_proof`.
    """

    def __init__(self, orders: Orders, start_ns: int) -> None:
        if native is None:
            raise RuntimeError("nothing is compiled")
        texts, numbers = orders.write_template()
        phases, steps = phase_rows(orders.phases), step_rows(orders.life)
        self.constants = texts, (*numbers, start_ns), phases, steps, Write, orders.table, *_OPS, *_TARGETS
        self.ring = bytearray(0 if orders.only_inserts else _ORDER_BYTES * WINDOW)
        self._render, self._count, self._finish = native.orders, native.acknowledge, native.finish
        self._count_lags = native.lags

    def due(
        self,
        arrivals: Iterator[PlannedOperation],
        following: PlannedOperation | None,
        *,
        until_ns: int,
        limit: int,
        room: int,
    ) -> DueWrites:
        """Render the writes of arrivals that are due before `until_ns` after the start, beginning with `following`.

        At most `limit` arrivals are taken, and at most `room` of their writes are returned; those without room are not
        sent, which is the end of them.
        """
        return DueWrites(*self._render(self.constants, self.ring, arrivals, following, until_ns, limit, room))

    def count_lags(self, writes: list[Write], counts: list[int]) -> list[Write]:
        """Count by µs how long after its planned time each write was sent; return those for which there is no count."""
        return self._count_lags(writes, counts)

    def acknowledge(
        self, writes: list[Write], service: list[int], intended: list[int], *, first_ns: int, end_ns: int
    ) -> CountedWrites:
        """Count and finish the applied writes that were planned from `first_ns` until before `end_ns`.

        `service` and `intended` are the counts of latencies by µs. Writes with a latency that is not among them are not
        counted, and not finished, either.
        """
        return CountedWrites(*self._count(self.constants, self.ring, writes, service, intended, first_ns, end_ns))

    def finish(self, write: Write, result: WriteResult) -> None:
        """Receive the result of a write."""
        if result is WriteResult.NOT_APPLIED:
            version = -1
        else:
            version = write.version if result is WriteResult.APPLIED and write.op != "delete" else 0
        self._finish(self.ring, cast("int", write.subject), version)

    def add_proof(self, write: Write) -> None:
        """Set the proof of an update."""
        if write.op == "update":
            write.proof = version_texts(write.version).proof
