"""The source of calls for any workload: writes one by one, or collected into batches when they are due."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import cast

from loadgen.dynamodb.writes import Call, Transaction, Write, WriteResult, batch
from loadgen.engine.source import NEVER, Send
from loadgen.ledger import Ledger
from loadgen.metrics.counters import CountersByOp, SegmentMetrics, WriteCounters
from loadgen.metrics.histogram import EXACT_BITS
from loadgen.schedule.arrivals import Arrival
from loadgen.schedule.plan import Plan
from loadgen.workloads.base import Workload
from loadgen.workloads.orders import Orders

_BATCHED = frozenset({"PutItem", "DeleteItem"})
# The number of operations with counters while there are only writes.
_WRITE_OPS = len(CountersByOp())
# Looked up once: an enumeration's member takes a tenth of a microsecond to find.
_APPLIED, _NOT_APPLIED = WriteResult.APPLIED, WriteResult.NOT_APPLIED

Finish = Callable[[Write, WriteResult], None]
"""Reports the result of a write to its workload."""


class PlannedWrites:
    """The writes of a workload; `start_ns` is the start of the plan on the monotonic clock."""

    def __init__(
        self, plan: Plan, workload: Workload, metrics: SegmentMetrics, *, start_ns: int, ledger: Ledger | None = None
    ) -> None:
        self.next_ns = self.flush_ns = NEVER
        self.limit_reached = False
        self._workload = workload
        self._metrics = metrics
        self._start_ns = start_ns
        self._ledger = ledger
        # Then all have the same counters.
        self._alike = isinstance(workload, Orders) and plan.mix.only_writes
        self._batch = plan.batch
        self._batch_wait_ns = round(plan.batch_wait_s * 1e9)
        self._arrivals: Iterator[Arrival] = workload.arrivals(plan.offsets_ns())
        self._next: Arrival | None = None
        self._waiting: list[Write] = []
        self._units = 0
        self._max_units = math.inf if plan.max_write_units is None else plan.max_write_units

    @property
    def failure(self) -> str | None:
        """Why the workload ended before the plan."""
        return self._workload.failure

    def begin(self) -> None:
        """Draw the first write."""
        self._set_next(next(self._arrivals, None))

    def hand_over(self, now_ns: int, limit: int, room: int, send: Send) -> int:
        """Send about `limit` writes that are due and share counters; return the number of writes."""
        arrival, start_ns, metrics, workload = self._next, self._start_ns, self._metrics, self._workload
        planned_ns = self.next_ns
        by_op = metrics.counters(planned_ns)
        self._flush_other(by_op, send)
        until_ns = min(now_ns + 1, metrics.alike_until_ns(planned_ns))
        arrivals, gather, limited, alike = self._arrivals, self._batch > 1, self._max_units < math.inf, self._alike
        counters = by_op.writes
        calls: list[Call] = []
        due = 0
        while arrival is not None and due < limit and (planned_ns := start_ns + arrival.offset_ns) < until_ns:
            write = workload.write(arrival)
            if not alike:
                counters = by_op[arrival.op]
                counters.due += 1
            arrival = next(arrivals, None)
            due += 1
            if write is None:
                counters.dropped += 1
            elif len(calls) >= room:
                counters.dropped += 1
                workload.finish(write, _NOT_APPLIED)
            elif limited and not self._has_units(write):
                # The run ends before the write that would exceed the limit; it counts as never due.
                workload.finish(write, _NOT_APPLIED)
                counters.due -= 1
                self.limit_reached, arrival = True, None
            else:
                write.planned_ns = planned_ns
                if write.substitute:
                    counters.substituted += 1
                if gather:
                    self._gather(write, calls)
                else:
                    calls.append(write)
        if alike:
            counters.due += due
        self._set_next(arrival)
        if calls:
            self._send(calls, by_op, send)
        return due

    def _flush_other(self, by_op: CountersByOp, send: Send) -> None:
        """Send the batch that is not full yet if its writes have other counters."""
        if self._waiting and self._metrics.counters(self._waiting[0].planned_ns) is not by_op:
            self.flush(send)

    def flush(self, send: Send) -> None:
        """Send the batch that is not full yet."""
        if self._waiting:
            writes, self._waiting = self._waiting, []
            self.flush_ns = NEVER
            self._send([batch(writes)], self._metrics.counters(writes[0].planned_ns), send)

    def stop(self) -> None:
        """Stop drawing from the plan."""
        self._arrivals = iter(())
        self._set_next(None)

    def expand(self, call: Call) -> None:
        """Do nothing: every call already has its writes."""

    def acknowledge(self, calls: Sequence[Call]) -> None:
        """Count acknowledged writes, record them in the ledger and finish them."""
        acknowledge(calls, self._metrics, self._workload.finish, self._ledger)

    def finish(self, write: Write, result: WriteResult) -> None:
        """Report a write's result to the workload."""
        self._workload.finish(write, result)

    def _has_units(self, write: Write) -> bool:
        """Whether the limit allows the write, which then uses its units."""
        if self._units + write.units > self._max_units:
            return False
        self._units += write.units
        return True

    def _set_next(self, arrival: Arrival | None) -> None:
        self._next = arrival
        self.next_ns = NEVER if arrival is None else self._start_ns + arrival.offset_ns

    def _gather(self, write: Write, calls: list[Call]) -> None:
        """Add the write's call to `calls`, or the call of the batch that the write completes."""
        if write.target not in _BATCHED:
            calls.append(write)
            return
        if not self._waiting:
            self.flush_ns = write.planned_ns + self._batch_wait_ns
        self._waiting.append(write)
        if len(self._waiting) == self._batch:
            calls.append(batch(self._waiting))
            self._waiting = []
            self.flush_ns = NEVER

    def _send(self, calls: list[Call], by_op: CountersByOp, send: Send) -> None:
        """Send calls and record their lag."""
        if len(by_op) == _WRITE_OPS:
            self._send_alike(calls, by_op.writes, send)
            return
        kinds: defaultdict[int, list[Call]] = defaultdict(list)
        for call in calls:
            kinds[id(by_op[call.carried[0].op])].append(call)
        for alike in kinds.values():
            self._send_alike(alike, by_op[alike[0].carried[0].op], send)

    def _send_alike(self, calls: list[Call], counters: WriteCounters, send: Send) -> None:
        """Send calls that share counters."""
        send(calls, counters)
        lag, whole = counters.latencies.lag, self._batch
        exact = lag.exact
        for call in calls:
            if isinstance(call, Write):
                due_ns, number = call.planned_ns, 1
            else:
                writes = call.carried
                due_ns, number = writes[-1].planned_ns, len(writes)
                if number != 1 and number != whole:
                    # Such a batch was due when its first write had waited long enough, or was the last of the plan.
                    due_ns = min(call.sent_ns, writes[0].planned_ns + self._batch_wait_ns)
            lag_us = (call.sent_ns - due_ns) // 1000
            if lag_us >> EXACT_BITS:
                lag.record(lag_us, number)
            else:
                exact[lag_us] += number


def acknowledge(calls: Sequence[Call], metrics: SegmentMetrics, finish: Finish, ledger: Ledger | None) -> None:
    """Count calls whose writes were all applied, record them in the ledger and finish them."""
    zero_ns, measured, warm_up = metrics.zero_ns, metrics.measured, metrics.warm_up
    counters = measured_writes = measured.writes
    latencies, acked_by_op = counters.latencies, counters.acked_by_op
    service, intended = latencies.service.exact, latencies.intended.exact
    units = 0
    # Then an operation does not matter to the search for its counters, which takes a while.
    alike, earlier = len(measured) == len(warm_up) == _WRITE_OPS, warm_up.writes
    for call in calls:
        # As `carried`; this saves a call for every write.
        writes, answered_ns = (call,) if isinstance(call, Write) else call.carried, call.answered_ns
        first = writes[0]
        if first.planned_ns >= zero_ns:
            found = measured_writes if alike else measured[first.op]
        else:
            found = earlier if alike else warm_up[first.op]
        if found is not counters:
            counters.write_units += units
            counters, units = found, 0
            latencies, acked_by_op = counters.latencies, counters.acked_by_op
            service, intended = latencies.service.exact, latencies.intended.exact
        service_us = (answered_ns - call.sent_ns) // 1000
        if service_us >> EXACT_BITS:
            latencies.service.record(service_us, len(writes))
        else:
            service[service_us] += len(writes)
        if call.target == "TransactWriteItems":
            counters.transacted += sum(len(one.changes) for one in cast("list[Transaction]", writes))
        for write in writes:
            acked_by_op[write.op] += 1
            units += write.units
            intended_us = (answered_ns - write.planned_ns) // 1000
            if intended_us >> EXACT_BITS:
                latencies.intended.record(intended_us)
            else:
                intended[intended_us] += 1
            finish(write, _APPLIED)
            if ledger is not None:
                ledger.acknowledged(write)
    counters.write_units += units
