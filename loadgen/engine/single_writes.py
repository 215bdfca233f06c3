"""The source of calls for single writes of orders: those that are due together are rendered and counted together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from loadgen.compiled import native
from loadgen.dynamodb.writes import Call, Write, WriteResult
from loadgen.engine.planned_writes import acknowledge
from loadgen.engine.source import NEVER, Send
from loadgen.ledger import Ledger
from loadgen.metrics.counters import SegmentMetrics
from loadgen.schedule.arrivals import PlannedOperation
from loadgen.schedule.plan import Plan
from loadgen.workloads.compiled_orders import CompiledOrders
from loadgen.workloads.orders import Orders


class SingleWrites:
    """The writes of the order workload, one in each call. Raises: RuntimeError: nothing is compiled."""

    failure = None
    limit_reached = False
    flush_ns = NEVER

    def __init__(
        self, plan: Plan, orders: Orders, metrics: SegmentMetrics, *, start_ns: int, ledger: Ledger | None = None
    ) -> None:
        self.next_ns = NEVER
        self._orders = CompiledOrders(orders, start_ns)
        self._metrics = metrics
        self._start_ns = start_ns
        self._ledger = ledger
        self._arrivals: Iterator[PlannedOperation] = orders.operations(plan.offsets_ns())
        self._following: PlannedOperation | None = None

    @staticmethod
    def fits(plan: Plan) -> bool:
        """Return whether this source supports a plan here. A write-unit limit needs a check before each write."""
        return (
            native is not None
            and plan.batch == 1
            and plan.earlier == plan.users == 0
            and plan.max_write_units is None
            and plan.mix.only_writes
        )

    def begin(self) -> None:
        """Draw the first write."""
        self._set_following(next(self._arrivals, None))

    def hand_over(self, now_ns: int, limit: int, room: int, send: Send) -> int:
        """Send about `limit` writes that are due and share counters; return the number of writes."""
        metrics, start_ns = self._metrics, self._start_ns
        counters = metrics.counters(self.next_ns).writes
        until_ns = min(now_ns + 1, metrics.alike_until_ns(self.next_ns)) - start_ns
        writes, following, due, substituted = self._orders.due(
            self._arrivals, self._following, until_ns=until_ns, limit=limit, room=room
        )
        self._set_following(following)
        counters.due += due
        counters.dropped += due - len(writes)
        counters.substituted += substituted
        if writes:
            send(cast("list[Call]", writes), counters)
            lag = counters.latencies.lag
            for write in self._orders.count_lags(writes, lag.exact):
                lag.record((write.sent_ns - write.planned_ns) // 1000)
        return due

    def flush(self, send: Send) -> None:
        """Do nothing: each write is sent when it is due."""

    def stop(self) -> None:
        """Stop drawing from the plan."""
        self._arrivals = iter(())
        self._set_following(None)

    def expand(self, call: Call) -> None:
        """Add what the slow path needs of a write."""
        self._orders.add_proof(cast("Write", call))

    def acknowledge(self, calls: Sequence[Call]) -> None:
        """Count acknowledged writes and record them in the ledger."""
        writes, metrics = cast("list[Write]", list(calls)), self._metrics
        measured = writes[0].planned_ns >= metrics.zero_ns
        counters = (metrics.measured if measured else metrics.warm_up).writes
        first_ns, end_ns = (metrics.zero_ns, NEVER) if measured else (-NEVER, metrics.zero_ns)
        exact = counters.latencies.service.exact, counters.latencies.intended.exact
        counted = self._orders.acknowledge(writes, *exact, first_ns=first_ns, end_ns=end_ns)
        by_op = counters.acked_by_op
        by_op["insert"] += counted.inserted
        by_op["update"] += counted.updated
        by_op["delete"] += counted.deleted
        counters.write_units += counted.units
        if self._ledger is not None:
            for write in writes:
                self._ledger.acknowledged(write)
        if counted.others:
            acknowledge(counted.others, metrics, self._orders.finish, None)

    def finish(self, write: Write, result: WriteResult) -> None:
        """Report the result of a write that was not applied, or may not have been."""
        self._orders.finish(write, result)

    def _set_following(self, following: PlannedOperation | None) -> None:
        self._following = following
        if following is None:
            self.next_ns = NEVER
        else:
            _, offset_ns, *_ = following
            self.next_ns = self._start_ns + offset_ns
