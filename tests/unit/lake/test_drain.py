from __future__ import annotations

from collections.abc import Callable

from lake.drain import Drain, LogState, PipelineState


class Clock:
    """Time that only passes when someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def _drain(clock: Clock, rows_at: Callable[[float], int], timeout_s: float = 1000) -> Drain:
    start = clock.now
    return Drain(
        lambda: PipelineState(LogState(rows_at(clock.now - start), None)), timeout_s, clock=clock, sleep=clock.sleep
    )


def test_quiet_is_when_the_log_has_stayed_the_same_long_enough() -> None:
    clock = Clock()
    drain = _drain(clock, lambda at: min(int(at), 20))
    drain.until_quiet(3)
    assert 23 <= drain.waited_s < 26


def test_a_log_that_never_rests_ends_with_the_time() -> None:
    clock = Clock()
    drain = _drain(clock, lambda at: int(at * 10), timeout_s=30)
    drain.until_quiet(3)
    assert drain.timed_out
    assert drain.waited_s <= 30.001


def test_late_data_is_noticed_within_seconds() -> None:
    clock = Clock()
    drain = _drain(clock, lambda at: int(at > 40))
    drain.until_quiet(2)
    assert drain.until_changed(60)
    assert 40 < drain.waited_s <= 45


def test_a_log_that_stays_the_same_has_settled() -> None:
    clock = Clock()
    drain = _drain(clock, lambda _: 7)
    drain.until_quiet(2)
    assert not drain.until_changed(60)
    assert not drain.timed_out
    assert 60 <= drain.waited_s < 66


def test_each_change_restarts_the_stable_period() -> None:
    clock = Clock()
    drain = _drain(clock, lambda at: int(at / 50))
    changes = 0
    drain.until_quiet(2)
    while drain.until_changed(60):
        changes += 1
        if changes == 5:
            break
    assert changes == 5


def test_a_look_that_takes_long_counts_as_waiting() -> None:
    clock = Clock()

    def look() -> PipelineState:
        clock.now += 400
        return PipelineState(LogState(1, None))

    drain = Drain(look, 1000, clock=clock, sleep=clock.sleep)
    drain.until_quiet(3)
    assert not drain.until_changed(60)


def test_it_looks_again_however_long_the_last_look_is_ago() -> None:
    clock = Clock()
    drain = _drain(clock, lambda at: int(at > 70))
    drain.until_quiet(2)
    clock.now += 100
    assert drain.until_changed(60)
