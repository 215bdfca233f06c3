"""The open-loop engine: sends each write of the plan when it is due, whatever the replies.

    plan ──offsets──► workload.draws ─► due? ──► in-flight bound ──► writer
                                                  └► dropped          │
              settle ◄── applied / not applied / unknown ◄── reply ◄──┘
                                                   └► throttled, 5xx, reset, ... ──jittered wait──► writer

All state of a run is in this object and its figures, on one event loop.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable

import msgspec
from msgspec import Struct

from loadgen.figures import Figures, Meter, Row
from loadgen.histogram import EXACT_US, coarse
from loadgen.item import Item
from loadgen.ledger import Ledger
from loadgen.pacer import alarm, earliest_ns
from loadgen.plan import Plan
from loadgen.retry import RetryBudget, RetryPolicy
from loadgen.workload import Draw, Workload
from loadgen.writer import Writer
from loadgen.writes import Call, Fate, Outcome, Reply, Write, batch, single

# A wake-up hands over at most this many writes before replies get their turn.
_BURST = 256
# A row is turned by the first write of the next second, or so long after its end, when there is none.
_ROW_GRACE_NS = 50_000_000
_ROW_CHECK_S = 0.1
_EMPTY_BATCH_REPLIES = frozenset({b"", b"{}", b'{"UnprocessedItems":{}}'})


# What a batch's answer has of one request: {"PutRequest": {"Item": {...}}} or {"DeleteRequest": {"Key": {...}}}.
_Request = dict[str, dict[str, Item]]


class _BatchReply(Struct, rename="pascal"):
    unprocessed_items: dict[str, list[_Request]] = {}


class _ConditionReply(Struct, rename="pascal"):
    item: Item = {}


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
        figures: Figures,
        *,
        start_ns: int,
        keys: dict[str, tuple[str, ...]],
        policy: RetryPolicy | None = None,
        ledger: Ledger | None = None,
        on_row: Callable[[Row], None] | None = None,
    ) -> None:
        self._plan = plan
        self._workload = workload
        self._writer = writer
        self._figures = figures
        self._start_ns = start_ns
        self._keys = keys
        self._policy = policy or RetryPolicy()
        self._budget = RetryBudget(self._policy)
        self._jitter = random.Random()
        self._ledger = ledger
        self._on_row = on_row
        self._draws = workload.draws(plan.offsets_ns())
        self._next: Draw | None = None
        self._in_flight = 0
        self._row_ends_ns = figures.row_ends_ns
        self._max_in_flight = plan.max_in_flight
        self._sendings = 0
        self._waiting: list[Write] = []
        self._failure: str | None = None
        self._units = 0
        self._max_units = math.inf if plan.max_write_units is None else plan.max_write_units
        self._braked = False
        self._loop = asyncio.get_running_loop()
        self._alarm = alarm(self._fire)
        self._second: asyncio.TimerHandle | None = None
        self._done = self._loop.create_future()

    @property
    def failure(self) -> str | None:
        """Why the run was given up: the service's message when it does not accept the credentials."""
        return self._failure

    @property
    def braked(self) -> bool:
        """Whether the run ended because it had used the write units that it may."""
        return self._braked

    async def run(self) -> None:
        """Carry out the plan; returns when every write is settled."""
        self._writer.listen(self._on_reply)
        self._next = next(self._draws, None)
        self._turn_rows()
        self._arm()
        try:
            await self._done
        finally:
            self._alarm.close()
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
            self._figures.abandon()
            self._done.set_result(None)

    def _fire(self) -> None:
        """Hand over every write that is due by now."""
        elapsed_ns = time.monotonic_ns() - self._start_ns
        left = _BURST
        while self._next is not None and self._next.offset_ns <= elapsed_ns and left:
            self._emit(self._next)
            self._next = next(self._draws, None)
            left -= 1
        if self._waiting and time.monotonic_ns() - self._waiting[0].planned_ns >= self._plan.batch_wait_s * 1e9:
            self._send_batch()
        self._arm(_BURST - left)

    def _arm(self, writes: int = 0) -> None:
        """Set the alarm for what is due next, after `writes` writes were handed over; end when there is nothing."""
        if self._next is not None:
            due_ns = self._start_ns + self._next.offset_ns
            if self._waiting:
                due_ns = min(due_ns, self._waiting[0].planned_ns + round(self._plan.batch_wait_s * 1e9))
            self._alarm.set(max(due_ns, earliest_ns(time.monotonic_ns(), writes)))
            return
        self._send_batch()
        if not self._in_flight and not self._done.done():
            self._done.set_result(None)

    def _emit(self, draw: Draw) -> None:
        write = self._workload.write(draw)
        planned_ns = self._start_ns + draw.offset_ns
        if planned_ns >= self._row_ends_ns:
            self._turn(planned_ns)
        meter = self._meter(planned_ns)
        meter.due += 1
        if write is None:
            meter.dropped += 1
            return
        write.planned_ns = planned_ns
        if self._in_flight >= self._max_in_flight:
            meter.dropped += 1
            self._workload.settle(write, Fate.NOT_APPLIED)
            return
        self._units += write.units
        if self._units > self._max_units:
            self._brake(write)
            return
        meter.substituted += write.substitute
        now_ns = time.monotonic_ns()
        lag_us = (now_ns - planned_ns) // 1000
        figures = self._figures
        latencies = figures.now if planned_ns >= figures.counted_from_ns else figures.uncounted
        latencies.lag[lag_us if lag_us < EXACT_US else coarse(lag_us)] += 1
        if self._plan.batch == 1 or write.target == "UpdateItem":
            self._first(single(write), meter, now_ns)
            return
        self._waiting.append(write)
        if len(self._waiting) >= self._plan.batch:
            self._send_batch()

    def _brake(self, write: Write) -> None:
        """Stop before the write that would go beyond the write units that are allowed; it counts as never due."""
        self._meter(write.planned_ns).due -= 1
        self._workload.settle(write, Fate.NOT_APPLIED)
        self._braked = True
        self._draws = iter(())

    def _send_batch(self) -> None:
        if self._waiting:
            writes, self._waiting = self._waiting, []
            self._first(batch(writes), self._meter(writes[0].planned_ns), time.monotonic_ns())

    def _first(self, call: Call, meter: Meter, now_ns: int) -> None:
        self._in_flight += 1
        self._sendings += 1
        meter.requests += 1
        call.attempts = 1
        call.sent_ns = now_ns
        self._writer.send(call)

    def _again(self, call: Call) -> bool:
        """Send once more after a wait; False when no attempt is left, or none in the budget."""
        if call.attempts >= self._policy.max_attempts or self._done.done() or not self._budget.spend(self._sendings):
            return False
        self._meter(call.writes[0].planned_ns).retried += 1
        self._loop.call_later(self._policy.wait_s(call.attempts, self._jitter), self._resend, call)
        return True

    def _resend(self, call: Call) -> None:
        if self._done.done():
            return
        self._meter(call.writes[0].planned_ns).requests += 1
        call.attempts += 1
        call.sent_ns = time.monotonic_ns()
        self._writer.send(call)

    def _meter(self, planned_ns: int) -> Meter:
        figures = self._figures
        return figures.measured if planned_ns >= figures.zero_ns else figures.warm_up

    def _on_reply(self, call: Call, reply: Reply) -> None:
        now_ns = time.monotonic_ns()
        outcome = reply.outcome
        if outcome is Outcome.OK:
            if call.target != "BatchWriteItem" or reply.body in _EMPTY_BATCH_REPLIES:
                self._acknowledge(call, call.writes, now_ns)
                self._finish()
            else:
                self._on_batch_reply(call, reply, now_ns)
            return
        if outcome is Outcome.CONDITION and call.uncertain and _proven(call, reply):
            self._acknowledge(call, call.writes, now_ns)
            self._finish()
            return
        self._count_error(call, outcome, reply.code or outcome.label)
        call.uncertain |= outcome.ambiguous
        if outcome.retryable and self._again(call):
            return
        self._fail(call, outcome)
        if outcome is Outcome.CREDENTIALS:
            self._failure = reply.message or reply.code
            self.stop()
        self._finish()

    def _on_batch_reply(self, call: Call, reply: Reply, now_ns: int) -> None:
        """Acknowledge what was processed and send the rest again."""
        answer = msgspec.json.decode(reply.body, type=_BatchReply)
        unprocessed = {
            (table, self._key_of(table, request))
            for table, requests in answer.unprocessed_items.items()
            for request in requests
        }
        rest = [write for write in call.writes if (write.table, write.key) in unprocessed]
        self._acknowledge(call, [write for write in call.writes if (write.table, write.key) not in unprocessed], now_ns)
        if not rest:
            self._finish()
            return
        again = batch(rest)
        again.attempts = call.attempts
        for _ in rest:
            self._count_error(again, Outcome.THROTTLED, "UnprocessedItems")
        if not self._again(again):
            self._fail(again, Outcome.THROTTLED)
            self._finish()

    def _key_of(self, table: str, request: _Request) -> str:
        ((_, content),) = request.items()
        ((_, item),) = content.items()
        return "/".join(str(next(iter(item[name].values()))) for name in self._keys[table])

    def _acknowledge(self, call: Call, writes: list[Write], now_ns: int) -> None:
        figures = self._figures
        latencies = figures.now if call.writes[-1].planned_ns >= figures.counted_from_ns else figures.uncounted
        service_us = (now_ns - call.sent_ns) // 1000
        if service_us >= EXACT_US:
            service_us = coarse(service_us)
        latencies.service[service_us] += len(writes)
        for write in writes:
            planned_ns = write.planned_ns
            meter = figures.measured if planned_ns >= figures.zero_ns else figures.warm_up
            meter.acked_by_op[write.op] += 1
            meter.write_units += write.units
            intended_us = (now_ns - planned_ns) // 1000
            latencies.intended[intended_us if intended_us < EXACT_US else coarse(intended_us)] += 1
            self._workload.settle(write, Fate.APPLIED)
            if self._ledger is not None:
                self._ledger.acknowledged(write)

    def _count_error(self, call: Call, outcome: Outcome, name: str) -> None:
        meter = self._meter(call.writes[0].planned_ns)
        meter.errors[outcome.label] += 1
        if outcome is Outcome.THROTTLED:
            meter.throttled[name] += 1

    def _fail(self, call: Call, outcome: Outcome) -> None:
        fate = Fate.UNKNOWN if call.uncertain else Fate.NOT_APPLIED
        for write in call.writes:
            self._meter(write.planned_ns).failed[outcome.label] += 1
            self._workload.settle(write, fate)

    def _finish(self) -> None:
        self._in_flight -= 1
        if self._next is None and not self._in_flight and not self._waiting and not self._done.done():
            self._done.set_result(None)

    def _turn(self, now_ns: int) -> None:
        row = self._figures.turn(now_ns, self._in_flight)
        self._row_ends_ns = self._figures.row_ends_ns
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


def _proven(call: Call, reply: Reply) -> bool:
    """Whether the item that failed the condition shows that an earlier sending was applied."""
    proof = call.writes[0].proof
    if proof is None or not reply.body:
        return False
    answer = msgspec.json.decode(reply.body, type=_ConditionReply)
    return proof.holds(answer.item)
