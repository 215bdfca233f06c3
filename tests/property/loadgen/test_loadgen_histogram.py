import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.metrics.histogram import (
    EXACT_BITS,
    HIGHEST_US,
    Buckets,
    LatencyRecorder,
    coarse,
    decode,
    encode,
    max_us,
    mean_us,
    new_buckets,
    percentiles,
)
from loadgen.report.export import hgrm

RECORDED = json.loads((Path(__file__).parents[2] / "oracle/histograms/recorded.json").read_text())
values = st.integers(min_value=0, max_value=HIGHEST_US)
samples = st.lists(values, min_size=1, max_size=200)


def buckets_of(sample: list[int]) -> Buckets:
    buckets = new_buckets()
    for value in sample:
        buckets[coarse(value)] += 1
    return buckets


@pytest.mark.parametrize("library", RECORDED["said"])
def test_the_encoded_form_says_in_other_languages_what_it_says_here(library: str) -> None:
    for encoded, said in zip(RECORDED["encoded"], RECORDED["said"][library], strict=True):
        buckets = decode(encoded)
        assert percentiles(buckets, RECORDED["percentiles"]) == said["values"]
        assert (sum(buckets.values()), max_us(buckets)) == (said["count"], said["max"])
        assert mean_us(buckets) == pytest.approx(said["mean"], rel=1e-12)
        assert encode(buckets) == encoded


@pytest.mark.parametrize("number", range(len(RECORDED["texts"])))
def test_the_percentile_distribution_is_what_java_writes(number: int) -> None:
    assert hgrm(decode(RECORDED["encoded"][number])) == RECORDED["texts"][number]


@given(
    sample=st.lists(
        st.tuples(values | st.integers(min_value=-5000, max_value=5000), st.integers(min_value=1, max_value=25)),
        max_size=200,
    )
)
def test_a_recorder_counts_each_value_in_its_bucket(sample: list[tuple[int, int]]) -> None:
    recorder, buckets = LatencyRecorder(), new_buckets()
    for value, number in sample:
        recorder.record(value, number)
        buckets[coarse(value)] += number
    assert recorder.buckets() == buckets


@settings(max_examples=40, deadline=None)  # the library's codec takes long
@given(sample=samples)
def test_the_encoded_form_keeps_every_count(sample: list[int]) -> None:
    buckets = buckets_of(sample)
    assert decode(encode(buckets)) == buckets


@given(value=values)
def test_cutting_a_value_costs_less_than_a_thousandth(value: int) -> None:
    cut = coarse(value)
    assert cut == value if not value >> EXACT_BITS else 0 <= value - cut < value / 1000


@given(sample=samples, wanted=st.lists(st.floats(min_value=0.1, max_value=100), min_size=1, max_size=5))
def test_so_many_of_a_hundred_values_are_at_most_the_one_at_a_percentile(
    sample: list[int], wanted: list[float]
) -> None:
    wanted.sort()
    for percentile, found in zip(wanted, percentiles(buckets_of(sample), wanted), strict=True):
        at_most = sum(value <= found for value in sample)
        assert at_most >= percentile / 100 * len(sample) - 1e-6
        below = sum(value < coarse(found) for value in sample)
        assert below < max(1.0, percentile / 100 * len(sample))
