"""The engine with a writer whose replies the test controls."""

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from loadgen import compiled
from loadgen.dynamodb.writer import OnReply
from loadgen.dynamodb.writes import OK, Call, Outcome, Reply, Write, WriteResult
from loadgen.engine import batched_inserts
from loadgen.engine.engine import Engine
from loadgen.engine.planned_writes import PlannedWrites
from loadgen.engine.segment import call_source
from loadgen.engine.single_writes import SingleWrites
from loadgen.metrics.counters import MetricsRow, SegmentMetrics
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from loadgen.workloads.inserts import InsertsCall
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import Pools


class Held:
    """A writer that keeps the calls of each sending, and answers them in the loop's next turn unless `silent`."""

    def __init__(self, *, silent: bool = False) -> None:
        self.sendings: list[tuple[Call, ...]] = []
        self.sent = asyncio.Event()
        self._silent = silent
        self._on_reply: OnReply | None = None

    async def open(self, warm: int) -> None:
        """Nothing to get ready."""

    def set_reply_handler(self, on_reply: OnReply) -> None:
        self._on_reply = on_reply

    async def ask(self, operation: str, parameters: dict[str, object]) -> Reply:
        raise NotImplementedError(operation, parameters)

    def send(self, *calls: Call) -> None:
        self.sendings.append(calls)
        self.sent.set()
        if not self._silent:
            asyncio.get_running_loop().call_soon(self.answer, calls)

    def answer(self, calls: tuple[Call, ...]) -> None:
        assert self._on_reply is not None
        for call in calls:
            call.answered_ns = time.monotonic_ns()
        self._on_reply(calls, self.reply(calls))

    def reply(self, calls: tuple[Call, ...]) -> Reply:
        return OK

    def poll(self) -> None:
        """Every reply has been handed over."""

    def pause(self, paused: bool) -> None:
        """Replies are handed over as they come."""

    async def close(self) -> None:
        """Nothing to close."""


def engine(
    plan: Plan, pools: Pools, writer: Held, start_ns: int, on_row: Callable[[MetricsRow], None] | None = None
) -> tuple[Engine, SegmentMetrics]:
    orders = Orders(
        pools,
        plan.mix,
        plan.keys,
        table="orders",
        seed=plan.seed,
        whole_items=plan.batch > 1,
        item_bytes=plan.item_bytes,
        segment=plan.segment,
        segments=plan.segments,
    )
    metrics = SegmentMetrics(start_ns, plan.warm_up_s, closed=plan.users > 0)
    keys = {"orders": ("order_id",)}
    source = call_source(plan, orders, metrics, start_ns=start_ns)
    return Engine(plan, source, writer, metrics, keys=keys, on_row=on_row), metrics


async def test_what_is_due_together_is_sent_together(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(1000.0, 0.1), seed=1)
    writer = Held()
    run, metrics = engine(plan, order_pools, writer, time.monotonic_ns() - 10**9)
    await run.run()
    assert [len(calls) for calls in writer.sendings] == [100]
    assert metrics.measured.counts().acked == 100


async def test_a_burst_has_no_more_writes_than_may_be_in_flight(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(1000.0, 0.1), seed=1, max_in_flight=30)
    writer = Held(silent=True)
    run, metrics = engine(plan, order_pools, writer, time.monotonic_ns() - 10**9)
    running = asyncio.create_task(run.run())
    await writer.sent.wait()
    writer.answer(writer.sendings[0])
    await running
    counts = metrics.measured.counts()
    assert (counts.due, counts.sent, counts.dropped, counts.acked) == (100, 30, 70, 30)


async def test_the_run_ends_before_the_write_units_that_it_may_use_are_exceeded(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(1000.0, 0.1), seed=1, mix=Mix(1, 0, 0), item_bytes=2000, max_write_units=21)
    writer = Held()
    run, metrics = engine(plan, order_pools, writer, time.monotonic_ns() - 10**9)
    await run.run()
    counts = metrics.measured.counts()
    assert run.limit_reached
    assert (counts.due, counts.acked, counts.write_units) == (10, 10, 20)


async def test_late_writes_of_the_warm_up_are_in_no_row_of_the_measured_time(order_pools: Pools) -> None:
    """All are sent at once after the end, in one turn of the loop, and yet each counts where it was planned."""
    rows: list[MetricsRow] = []
    for size in (1, 25):
        rows.clear()
        plan = Plan(profile=Constant(110.0, 1.0), seed=1, mix=Mix(1, 0, 0), warm_up_s=1.0, batch=size)
        writer = Held()
        run, metrics = engine(plan, order_pools, writer, time.monotonic_ns() - 3 * 10**9, rows.append)
        await run.run()
        assert (metrics.warm_up.counts().acked, metrics.measured.counts().acked) == (110, 110)
        measured = [row for row in rows if row.second >= 0]
        for name in ("lag", "service", "intended"):
            assert sum(sum(getattr(row.latencies, name).values()) for row in measured) == 110


@pytest.mark.parametrize(("rate", "wait_s"), [(1000.0, 0.02), (100.0, 0.05), (333.0, 0.0)])
async def test_inserts_in_bulk_come_to_the_same_as_one_by_one(
    order_pools: Pools, rate: float, wait_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(
        profile=Constant(rate, 1.5),
        seed=1,
        mix=Mix(1, 0, 0),
        warm_up_s=0.33,
        batch=25,
        batch_wait_s=wait_s,
    )
    counts: list[object] = []
    written: list[set[bytes]] = []
    for in_bulk in (True, False):
        if not in_bulk:
            monkeypatch.setattr(batched_inserts, "native", None)
        writer = Held()
        rows: list[MetricsRow] = []
        run, metrics = engine(plan, order_pools, writer, time.monotonic_ns() - 10 * 10**9, rows.append)
        await run.run()
        calls = [call for calls in writer.sendings for call in calls]
        assert any(isinstance(call, InsertsCall) for call in calls) == (in_bulk and compiled.native is not None)
        written.append({msgspec.json.encode(item) for call in calls for item in items_of(call)})
        latencies = [sum(getattr(row.latencies, name).values()) for row in rows for name in ("lag", "intended")]
        together = metrics.measured.counts(), metrics.warm_up.counts()
        # All is due at once: one by one fills batches from it, in bulk they are as they would have been in time.
        for count in together:
            count.requests = 0
        counts.append((*together, sum(latencies)))
    assert written[0] == written[1]
    assert counts[0] == counts[1]


def items_of(call: Call) -> list[object]:
    return msgspec.json.decode(call.body)["RequestItems"]["orders"]


async def test_what_is_in_bulk_and_beyond_the_bound_is_dropped_a_batch_at_a_time(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(1000.0, 0.1), seed=1, mix=Mix(1, 0, 0), batch=25, batch_wait_s=0.1, max_in_flight=3)
    writer = Held(silent=True)
    run, metrics = engine(plan, order_pools, writer, time.monotonic_ns() - 10**9)
    running = asyncio.create_task(run.run())
    await writer.sent.wait()
    writer.answer(writer.sendings[0])
    await running
    counts = metrics.measured.counts()
    assert (counts.due, counts.sent, counts.dropped, counts.acked, counts.requests) == (100, 75, 25, 75, 3)


async def test_the_rest_of_a_bulk_counts_as_abandoned_when_a_run_is_aborted(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(1000.0, 0.1), seed=1, mix=Mix(1, 0, 0), batch=25, batch_wait_s=0.1)
    writer = Held(silent=True)
    run, metrics = engine(plan, order_pools, writer, time.monotonic_ns() - 10**9)
    running = asyncio.create_task(run.run())
    await writer.sent.wait()
    writer.answer(writer.sendings[0][:1])
    run.stop()
    run.abandon()
    await running
    counts = metrics.measured.counts()
    assert (counts.sent, counts.acked, counts.failed) == (100, 25, {"abandoned": 75})


async def test_a_batch_is_late_only_when_it_waits_longer_than_it_may(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(20.0, 0.2), seed=1, mix=Mix(1, 0, 0), batch=25, batch_wait_s=60.0)
    writer = Held()
    rows: list[MetricsRow] = []
    run, _ = engine(plan, order_pools, writer, time.monotonic_ns(), rows.append)
    await run.run()
    assert [len(items_of(call)) for (call,) in writer.sendings] == [4]
    assert {late for row in rows for late in row.latencies.lag} == {0}


async def test_what_a_lost_reply_leaves_open_stays_open_for_what_is_left_of_a_batch(
    order_pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Faulty(Held):
        def reply(self, calls: tuple[Call, ...]) -> Reply:
            match len(self.sendings):
                case 1:
                    return Reply(Outcome.TIMEOUT)
                case 2:
                    left = {"orders": [items_of(calls[0])[1]]}
                    return Reply(Outcome.OK, body=msgspec.json.encode({"UnprocessedItems": left}))
                case _:
                    return Reply(Outcome.INVALID)

    results: list[WriteResult] = []

    def finish(_orders: Orders, _write: Write, result: WriteResult) -> None:
        results.append(result)

    monkeypatch.setattr(Orders, "finish", finish)
    plan = Plan(profile=Constant(1000.0, 0.002), seed=1, mix=Mix(1, 0, 0), batch=2)
    writer = Faulty()
    run, _ = engine(plan, order_pools, writer, time.monotonic_ns())
    await run.run()
    assert [len(items_of(call)) for (call,) in writer.sendings] == [2, 2, 1]
    assert results == [WriteResult.APPLIED, WriteResult.UNKNOWN]


async def test_an_error_while_sending_ends_the_run(order_pools: Pools) -> None:
    class Broken(Held):
        def send(self, *calls: Call) -> None:
            raise ZeroDivisionError

    run, _ = engine(Plan(profile=Constant(1000.0, 0.1), seed=1), order_pools, Broken(), time.monotonic_ns())
    with pytest.raises(ZeroDivisionError):
        await run.run()


async def test_an_error_while_a_reply_is_handled_ends_the_run(
    order_pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acknowledge(*_: object) -> None:
        raise ZeroDivisionError

    for source in (PlannedWrites, SingleWrites):
        monkeypatch.setattr(source, "acknowledge", acknowledge)
    run, _ = engine(Plan(profile=Constant(1000.0, 0.1), seed=1), order_pools, Held(), time.monotonic_ns())
    with pytest.raises(ZeroDivisionError):
        await run.run()


@pytest.mark.parametrize(("users", "segments"), [(1, 1), (7, 1), (7, 3)])
async def test_a_closed_loop_has_one_operation_of_each_user_in_flight(
    order_pools: Pools, users: int, segments: int
) -> None:
    """By its count it ends, and its segments together have all users."""
    acked = begun = 0
    for segment in range(segments):
        plan = Plan(
            profile=Constant(0.0, 3600.0),
            seed=1,
            mix=Mix(insert=5, update=3, delete=1),
            limit=200,
            users=users,
            max_in_flight=users,
            segment=segment,
            segments=segments,
        )
        writer = Held()
        run, metrics = engine(plan, order_pools, writer, time.monotonic_ns())
        await run.run()
        counts = metrics.measured.counts()
        assert counts.due == counts.acked
        acked += counts.acked
        begun += len(writer.sendings[0])
    assert acked == 200
    assert begun == users, "all begin at once"


async def test_a_closed_loop_waits_for_replies_and_has_no_intended_latency(order_pools: Pools) -> None:
    rows: list[MetricsRow] = []
    plan = Plan(profile=Constant(0.0, 3600.0), seed=1, users=3, limit=9, max_in_flight=3)
    writer = Held(silent=True)
    run, metrics = engine(plan, order_pools, writer, time.monotonic_ns(), rows.append)
    running = asyncio.create_task(run.run())
    answered: set[int] = set()
    for begun in (3, 6, 9):
        while (sent := sum(map(len, writer.sendings))) < begun:
            writer.sent.clear()
            await writer.sent.wait()
        assert sent == begun, "no user goes on without a reply"
        for number, calls in enumerate(writer.sendings):
            if number not in answered:
                answered.add(number)
                writer.answer(calls)
    await running
    assert metrics.measured.counts().acked == 9
    assert sum(sum(row.latencies.service.values()) for row in rows) == 9
    assert not any(row.latencies.intended for row in rows)


async def test_a_user_thinks_after_a_reply(order_pools: Pools) -> None:
    plan = Plan(profile=Constant(0.0, 3600.0), seed=1, users=1, think_s=0.02, limit=4, max_in_flight=1)
    writer = Held()
    run, _ = engine(plan, order_pools, writer, time.monotonic_ns())
    await run.run()
    calls = [call for calls in writer.sendings for call in calls]
    assert len(calls) == 4
    for before, after in pairwise(calls):
        assert after.sent_ns - before.answered_ns >= 20_000_000
