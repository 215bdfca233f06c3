from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.metrics.histogram import (
    EXACT_US,
    HIGHEST_US,
    coarse,
    decode,
    from_buckets,
    merge,
    new_buckets,
    percentiles,
)
from loadgen.report.report import latency_report

values = st.integers(min_value=1, max_value=HIGHEST_US)
samples = st.lists(values, min_size=1, max_size=200)


def tally_of(sample: list[int]) -> dict[int, int]:
    buckets = new_buckets()
    for value in sample:
        buckets[coarse(value)] += 1
    return buckets


@given(parts=st.lists(samples, min_size=1, max_size=5))
def test_merged_histograms_equal_one_histogram(parts: list[list[int]]) -> None:
    one = from_buckets(tally_of([value for part in parts for value in part]))
    merged = merge(from_buckets(tally_of(part)).encode().decode() for part in parts)
    assert merged.encode() == one.encode()
    assert merged.get_total_count() == sum(map(len, parts))


@settings(max_examples=40, deadline=None)  # the library's decoder takes long
@given(sample=samples)
def test_the_encoded_form_keeps_every_count(sample: list[int]) -> None:
    report = latency_report(from_buckets(tally_of(sample)))
    decoded = decode(report.histogram)
    assert decoded.get_total_count() == report.count == len(sample)
    for value in sample:
        assert decoded.get_count_at_value(coarse(value)) > 0


@given(value=values)
def test_cutting_a_value_costs_less_than_a_thousandth(value: int) -> None:
    cut = coarse(value)
    assert cut == value if value < EXACT_US else 0 <= value - cut < value / 1000


@given(sample=samples, wanted=st.lists(st.floats(min_value=0.1, max_value=100), min_size=1, max_size=5))
def test_percentiles_of_a_tally_are_values_that_so_many_reach(sample: list[int], wanted: list[float]) -> None:
    wanted.sort()
    buckets = tally_of(sample)
    for percentile, found in zip(wanted, percentiles(buckets, wanted), strict=True):
        at_most = sum(number for value, number in buckets.items() if value <= found)
        below = sum(number for value, number in buckets.items() if value < found)
        assert at_most >= percentile / 100 * len(sample) - 1e-6
        assert below < percentile / 100 * len(sample)
