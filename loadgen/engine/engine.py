"""The open-loop engine: sends each call of the plan when it is due, whatever the replies.

    plan ──► source: what is due? ──► in-flight bound ──► writer
                                       └► dropped          │
           finish ◄── applied / not applied / unknown ◄── reply
                                                   └► throttled, 5xx, reset, ... ──jittered wait──► writer

The source determines what a call carries: `loadgen.engine.planned_writes` for any workload,
`loadgen.engine.batched_inserts` for inserts only. All other state of a run is in this object and its metrics, on one
event loop.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence

from loadgen.dynamodb.answers import proven, read_of, throttle_class, unprocessed
from loadgen.dynamodb.retry import RetryBudget, RetryPolicy
from loadgen.dynamodb.writer import Writer
from loadgen.dynamodb.writes import OK, Call, Outcome, Reply, Write, WriteBatch, WriteResult, batch
from loadgen.engine.source import NEVER, CallSource
from loadgen.ledger import Ledger
from loadgen.metrics.counters import MetricsRow, SegmentMetrics, WriteCounters
from loadgen.schedule.pacing import earliest_ns, timer
from loadgen.schedule.plan import Plan

# A wake-up hands over at most this many calls before replies are handled, and this many writes together: more would be
# out of the processor's caches when they are signed, and again when they are sent.
_BURST = 256
_TOGETHER = 256
# Replies wait for a wake-up that is due within this time: a separate wake-up would cost more than they do. The kernel
# records their arrival times.
_PAUSE_NS = 4_000_000
# The first write of the next second ends a row, or this delay after its end when there is no write.
_ROW_GRACE_NS = 50_000_000
_ROW_CHECK_S = 0.1
_READ_TARGETS = frozenset({"GetItem", "Query"})
_EMPTY_REPLIES = frozenset({b"", b"{}", b'{"UnprocessedItems":{}}'})


class Engine:
    """Carries out one segment of a plan with the calls of a source.

    `keys` are the key attributes by table name, which identify the items of a batch. The engine flushes and closes the
    ledger, which the source writes. `on_row` receives each second's row when the second ends.
    """

    def __init__(
        self,
        plan: Plan,
        source: CallSource,
        writer: Writer,
        metrics: SegmentMetrics,
        *,
        keys: dict[str, tuple[str, ...]],
        policy: RetryPolicy | None = None,
        ledger: Ledger | None = None,
        on_row: Callable[[MetricsRow], None] | None = None,
    ) -> None:
        self._batch = plan.batch
        self._max_in_flight = plan.max_in_flight
        self._source = source
        self._writer = writer
        self._metrics = metrics
        self._keys = keys
        self._policy = policy or RetryPolicy()
        self._budget = RetryBudget(self._policy)
        self._jitter = random.Random()
        self._ledger = ledger
        self._on_row = on_row
        self._in_flight = 0
        self._row_ends_ns = metrics.row_ends_ns
        self._sendings = 0
        self._unarmed = False
        self._failure: str | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = timer(self._fire)
        self._second: asyncio.TimerHandle | None = None
        self._done = self._loop.create_future()

    @property
    def failure(self) -> str | None:
        """Why the run stopped early, in a sentence."""
        return self._failure or self._source.failure or (self._ledger.failure if self._ledger is not None else None)

    @property
    def limit_reached(self) -> bool:
        """Whether the run ended because the write-unit limit was reached."""
        return self._source.limit_reached

    async def run(self) -> None:
        """Carry out the plan and return when every write is finished. Raise the error of a callback of the loop."""
        self._loop.set_exception_handler(self._break)
        self._writer.set_reply_handler(self._on_reply)
        self._source.begin()
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
        """Stop sending and wait for the calls in flight."""
        self._source.stop()
        self._arm()

    def abandon(self) -> None:
        """Stop waiting. The calls in flight may or may not be applied."""
        self._source.stop()
        if not self._done.done():
            self._metrics.abandon()
            self._done.set_result(None)

    def _break(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """End the run by an error in a callback: asyncio would only log it, and the run would never end."""
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception) and not self._done.done():
            self._done.set_exception(error)
        else:
            loop.default_exception_handler(context)

    def _fire(self) -> None:
        """Handle the replies, then hand over every write that is due by now.

        The connections that become free are the first to be used again, while the kernel's part of them is in the
        processor's caches. In the other order, two sets of connections take turns.
        """
        woken_ns, source = time.monotonic_ns(), self._source
        self._writer.poll()
        now_ns = time.monotonic_ns()
        limit = left = _BURST * self._batch
        while left > 0 and (next_ns := source.next_ns) <= now_ns:
            if next_ns >= self._row_ends_ns:
                self._turn(next_ns)
            room = self._max_in_flight - self._in_flight
            left -= source.hand_over(now_ns, min(left, _TOGETHER), room, self._send)
        if source.flush_ns <= now_ns:
            source.flush(self._send)
        self._arm(earliest_ns(woken_ns, (limit - left) // self._batch))

    def _arm(self, not_before_ns: int = 0) -> None:
        """Set the timer for the next due time, or end the run when nothing is left."""
        source = self._source
        self._unarmed = source.next_ns == NEVER
        if not self._unarmed:
            at_ns = max(min(source.next_ns, source.flush_ns), not_before_ns)
            self._timer.set(at_ns)
            self._writer.pause(at_ns - time.monotonic_ns() < _PAUSE_NS)
            return
        self._writer.pause(False)
        source.flush(self._send)
        if not self._in_flight and not self._done.done():
            self._done.set_result(None)

    def _send(self, calls: list[Call], counters: WriteCounters) -> None:
        """Send calls for the first time."""
        self._in_flight += len(calls)
        self._sendings += len(calls)
        counters.requests += len(calls)
        now_ns = time.monotonic_ns()
        for call in calls:
            call.sent_ns = now_ns
        self._writer.send(*calls)

    def _again(self, call: Call) -> bool:
        """Schedule a retry after a wait; return False when attempts or budget are exhausted."""
        if call.attempts >= self._policy.max_attempts or self._done.done() or not self._budget.spend(self._sendings):
            return False
        self._counters(call.carried[0]).retried += 1
        self._loop.call_later(self._policy.wait_s(call.attempts, self._jitter), self._resend, call)
        return True

    def _resend(self, call: Call) -> None:
        if self._done.done():
            return
        self._counters(call.carried[0]).requests += 1
        call.attempts += 1
        call.sent_ns = time.monotonic_ns()
        self._writer.send(call)

    def _on_reply(self, calls: Sequence[Call], reply: Reply) -> None:
        if reply is OK:
            self._source.acknowledge(calls)
            self._finish(len(calls))
            return
        for call in calls:
            if reply.outcome is Outcome.OK:
                self._on_success(call, reply)
            else:
                self._on_failure(call, reply)

    def _on_success(self, call: Call, reply: Reply) -> None:
        """Acknowledge all writes, or the processed ones of a batch, and send the rest again."""
        if call.target in _READ_TARGETS:
            counters = self._counters(call.carried[0])
            items, units = read_of(reply)
            counters.items_read += items
            counters.read_units += units
        if not isinstance(call, WriteBatch) or reply.body in _EMPTY_REPLIES:
            self._source.acknowledge((call,))
            self._finish()
            return
        self._source.expand(call)
        left = unprocessed(reply.body, self._keys)
        rest = [write for write in call.writes if (write.table, write.key) in left]
        call.writes = [write for write in call.writes if (write.table, write.key) not in left]
        if call.writes:
            self._source.acknowledge((call,))
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
        """Retry what may be retried and count the rest as failed, unless the failure proves that it was applied."""
        outcome = reply.outcome
        self._source.expand(call)
        if outcome is Outcome.CONDITION and call.uncertain and proven(call, reply):
            self._source.acknowledge((call,))
            self._finish()
            return
        self._count_error(call, outcome, throttle_class(reply) if outcome is Outcome.THROTTLED else "")
        call.uncertain |= outcome.ambiguous
        if outcome.retryable and self._again(call):
            return
        self._fail(call, outcome)
        if outcome is Outcome.CREDENTIALS:
            self._failure = f"The service did not accept the credentials: {reply.message or reply.code}"
            self.stop()
        self._finish()

    def _count_error(self, call: Call, outcome: Outcome, name: str) -> None:
        counters = self._counters(call.carried[0])
        counters.errors[outcome.label] += 1
        if outcome is Outcome.THROTTLED:
            counters.throttled[name] += 1

    def _fail(self, call: Call, outcome: Outcome) -> None:
        result = WriteResult.UNKNOWN if call.uncertain else WriteResult.NOT_APPLIED
        for write in call.carried:
            self._counters(write).failed[outcome.label] += 1
            self._source.finish(write, result)

    def _counters(self, write: Write) -> WriteCounters:
        return self._metrics.counters(write.planned_ns)[write.op]

    def _finish(self, calls: int = 1) -> None:
        self._in_flight -= calls
        if self._unarmed and self._source.next_ns != NEVER:
            self._arm()  # A user of a closed loop is ready again.
        if not self._in_flight and self._source.next_ns == self._source.flush_ns == NEVER and not self._done.done():
            self._done.set_result(None)

    def _turn(self, now_ns: int) -> None:
        row = self._metrics.turn(now_ns, self._in_flight)
        self._row_ends_ns = self._metrics.row_ends_ns
        if self._on_row is not None:
            self._on_row(row)

    def _turn_rows(self) -> None:
        """End the row after each second, unless a write of the next second has done so."""
        now_ns = time.monotonic_ns()
        if now_ns >= self._row_ends_ns + _ROW_GRACE_NS:
            self._turn(now_ns)
        if self._ledger is not None:
            self._ledger.flush()
            if self._ledger.failure is not None and self._failure is None:
                self._failure = self._ledger.failure
                self.stop()
        self._second = self._loop.call_later(_ROW_CHECK_S, self._turn_rows)
