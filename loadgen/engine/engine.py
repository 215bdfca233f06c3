"""The open-loop engine: sends each write of the plan when it is due, whatever the replies.

    plan ──offsets──► workload.arrivals ─► due? ──► in-flight bound ──► writer
                                                  └► dropped          │
              finish ◄── applied / not applied / unknown ◄── reply ◄──┘
                                                   └► throttled, 5xx, reset, ... ──jittered wait──► writer

All state of a run is in this object and its metrics, on one event loop.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence

from loadgen.dynamodb.answers import proven, unprocessed
from loadgen.dynamodb.retry import RetryBudget, RetryPolicy
from loadgen.dynamodb.writer import Writer
from loadgen.dynamodb.writes import OK, Call, Outcome, Reply, Write, WriteResult, batch, single
from loadgen.ledger import Ledger
from loadgen.metrics.counters import MetricsRow, SegmentMetrics, WriteCounters
from loadgen.metrics.histogram import EXACT_US, coarse
from loadgen.schedule.arrivals import Arrival
from loadgen.schedule.pacing import earliest_ns, timer
from loadgen.schedule.plan import Plan
from loadgen.workloads.base import Workload

# A wake-up hands over at most this many calls before replies get their turn, and so many writes together:
# more would be out of the processor's caches when they are signed, and again when they are sent.
_BURST = 256
_TOGETHER = 256
# Replies wait for the next wake-up if it is as soon as this: a wake-up of their own would cost more than
# they do. When they came is told by the kernel.
_PAUSE_NS = 4_000_000
# A row is turned by the first write of the next second, or so long after its end, when there is none.
_ROW_GRACE_NS = 50_000_000
_ROW_CHECK_S = 0.1
# Looked up once: an enumeration's member takes a tenth of a microsecond to find.
_APPLIED = WriteResult.APPLIED
_EMPTY_REPLIES = frozenset({b"", b"{}", b'{"UnprocessedItems":{}}'})


class Engine:
    """Carries out one segment of a plan.

    `keys` are the table's key attributes, by table name, for telling the items
    of a batch apart. `on_row` gets each second's row when it is over.
    """

    def __init__(
        self,
        plan: Plan,
        workload: Workload,
        writer: Writer,
        metrics: SegmentMetrics,
        *,
        start_ns: int,
        keys: dict[str, tuple[str, ...]],
        policy: RetryPolicy | None = None,
        ledger: Ledger | None = None,
        on_row: Callable[[MetricsRow], None] | None = None,
    ) -> None:
        self._plan = plan
        self._workload = workload
        self._writer = writer
        self._metrics = metrics
        self._start_ns = start_ns
        self._keys = keys
        self._policy = policy or RetryPolicy()
        self._budget = RetryBudget(self._policy)
        self._jitter = random.Random()
        self._ledger = ledger
        self._on_row = on_row
        self._next: Arrival | None = None
        self._in_flight = 0
        self._row_ends_ns = metrics.row_ends_ns
        self._max_in_flight = plan.max_in_flight
        self._batch_wait_ns = round(plan.batch_wait_s * 1e9)
        self._arrivals = self._in_bulk() or workload.arrivals(plan.offsets_ns())
        self._sendings = 0
        self._waiting: list[Write] = []
        self._failure: str | None = None
        self._units = 0
        self._max_units = math.inf if plan.max_write_units is None else plan.max_write_units
        self._braked = False
        self._loop = asyncio.get_running_loop()
        self._timer = timer(self._fire)
        self._second: asyncio.TimerHandle | None = None
        self._done = self._loop.create_future()

    @property
    def failure(self) -> str | None:
        """Why the run was given up, in a sentence."""
        return self._failure or self._workload.failure

    @property
    def braked(self) -> bool:
        """Whether the run ended because it had used the write units that it may."""
        return self._braked

    async def run(self) -> None:
        """Carry out the plan; returns when every write is settled. Raises what a callback of the loop has raised."""
        self._loop.set_exception_handler(self._break)
        self._writer.set_reply_handler(self._on_reply)
        self._next = next(self._arrivals, None)
        self._turn_rows()
        self._arm()
        try:
            await self._done
        finally:
            self._loop.set_exception_handler(None)
            self._timer.close()
            if self._second is not None:
                self._second.cancel()
            self._turn(time.monotonic_ns())
            if self._ledger is not None:
                self._ledger.close()

    def stop(self) -> None:
        """Send no more of the plan; what is in flight is waited for."""
        self._next = None
        self._arm()

    def abandon(self) -> None:
        """Wait for nothing more. What is in flight may or may not be applied."""
        self._next = None
        if not self._done.done():
            self._metrics.abandon()
            self._done.set_result(None)

    def _break(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """End the run by an error in a callback, which would else be told, and the run wait for ever."""
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception) and not self._done.done():
            self._done.set_exception(error)
        else:
            loop.default_exception_handler(context)

    def _in_bulk(self) -> Iterator[Arrival] | None:
        """Draws in bulk, where batches are wanted and the workload has them; a brake counts unit by unit."""
        plan = self._plan
        if plan.batch == 1 or plan.max_write_units is not None:
            return None
        boundary_ns = self._metrics.zero_ns - self._start_ns
        return self._workload.bulks(plan.offsets_ns(), plan.batch, wait_ns=self._batch_wait_ns, boundary_ns=boundary_ns)

    def _fire(self) -> None:
        """Hand over every write that is due by now, and then see what has been answered."""
        now_ns = time.monotonic_ns()
        if self._in_flight + _BURST > self._max_in_flight:
            self._writer.poll()
        most = left = _BURST * self._plan.batch
        while left > 0 and (number := self._hand_over(now_ns, min(left, _TOGETHER))):
            left -= number
        if self._waiting and now_ns >= self._waiting[0].planned_ns + self._batch_wait_ns:
            self._send_batch()
        self._writer.poll()
        self._arm(earliest_ns(now_ns, (most - left) // self._plan.batch))

    def _arm(self, not_before_ns: int = 0) -> None:
        """Set the timer for what is due next; end when there is nothing."""
        if self._next is not None:
            due_ns = self._start_ns + self._next.offset_ns
            if self._waiting:
                due_ns = min(due_ns, self._waiting[0].planned_ns + self._batch_wait_ns)
            at_ns = max(due_ns, not_before_ns)
            self._timer.set(at_ns)
            self._writer.pause(at_ns - time.monotonic_ns() < _PAUSE_NS)
            return
        self._writer.pause(False)
        self._send_batch()
        if not self._in_flight and not self._done.done():
            self._done.set_result(None)

    def _hand_over(self, now_ns: int, most: int) -> int:
        """Hand over writes that are due by now and count alike, about `most`; how many they are."""
        arrival, start_ns, metrics, workload = self._next, self._start_ns, self._metrics, self._workload
        if arrival is None or start_ns + arrival.offset_ns > now_ns:
            return 0
        planned_ns = start_ns + arrival.offset_ns
        if planned_ns >= self._row_ends_ns:
            self._turn(planned_ns)
        counters = metrics.counters(planned_ns)
        if self._waiting and metrics.counters(self._waiting[0].planned_ns) is not counters:
            self._send_batch()
        until_ns = min(now_ns + 1, metrics.alike_until_ns(planned_ns))
        room, gather = self._max_in_flight - self._in_flight, self._plan.batch > 1
        calls: list[Call] = []
        due = 0
        while arrival is not None and due < most and (planned_ns := start_ns + arrival.offset_ns) < until_ns:
            write = workload.write(arrival)
            number = len(arrival.rows) or 1
            arrival = next(self._arrivals, None)
            due += number
            if write is None:
                counters.dropped += 1
            elif len(calls) >= room:
                counters.dropped += number
                workload.finish(write, WriteResult.NOT_APPLIED)
            elif self._units + write.units > self._max_units:
                # The run ends before the write that would go beyond; it counts as never due.
                workload.finish(write, WriteResult.NOT_APPLIED)
                counters.due -= 1
                self._braked, arrival = True, None
            else:
                self._units += write.units
                write.planned_ns = planned_ns
                counters.substituted += write.substitute
                if gather:
                    self._gather(write, calls)
                else:
                    calls.append(single(write))
        self._next = arrival
        counters.due += due
        if calls:
            self._first(calls, counters)
        return due

    def _gather(self, write: Write, calls: list[Call]) -> None:
        """Add the write's call to `calls`, or that of the batch that it fills."""
        if write.target == "UpdateItem" or write.rows:
            calls.append(single(write))
            return
        self._waiting.append(write)
        if len(self._waiting) == self._plan.batch:
            calls.append(batch(self._waiting))
            self._waiting = []

    def _send_batch(self) -> None:
        """Send the batch that is not full yet."""
        if self._waiting:
            writes, self._waiting = self._waiting, []
            self._first([batch(writes)], self._metrics.counters(writes[0].planned_ns))

    def _first(self, calls: list[Call], counters: WriteCounters) -> None:
        """Send calls for the first time, and record how late they left."""
        self._in_flight += len(calls)
        self._sendings += len(calls)
        counters.requests += len(calls)
        now_ns = time.monotonic_ns()
        for call in calls:
            call.sent_ns = now_ns
        self._writer.send(*calls)
        lag, whole = counters.latencies.lag, self._plan.batch
        for call in calls:
            writes = call.writes
            due_ns, rows = writes[-1].planned_ns, writes[0].rows
            number = len(rows) or len(writes)
            if number != whole and number != 1:
                # Such a batch was due when its first write had waited long enough, or was the last of the plan.
                first_ns = self._start_ns + rows[0][0] if rows else writes[0].planned_ns
                due_ns = min(call.sent_ns, first_ns + self._batch_wait_ns)
            lag_us = (call.sent_ns - due_ns) // 1000
            lag[lag_us if lag_us < EXACT_US else coarse(lag_us)] += number

    def _again(self, call: Call) -> bool:
        """Send once more after a wait; False when no attempt is left, or none in the budget."""
        if call.attempts >= self._policy.max_attempts or self._done.done() or not self._budget.spend(self._sendings):
            return False
        self._metrics.counters(call.writes[0].planned_ns).retried += 1
        self._loop.call_later(self._policy.wait_s(call.attempts, self._jitter), self._resend, call)
        return True

    def _resend(self, call: Call) -> None:
        if self._done.done():
            return
        self._metrics.counters(call.writes[0].planned_ns).requests += 1
        call.attempts += 1
        call.sent_ns = time.monotonic_ns()
        self._writer.send(call)

    def _on_reply(self, calls: Sequence[Call], reply: Reply) -> None:
        if reply is OK:
            self._acknowledge(calls)
            self._finish(len(calls))
            return
        for call in calls:
            if reply.outcome is Outcome.OK:
                self._on_success(call, reply)
            else:
                self._on_failure(call, reply)

    def _on_success(self, call: Call, reply: Reply) -> None:
        """Acknowledge all, or of a batch what was processed, and send the rest again."""
        if call.target != "BatchWriteItem" or reply.body in _EMPTY_REPLIES:
            self._acknowledge((call,))
            self._finish()
            return
        if call.writes[0].rows:
            self._expand(call)
        left = unprocessed(reply.body, self._keys)
        rest = [write for write in call.writes if (write.table, write.key) in left]
        call.writes = [write for write in call.writes if (write.table, write.key) not in left]
        if call.writes:
            self._acknowledge((call,))
        if not rest:
            self._finish()
            return
        again = batch(rest)
        again.attempts, again.uncertain = call.attempts, call.uncertain
        for _ in rest:
            self._count_error(again, Outcome.THROTTLED, "UnprocessedItems")
        if not self._again(again):
            self._fail(again, Outcome.THROTTLED)
            self._finish()

    def _on_failure(self, call: Call, reply: Reply) -> None:
        """Send again what may be, and count the rest as failed, unless the failure proves that it was applied."""
        outcome = reply.outcome
        if outcome is Outcome.CONDITION and call.uncertain and proven(call, reply):
            self._acknowledge((call,))
            self._finish()
            return
        if call.writes[0].rows:
            self._expand(call)
        self._count_error(call, outcome, reply.code or outcome.label)
        call.uncertain |= outcome.ambiguous
        if outcome.retryable and self._again(call):
            return
        self._fail(call, outcome)
        if outcome is Outcome.CREDENTIALS:
            self._failure = f"The service did not accept the credentials: {reply.message or reply.code}"
            self.stop()
        self._finish()

    def _expand(self, call: Call) -> None:
        """Let a call in bulk carry its writes one by one."""
        (bulk,) = call.writes
        call.writes = self._workload.expand(bulk)
        for write, row in zip(call.writes, bulk.rows, strict=True):
            write.planned_ns = self._start_ns + row[0]

    def _acknowledge(self, calls: Sequence[Call]) -> None:
        metrics, finish, ledger = self._metrics, self._workload.finish, self._ledger
        zero_ns, measured, warm_up = metrics.zero_ns, metrics.measured, metrics.warm_up
        for call in calls:
            writes, answered_ns = call.writes, call.answered_ns
            first = writes[0]
            counters = measured if first.planned_ns >= zero_ns else warm_up
            latencies, acked_by_op = counters.latencies, counters.acked_by_op
            intended = latencies.intended
            service_us = (answered_ns - call.sent_ns) // 1000
            service_us = service_us if service_us < EXACT_US else coarse(service_us)
            if first.rows:
                latencies.service[service_us] += len(first.rows)
                self._acknowledge_bulk(first, counters, answered_ns)
                continue
            latencies.service[service_us] += len(writes)
            for write in writes:
                acked_by_op[write.op] += 1
                counters.write_units += write.units
                intended_us = (answered_ns - write.planned_ns) // 1000
                intended[intended_us if intended_us < EXACT_US else coarse(intended_us)] += 1
                finish(write, _APPLIED)
                if ledger is not None:
                    ledger.acknowledged(write)

    def _acknowledge_bulk(self, write: Write, counters: WriteCounters, answered_ns: int) -> None:
        counters.acked_by_op[write.op] += len(write.rows)
        counters.write_units += write.units
        since_start_ns, intended = answered_ns - self._start_ns, counters.latencies.intended
        latencies_us = [(since_start_ns - row[0]) // 1000 for row in write.rows]
        if latencies_us[0] >= EXACT_US:
            latencies_us = map(coarse, latencies_us)
        for intended_us in latencies_us:
            intended[intended_us] += 1
        self._workload.finish(write, _APPLIED)
        if self._ledger is not None:
            for one in self._workload.expand(write):
                self._ledger.acknowledged(one)

    def _count_error(self, call: Call, outcome: Outcome, name: str) -> None:
        counters = self._metrics.counters(call.writes[0].planned_ns)
        counters.errors[outcome.label] += 1
        if outcome is Outcome.THROTTLED:
            counters.throttled[name] += 1

    def _fail(self, call: Call, outcome: Outcome) -> None:
        result = WriteResult.UNKNOWN if call.uncertain else WriteResult.NOT_APPLIED
        for write in call.writes:
            self._metrics.counters(write.planned_ns).failed[outcome.label] += 1
            self._workload.finish(write, result)

    def _finish(self, calls: int = 1) -> None:
        self._in_flight -= calls
        if self._next is None and not self._in_flight and not self._waiting and not self._done.done():
            self._done.set_result(None)

    def _turn(self, now_ns: int) -> None:
        row = self._metrics.turn(now_ns, self._in_flight)
        self._row_ends_ns = self._metrics.row_ends_ns
        if self._on_row is not None:
            self._on_row(row)

    def _turn_rows(self) -> None:
        """Turn the row after the end of each second, if no write of the next one has done it."""
        now_ns = time.monotonic_ns()
        if now_ns >= self._row_ends_ns + _ROW_GRACE_NS:
            self._turn(now_ns)
        if self._ledger is not None:
            self._ledger.flush()
        self._second = self._loop.call_later(_ROW_CHECK_S, self._turn_rows)
