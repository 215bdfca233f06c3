"""Writes rendered and counted together equal those of the slow path: the same bytes, counters and later writes."""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.compiled import native
from loadgen.dynamodb.writes import Call, Write, WriteResult
from loadgen.engine.planned_writes import PlannedWrites
from loadgen.engine.single_writes import SingleWrites
from loadgen.engine.source import NEVER, CallSource
from loadgen.metrics.counters import MetricsRow, SegmentMetrics, WriteCounters
from loadgen.schedule.keys import LANES, WINDOW, HotSet, Latest, Uniform, Zipfian
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import NO_PRELOAD, Plan, Preload
from loadgen.schedule.profile import Constant
from loadgen.workloads.compiled_orders import CompiledOrders
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import Pools
from tests.property.loadgen.plans import orders_of

compiled = pytest.mark.skipif(native is None, reason="nothing is compiled")
weights = st.integers(min_value=0, max_value=9)
plans = st.builds(
    Plan,
    mix=st.builds(Mix, insert=st.integers(min_value=1, max_value=9), update=weights, delete=weights),
    seed=st.integers(min_value=0, max_value=2**31),
    profile=st.builds(Constant, st.sampled_from([7.3, 100.0, 1000.0]), st.sampled_from([0.5, 1.0, 3.0])),
    keys=st.sampled_from([Uniform(0.0), Uniform(0.05), Uniform(), Latest(rest_s=0.02), Zipfian(), HotSet(3)]),
    item_bytes=st.sampled_from([0, 0, 900, 2048, 50_000]),
    preload=st.sampled_from([NO_PRELOAD, Preload(1, 0.5), Preload(40, 20.0)]),
    warm_up_s=st.sampled_from([0.0, 0.3]),
    segments=st.sampled_from([1, 1, 3, LANES]),
)


class Ledger:
    """Keeps what it receives."""

    failure = None

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, int, str]] = []

    def acknowledged(self, write: Write) -> None:
        self.lines.append((write.key, write.op, write.version, write.table))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class Run:
    """A source whose calls are kept, with the clock and the replies in the hands of a test."""

    def __init__(self, kind: Any, pools: Pools, plan: Plan, start_ns: int) -> None:
        self.metrics = SegmentMetrics(start_ns, plan.before_s)
        self.ledger = Ledger()
        self.source: CallSource = kind(
            plan, orders_of(plan, pools), self.metrics, start_ns=start_ns, ledger=self.ledger
        )
        self.source.begin()
        self.now_ns = start_ns
        self.in_flight: list[Call] = []
        self.sent: list[tuple[object, ...]] = []
        self.rows: list[MetricsRow] = []

    def send(self, calls: list[Call], counters: WriteCounters) -> None:
        counters.requests += len(calls)
        for call in calls:
            call.sent_ns = self.now_ns
            write = cast("Write", call)
            known = write.op, write.table, write.key, write.version, write.units, write.substitute, write.planned_ns
            self.sent.append((write.target, write.body, *known))
        self.in_flight += calls

    def hand_over(self, limit: int, room: int) -> None:
        if self.source.next_ns <= self.now_ns:
            if self.source.next_ns >= self.metrics.row_ends_ns:
                self.rows.append(self.metrics.turn(self.source.next_ns, 0))
            assert self.source.hand_over(self.now_ns, limit, room, self.send) >= 1

    def acknowledge(self, places: list[int], answered_ns: int) -> None:
        calls = [self.in_flight[place] for place in places]
        for call in calls:
            call.answered_ns = answered_ns
        if calls:
            self.source.acknowledge(calls)
        self.in_flight = [call for place, call in enumerate(self.in_flight) if place not in places]

    def fail(self, place: int, result: WriteResult) -> object:
        call = self.in_flight.pop(place)
        self.source.expand(call)
        (write,) = call.carried
        self.source.finish(write, result)
        return write.proof

    def counted(self) -> object:
        """Everything that the source has counted."""
        return self.rows, [
            (by_op.writes.counts(), by_op.writes.latencies.recorded())
            for by_op in (self.metrics.measured, self.metrics.warm_up)
        ]


def parts(data: st.DataObject, number: int) -> list[int]:
    """Some of the first numbers, in any order."""
    return data.draw(st.lists(st.integers(min_value=0, max_value=number - 1), unique=True)) if number else []


@compiled
@settings(max_examples=100, deadline=None)
@given(plan=plans, data=st.data(), start_ns=st.sampled_from([0, 10**15]))
def test_the_same_writes_and_counters_whatever_the_replies(
    order_pools: Pools, plan: Plan, data: st.DataObject, start_ns: int
) -> None:
    plan = msgspec.structs.replace(plan, segment=data.draw(st.integers(min_value=0, max_value=plan.segments - 1)))
    assert SingleWrites.fits(plan)
    runs = Run(PlannedWrites, order_pools, plan, start_ns), Run(SingleWrites, order_pools, plan, start_ns)
    slow, quick = runs
    steps = 0
    while slow.source.next_ns != NEVER and steps < 60:
        steps += 1
        # Sometimes on time, sometimes late, so that one hand-over has from one to all arrivals.
        late_ns = data.draw(st.sampled_from([0, 500_000, 10_000_000, 200_000_000, 3_000_000_000]))
        limit = data.draw(st.sampled_from([1, 7, 256]))
        room = data.draw(st.sampled_from([0, 1, 5, 1000]))
        acknowledged = None
        for run in runs:
            run.now_ns = max(run.now_ns, run.source.next_ns) + late_ns
            run.hand_over(limit, room)
        assert quick.sent == slow.sent
        acknowledged = parts(data, len(slow.in_flight))
        # Before it was sent, by clocks that differ; at once; and after more than the counts by µs have.
        answered_ns = slow.now_ns + data.draw(st.sampled_from([-5000, 0, 999, 1_000_000, 2_047_999, 2_048_000, 10**10]))
        for run in runs:
            run.acknowledge(acknowledged, answered_ns)
        if slow.in_flight and data.draw(st.booleans()):
            place = data.draw(st.integers(min_value=0, max_value=len(slow.in_flight) - 1))
            result = data.draw(st.sampled_from([WriteResult.APPLIED, WriteResult.NOT_APPLIED, WriteResult.UNKNOWN]))
            assert quick.fail(place, result) == slow.fail(place, result)
        assert quick.counted() == slow.counted()
        assert quick.source.next_ns == slow.source.next_ns
        assert quick.ledger.lines == slow.ledger.lines
    for run in runs:
        run.source.stop()
        assert run.source.next_ns == NEVER


@compiled
@pytest.mark.parametrize("keys", [Uniform(0.0), HotSet(rest_s=0.0)])
def test_the_same_writes_when_the_ring_of_orders_turns(order_pools: Pools, keys: Any) -> None:
    profile = Constant(100_000.0, (WINDOW + 9000) / 80_000)
    plan = Plan(profile=profile, seed=3, mix=Mix(8, 1, 1), keys=keys, max_in_flight=10**9)
    runs = Run(PlannedWrites, order_pools, plan, 0), Run(SingleWrites, order_pools, plan, 0)
    while runs[0].source.next_ns != NEVER:
        for run in runs:
            run.now_ns = run.source.next_ns + 5_000_000
            run.hand_over(256, 1000)
            # Half of the writes are never answered.
            run.acknowledge(list(range(0, len(run.in_flight), 2)), run.now_ns)
            run.in_flight = []
        assert runs[1].sent == runs[0].sent
        for run in runs:
            run.sent.clear()
    assert runs[1].counted() == runs[0].counted()


@compiled
@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"mix": Mix(1, 0, 0)}, True),
        ({"mix": Mix(get=1)}, False),
        ({"mix": Mix(transact=1)}, False),
        ({"batch": 2}, False),
        ({"users": 3}, False),
        ({"earlier": 3}, False),
        ({"max_write_units": 3}, False),
    ],
)
def test_single_writes_without_a_limit_of_units_are_rendered_together(changes: dict[str, Any], fits: bool) -> None:
    assert SingleWrites.fits(Plan(profile=Constant(1.0, 1.0), seed=1, **changes)) is fits


def arguments(orders: Orders) -> list[Any]:
    """Valid arguments of `native.orders`."""
    made = CompiledOrders(orders, 0)
    arrivals: Iterator[Any] = iter([(1, 2, "insert", 1, 9)])
    return [made.constants, bytearray(3200), arrivals, (0, 1, "insert", 0, 5), 10, 10, 10]


@compiled
@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, ()),
        (0, None),
        (1, b"not writable"),
        (1, None),
        (2, [(1, 2, "insert", 1, 9)]),
        (2, iter([None])),
        (2, iter([(1, 2, "insert")])),
        (2, iter([(1, 2, "upsert", 1, 9)])),
        (2, iter([(1, 2, "insert", -1, 9)])),
        (2, iter([(-1, 2, "insert", 1, 9)])),
        (2, iter([(1, -2, "insert", 1, 9)])),
        (2, iter([(1, 2, "insert", 1, -9)])),
        (2, iter([(1, 2**80, "insert", 1, 9)])),
        (2, map(int, ["x"])),
        (4, "10"),
        (5, None),
        (6, 2**80),
    ],
)
def test_invalid_arguments_are_an_error_and_not_a_crash(order_pools: Pools, place: int, wrong: Any) -> None:
    assert native
    given = arguments(Orders(order_pools, Mix(), Uniform(), table="orders", seed=1))
    assert [write.key[-1] for write in native.orders(*given)[0]] == ["0", "1"]
    given = arguments(Orders(order_pools, Mix(), Uniform(), table="orders", seed=1))
    given[place] = wrong
    with pytest.raises((TypeError, ValueError, IndexError, OverflowError, SystemError, BufferError)):
        native.orders(*given)
