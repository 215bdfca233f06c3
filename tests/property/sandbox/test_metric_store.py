"""Points that are packed, because they are not new, answer as those that are not, and take more samples."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.monitoring.recorder import Published, metric
from sandbox.monitoring.statistics import MAX_DISTINCT, StatisticSet, statistic_set, unpacked
from sandbox.monitoring.store import MetricStore

REGION, M, NOW_S = "eu-west-1", metric("N", "m"), 1_800_000_000
numbers = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-5, 5).map(float)
sets = st.dictionaries(numbers, st.integers(1, 9).map(float), min_size=1, max_size=MAX_DISTINCT + 10).map(statistic_set)
samples = st.lists(st.tuples(st.integers(0, 30), sets), max_size=12)


@given(one=sets, known=st.booleans())
def test_a_packed_set_is_the_same_set(one: StatisticSet, known: bool) -> None:
    given_ = one if known else StatisticSet(one.count, one.sum, one.minimum, one.maximum)
    assert unpacked(given_.packed()) == given_


@given(first=samples, then=samples)
def test_packing_changes_no_answer(first: list[tuple[int, StatisticSet]], then: list[tuple[int, StatisticSet]]) -> None:
    stores = [MetricStore(lambda: NOW_S), MetricStore(lambda: NOW_S)]
    for store in stores:
        for part in (first, then):
            store.add([Published(REGION, M, "Count", one, NOW_S + minute * 60) for minute, one in part])
            if store is stores[0]:
                store.thin_out(NOW_S + 3600)
    packed, plain = ([*store.periods(REGION, M, NOW_S, NOW_S + 3600, 120).items()] for store in stores)
    assert packed == plain
    assert [one.last_s for one in stores[0].metrics(REGION)] == [one.last_s for one in stores[1].metrics(REGION)]
