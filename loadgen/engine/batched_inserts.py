"""The source of calls for the workload of inserts only: each batch is rendered, sent and counted as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from loadgen.compiled import native
from loadgen.dynamodb.writes import Call, Write, WriteResult
from loadgen.engine.planned_writes import acknowledge
from loadgen.engine.source import NEVER, Send
from loadgen.ledger import Ledger
from loadgen.metrics.counters import SegmentMetrics, WriteCounters
from loadgen.metrics.histogram import EXACT_BITS
from loadgen.schedule.arrivals import PlannedInsert
from loadgen.schedule.plan import Plan
from loadgen.workloads.inserts import Inserts, InsertsCall
from loadgen.workloads.orders import Orders


class BatchedInserts:
    """New orders in batches. A batch whose call fails is expanded into writes, which take the slow path."""

    failure = None
    limit_reached = False
    flush_ns = NEVER

    def __init__(
        self, plan: Plan, orders: Orders, metrics: SegmentMetrics, *, start_ns: int, ledger: Ledger | None = None
    ) -> None:
        self.next_ns = NEVER
        self._orders = orders
        self._inserts = Inserts(orders)
        self._metrics = metrics
        self._start_ns = start_ns
        self._ledger = ledger
        self._batch = plan.batch
        self._batch_wait_ns = round(plan.batch_wait_s * 1e9)
        self._batches = self._inserts.batches(
            plan.offsets_ns(), plan.batch, wait_ns=self._batch_wait_ns, boundary_ns=metrics.zero_ns - start_ns
        )
        self._next: tuple[PlannedInsert, ...] = ()

    @staticmethod
    def fits(plan: Plan, orders: Orders) -> bool:
        """Return whether this source supports a plan here. A write-unit limit needs a check before each write."""
        return native is not None and plan.batch > 1 and plan.max_write_units is None and orders.only_inserts

    def begin(self) -> None:
        """Draw the first batch."""
        self._advance()

    def hand_over(self, now_ns: int, limit: int, room: int, send: Send) -> int:
        """Send about `limit` writes in batches that are due and share counters; return the number of writes."""
        counters = self._metrics.counters(self.next_ns).writes
        until_ns = min(now_ns + 1, self._metrics.alike_until_ns(self.next_ns))
        calls: list[Call] = []
        due = 0
        while due < limit and self.next_ns < until_ns:
            number = len(self._next)
            due += number
            if len(calls) < room:
                calls.append(self._inserts.call(self._next, self.next_ns))
            else:
                counters.dropped += number
            self._advance()
        counters.due += due
        if calls:
            send(calls, counters)
            self._record_lag(cast("list[InsertsCall]", calls), counters)
        return due

    def flush(self, send: Send) -> None:
        """Return NEVER: each batch is made when it is due, so none waits."""

    def stop(self) -> None:
        """Stop drawing from the plan."""
        self._batches = iter(())
        self._advance()

    def expand(self, call: Call) -> None:
        """Replace a batch's rows with its writes."""
        if isinstance(call, InsertsCall) and call.rows:
            call.writes, call.rows = self._inserts.writes(call.rows, self._start_ns), ()

    def acknowledge(self, calls: Sequence[Call]) -> None:
        """Count acknowledged batches and record their writes in the ledger."""
        for call in calls:
            if isinstance(call, InsertsCall) and call.rows:
                self._acknowledge(call)
            else:
                acknowledge((call,), self._metrics, self._orders.finish, self._ledger)

    def finish(self, write: Write, result: WriteResult) -> None:
        """Report the result of a write that was sent alone to the workload."""
        self._orders.finish(write, result)

    def _advance(self) -> None:
        offset_ns, self._next = next(self._batches, (NEVER, ()))
        self.next_ns = self._start_ns + offset_ns if self._next else NEVER

    def _record_lag(self, calls: Sequence[InsertsCall], counters: WriteCounters) -> None:
        lag, whole = counters.latencies.lag, self._batch
        for call in calls:
            due_ns, number = call.planned_ns, len(call.rows)
            if number != whole and number != 1:
                # Such a batch was due when its first write had waited long enough, or was the last of the plan.
                due_ns = min(call.sent_ns, self._start_ns + call.rows[0][0] + self._batch_wait_ns)
            lag.record((call.sent_ns - due_ns) // 1000, number)

    def _acknowledge(self, call: InsertsCall) -> None:
        counters, rows, answered_ns = self._metrics.counters(call.planned_ns).writes, call.rows, call.answered_ns
        latencies = counters.latencies
        latencies.service.record((answered_ns - call.sent_ns) // 1000, len(rows))
        counters.acked_by_op["insert"] += len(rows)
        counters.write_units += call.units
        since_start_ns, intended = answered_ns - self._start_ns, latencies.intended
        exact = intended.exact
        for row in rows:
            intended_us = (since_start_ns - row[0]) // 1000
            if intended_us >> EXACT_BITS:
                intended.record(intended_us)
            else:
                exact[intended_us] += 1
        if self._ledger is not None:
            for write in self._inserts.writes(rows, self._start_ns):
                self._ledger.acknowledged(write)
