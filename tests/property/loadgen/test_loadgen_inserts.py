"""Inserts in bulk equal single ones: the same arrivals, in the same batches, with the same bytes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.compiled import native
from loadgen.dynamodb.writes import batch
from loadgen.engine.batched_inserts import BatchedInserts
from loadgen.schedule.arrivals import PlannedInsert
from loadgen.schedule.keys import LANES, Uniform
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from loadgen.workloads.inserts import Inserts, batches, rows
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import DAY_S, Pools

EPOCH_NS = 1_767_225_600 * 10**9
DAY_NS = DAY_S * 10**9
compiled = pytest.mark.skipif(native is None, reason="nothing is compiled")

seeds = st.integers(min_value=0, max_value=2**31)
segmentations = st.integers(min_value=1, max_value=LANES).flatmap(
    lambda segments: st.tuples(st.integers(min_value=0, max_value=segments - 1), st.just(segments))
)
# From some within a microsecond to some in a day, so that all borders are met: ms, seconds, phases of the day.
gaps = st.lists(st.integers(min_value=0, max_value=10**9) | st.sampled_from([0, 1, 10**6, DAY_NS // 8]), max_size=120)
# Up to the year 2200.
epochs = st.integers(min_value=0, max_value=7_258_118_400 * 10**9)


def offsets(gaps: list[int]) -> list[int]:
    at, found = 0, list[int]()
    for gap in gaps:
        at += gap
        found.append(at)
    return found


def orders(pools: Pools, **others: Any) -> Orders:
    return Orders(pools, Mix(1, 0, 0), Uniform(), table="orders", whole_items=True, **others)


@settings(max_examples=50, deadline=None)
@given(seed=seeds, part=segmentations, gaps=gaps)
def test_rows_are_what_is_drawn_one_by_one(
    order_pools: Pools, seed: int, part: tuple[int, int], gaps: list[int]
) -> None:
    segment, segments = part
    drawn = orders(order_pools, seed=seed, segment=segment, segments=segments).arrivals(iter(offsets(gaps)))
    assert list(rows(iter(offsets(gaps)), seed=seed, segment=segment, segments=segments)) == [
        (arrival.offset_ns, arrival.number, arrival.bits) for arrival in drawn
    ]


@settings(max_examples=200, deadline=None)
@given(
    gaps=gaps,
    most=st.integers(min_value=1, max_value=25),
    wait_ns=st.integers(min_value=0, max_value=5 * 10**9),
    boundary_ns=st.integers(min_value=0, max_value=20 * 10**9),
)
def test_a_batch_is_as_large_as_it_may_be(gaps: list[int], most: int, wait_ns: int, boundary_ns: int) -> None:
    source: list[PlannedInsert] = [(at_ns, number, 0) for number, at_ns in enumerate(offsets(gaps))]
    made = list(batches(iter(source), most, wait_ns=wait_ns, boundary_ns=boundary_ns))
    assert [row for _, taken in made for row in taken] == source
    following = [*(taken[0][0] for _, taken in made[1:]), None][: len(made)]
    for (due_ns, taken), next_ns in zip(made, following, strict=True):
        first_ns, last_ns = taken[0][0], taken[-1][0]
        assert 1 <= len(taken) <= most
        assert last_ns <= due_ns <= first_ns + wait_ns
        assert (first_ns < boundary_ns) == (due_ns < boundary_ns)
        if len(taken) == most or next_ns is None:
            assert due_ns == last_ns
        else:
            assert next_ns > due_ns, "it would have had room for the next"
            assert due_ns == first_ns + wait_ns or due_ns == boundary_ns - 1


@compiled
@settings(max_examples=50, deadline=None)
@given(
    seed=seeds,
    part=segmentations,
    gaps=gaps,
    most=st.integers(min_value=1, max_value=25),
    epoch_ns=epochs,
    item_bytes=st.sampled_from([0, 0, 200, 900, 1024, 2048, 50_000]),
)
def test_a_batch_in_bulk_has_the_bytes_of_one_by_one(
    order_pools: Pools,
    seed: int,
    part: tuple[int, int],
    gaps: list[int],
    most: int,
    epoch_ns: int,
    item_bytes: int,
) -> None:
    segment, segments = part
    others = {"seed": seed, "segment": segment, "segments": segments, "epoch_ns": epoch_ns, "item_bytes": item_bytes}
    one_by_one = orders(order_pools, **others)
    expected = iter([one_by_one.write(arrival) for arrival in one_by_one.arrivals(iter(offsets(gaps)))])
    inserts = Inserts(orders(order_pools, **others))
    for due_ns, planned in inserts.batches(iter(offsets(gaps)), most, wait_ns=10**9, boundary_ns=0):
        call = inserts.call(planned, due_ns)
        ours = [next(expected) for _ in planned]
        assert call.body == batch(ours).body
        assert call.units == sum(one.units for one in ours)
        for write, (offset_ns, _, _) in zip(ours, planned, strict=True):
            write.planned_ns = EPOCH_NS + offset_ns
        assert inserts.writes(planned, EPOCH_NS) == ours
    assert next(expected, None) is None


@compiled
def test_more_than_four_thousand_million_orders_have_longer_numbers(order_pools: Pools) -> None:
    many: tuple[PlannedInsert, ...] = tuple((0, number, 5) for number in (2**32 - 1, 2**32, 2**40))
    requests = msgspec.json.decode(Inserts(orders(order_pools, seed=1)).call(many, 0).body)["RequestItems"]["orders"]
    ids = [one["PutRequest"]["Item"]["order_id"]["S"] for one in requests]
    assert [text.partition("-")[2] for text in ids] == ["ffffffff", "100000000", "10000000000"]


@compiled
@pytest.mark.parametrize(
    "wrong",
    [
        (),
        ((0, 0, 0),) * 26,
        ((0, 0),),
        ((0, 0, -1),),
        ((-1, 0, 0),),
        (("0", 0, 0),),
        (None,),
        None,
        [(0, 0, 0)],
        ((2**80, 0, 0),),
    ],
)
def test_invalid_rows_are_an_error_and_not_a_crash(order_pools: Pools, wrong: Any) -> None:
    inserts = Inserts(orders(order_pools, seed=1))
    with pytest.raises((TypeError, ValueError, IndexError, OverflowError, SystemError)):
        inserts.call(wrong, 0)


@compiled
@pytest.mark.parametrize(
    ("mix", "batch", "limit", "fits"),
    [
        (Mix(1, 0, 0), 25, None, True),
        (Mix(9, 0, 0), 2, None, True),
        (Mix(1, 0, 0), 1, None, False),
        (Mix(1, 0, 0), 25, 100, False),
        (Mix(), 25, None, False),
        (Mix(1, 1, 0), 25, None, False),
        (Mix(1, 0, 1), 25, None, False),
    ],
)
def test_batches_of_inserts_only_and_without_a_limit_of_units_are_rendered_whole(
    order_pools: Pools, mix: Mix, batch: int, limit: int | None, fits: bool
) -> None:
    plan = Plan(profile=Constant(1.0, 1.0), seed=1, mix=mix, batch=batch, max_write_units=limit)
    source = Orders(order_pools, mix, Uniform(), table="orders", seed=1, whole_items=True)
    assert BatchedInserts.fits(plan, source) is fits
