"""The keys with the largest values, in bounded memory."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sandbox.monitoring.contributors import MAX_CONTRIBUTORS, ContributorCounts, LargestKeys

KEYS = st.text("abcdefghijklmnop", min_size=1, max_size=2)


@given(st.lists(st.tuples(KEYS, st.integers(1, 9)), max_size=400), st.integers(1, 40))
def test_a_count_is_too_large_by_at_most_the_total_over_the_counters(
    added: list[tuple[str, int]], counters: int
) -> None:
    """The bounds of Space-Saving: Metwally, Agrawal and El Abbadi, ICDT 2005, lemmas 3 and 4, and theorem 2."""
    exact, keys = Counter[tuple[str, ...]](), LargestKeys(counters)
    for key, value in added:
        exact[(key,)] += value
        keys.add((key,), value)
    counted = dict(keys.items())
    assert len(counted) <= counters
    assert (keys.samples, keys.total) == (len(added), exact.total())
    assert all(exact[key] <= value <= exact[key] + exact.total() / counters for key, value in counted.items())
    assert all(key in counted for key, value in exact.items() if value > exact.total() / counters)


@given(
    st.lists(st.tuples(st.integers(0, 400), KEYS, st.integers(1, 9)), max_size=300),
    st.integers(0, 400),
    st.integers(1, 400),
    st.sampled_from([60, 120, 300]),
)
def test_a_report_adds_up_the_minutes_of_its_range(
    added: list[tuple[int, str, int]], start_s: int, lasts_s: int, period_s: int
) -> None:
    counts = ContributorCounts()
    for at_s, key, value in sorted(added):
        counts.add((key,), value, at_s)
    first, end_s = start_s // 60 * 60, start_s + lasts_s
    inside = [(at_s, key, value) for at_s, key, value in added if first <= at_s // 60 * 60 < end_s]
    expected = Counter[tuple[str, ...]]()
    periods: dict[int, Counter[str]] = {}
    for at_s, key, value in inside:
        expected[(key,)] += value
        minute = at_s // 60 * 60
        periods.setdefault(minute - (minute - first) % period_s, Counter())[key] += value

    report = counts.report(start_s, end_s, period_s, MAX_CONTRIBUTORS, by_maximum=False)
    assert report.total == expected.total()
    if len({key for _, key, _ in added}) <= MAX_CONTRIBUTORS:
        assert {one.key: one.value for one in report.contributors} == expected
        assert [(period.at_s, period.highest) for period in report.periods] == [
            (at_s, max(keys.values())) for at_s, keys in sorted(periods.items())
        ]
        assert [one.value for one in report.contributors] == sorted(expected.values(), reverse=True)


def test_a_report_may_rank_by_the_highest_value_of_a_period() -> None:
    counts = ContributorCounts()
    for at_s, key, value in ((0, "steady", 3), (60, "steady", 3), (60, "burst", 5)):
        counts.add((key,), value, at_s)

    def first(*, by_maximum: bool) -> tuple[str, ...]:
        return counts.report(0, 120, 60, 1, by_maximum=by_maximum).contributors[0].key

    assert first(by_maximum=False) == ("steady",)
    assert first(by_maximum=True) == ("burst",)


def test_only_the_last_three_hours_are_there() -> None:
    counts = ContributorCounts()
    for minute in range(200):
        counts.add((f"key-{minute}",), 1, 60 * minute)
    report = counts.report(0, 60 * 200, 60, MAX_CONTRIBUTORS, by_maximum=False)
    assert len(report.periods) == 180
    assert report.periods[0].at_s == 60 * 20
