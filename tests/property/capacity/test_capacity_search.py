"""The search finds the lowest limit of all stages, and the diagnosis names that stage."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.flow import Passages, flow
from capacity.report import taken
from capacity.search import search
from tests.property.capacity.simulated_pipeline import SimulatedPipeline, SimulatedStep, buffered, served

PRECISION = 0.1
limits = st.floats(60, 9_000)
stages = pytest.mark.parametrize("stage", ["table", "partition", "stream", "pipe", "transform", "delivery"])


def limited(stage: str, limit: float) -> SimulatedPipeline:
    """Return a pipeline in which one stage has `limit` changes per second, and all others three times as many."""
    found = SimulatedPipeline(
        table=3 * limit,
        partition=1.6 * limit,
        shard=3 * limit,
        # No shard comes near the 1,000 records of a real one.
        shards=math.ceil(limit / 200),
        pipe=3 * limit,
        transform=3 * limit,
        delivery=3 * limit,
    )
    match stage:
        case "partition":
            return found._replace(partition=limit * found.hot_share)
        case "stream":
            return found._replace(shard=limit / found.shards)
        case _:
            return found._replace(**{stage: limit})


@stages
@settings(max_examples=4)
@given(limit=limits, first=st.floats(0.1, 3), buffer_s=st.sampled_from([0.5, 1.0, 2.0]))
def test_it_names_the_stage_with_the_lowest_limit_and_finds_the_limit(
    stage: str, limit: float, first: float, buffer_s: float
) -> None:
    pipeline = limited(stage, limit)._replace(buffer_s=buffer_s)
    steps: list[SimulatedStep] = []

    def step(rate: float) -> SimulatedStep:
        steps.append(pipeline.step(rate))
        return steps[-1]

    found = search(step, first * limit, 40_000, PRECISION)
    assert found.held is not None
    assert found.failed is not None
    cause = min((one for one in steps if not one.held), key=lambda one: one.rate).cause
    assert cause is not None
    assert (cause.stage, taken(found.held, cause.limit_per_s)) == (stage, pytest.approx(limit, rel=0.1))
    assert len(steps) <= 16


@settings(max_examples=30)
@given(
    limit=st.floats(40, 4_000),
    over=st.floats(1.1, 3),
    buffer_s=st.floats(0.3, 5),
    load_s=st.integers(30, 60),
)
def test_what_a_full_stage_shows_does_not_depend_on_when_its_heaps_come(
    limit: float, over: float, buffer_s: float, load_s: int
) -> None:
    """The last heap waits for more that does not come, and a step ends somewhere within another: neither counts."""
    came = [(tick / 10, over * limit / 10) for tick in range(1, 10 * load_s + 1)]
    passed = Passages(buffered(list(served(iter(came), limit)), buffer_s))
    found = flow("the delivery", Passages(came), passed, load_s, period_s=buffer_s, resolution_s=1.0)
    # A time is off by less than a second at either end of what is judged.
    assert found.busy_per_s == pytest.approx(limit, rel=1.1 / (0.7 * load_s * over - buffer_s))


@settings(max_examples=30)
@given(
    size=st.integers(10, 500),
    takes_s=st.floats(0.05, 2),
    over=st.floats(1.1, 3),
    last_share=st.floats(0.01, 0.99),
    load_s=st.integers(20, 60),
)
def test_the_last_batch_which_is_a_part_of_one_does_not_count(
    size: int, takes_s: float, over: float, last_share: float, load_s: int
) -> None:
    """A Pipe has one execution after another, and the last takes as long for fewer changes."""
    limit = size / takes_s
    came = [(tick / 10, over * limit / 10) for tick in range(1, 10 * load_s + 1)]
    batches = int(over * load_s / takes_s)
    passed = [(takes_s * number, float(size)) for number in range(1, batches + 1)]
    passed.append((takes_s * (batches + 1), last_share * size))
    found = flow("the capture", Passages(came), Passages(passed), load_s, period_s=0.99 * takes_s)
    assert found.busy_per_s == pytest.approx(limit, rel=1e-3)


class Known(NamedTuple):
    held: bool
    shown_limit: float | None


@settings(max_examples=30)
@given(limit=st.floats(2, 50_000), first=st.floats(1, 50_000), shows=st.booleans())
def test_the_search_closes_in_on_a_limit_that_no_stage_shows_too(limit: float, first: float, shows: bool) -> None:
    asked: list[float] = []

    def step(rate: float) -> Known:
        asked.append(rate)
        return Known(rate <= limit, limit if shows else None)

    found = search(step, first, 40_000, 0.05)
    assert found.held is None or found.held <= limit
    assert found.failed is None or found.failed > limit
    if found.held is not None and found.failed is not None:
        assert found.failed - found.held <= max(1.0, 0.05 * found.held) + 1e-9
    assert found.failed is not None or found.held == 40_000
    assert len(asked) == len(set(asked))


@settings(max_examples=60)
@given(limit=st.floats(50, 5_000), share=st.floats(0.8, 1.0), first=st.floats(0.1, 0.9))
def test_a_stage_that_shows_a_lower_limit_each_time_takes_few_steps(limit: float, share: float, first: float) -> None:
    """So does a hot partition: an order in flight is not written again, so that its load grows less than the rate."""
    asked: list[float] = []

    def step(rate: float) -> Known:
        asked.append(rate)
        return Known(rate <= limit, limit + share * (rate - limit))

    found = search(step, first * limit, 40_000, PRECISION)
    assert found.held is not None
    assert found.failed is not None
    assert len(asked) <= 12  # of which up to five lead up to the limit


@settings(max_examples=30)
@given(share=st.floats(0, 1.0), rate=st.floats(50, 5_000), load_s=st.integers(20, 90))
def test_a_stage_that_passes_on_less_is_behind_and_one_that_passes_on_all_is_steady(
    share: float, rate: float, load_s: int
) -> None:
    """However short the load: a backlog that grows all the time is no pause."""
    came = Passages((second / 20, rate / 20) for second in range(1, 20 * load_s + 1))
    passed = Passages((second / 20, share * rate / 20) for second in range(1, 20 * load_s + 1))
    found = flow("the pipe", came, passed, load_s)
    # The tolerance is 3 %.
    if share < 0.965:
        assert found.verdict == "behind"
        assert found.growth_per_s == pytest.approx((1 - share) * rate, rel=0.02, abs=0.1)
    if share > 0.975:
        assert found.verdict == "steady"


@settings(max_examples=60)
@given(
    at=st.floats(0.3, 1),
    paused_s=st.floats(0.5, 0.95),
    spare=st.sampled_from([0.0, 0.01, 0.1]),
    load_s=st.integers(20, 60),
)
def test_one_pause_is_no_falling_behind(at: float, paused_s: float, spare: float, load_s: int) -> None:
    """What waits after a pause stays, or the stage works it off with what it has to spare: it does not grow."""
    rate = 10.0
    came = [(tick / 10, rate / 10) for tick in range(1, 10 * load_s + 1)]
    passed: list[tuple[float, float]] = []
    waiting = 0.0
    for now, number in came:
        waiting += number
        if not at * load_s <= now < at * load_s + paused_s:
            passed.append((now, min(waiting, (1 + spare) * number)))
            waiting -= passed[-1][1]
    assert flow("the pipe", Passages(came), Passages(passed), load_s).verdict != "behind"
