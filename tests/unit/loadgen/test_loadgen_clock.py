"""Wall time as text."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from loadgen.clock import WallClock, iso

LAST_S = 4_102_444_799


@given(st.lists(st.integers(min_value=0, max_value=LAST_S * 1000), min_size=1, max_size=5))
def test_a_time_is_precise_to_the_millisecond(moments_ms: list[int]) -> None:
    for ms in moments_ms:
        moment = datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
        assert iso(ms).decode() == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@given(
    epoch_ns=st.integers(min_value=0, max_value=LAST_S * 10**9),
    offsets_ns=st.lists(st.integers(min_value=0, max_value=3 * 10**9), min_size=1, max_size=5),
)
def test_a_clock_reports_times_after_its_epoch_in_any_order(epoch_ns: int, offsets_ns: list[int]) -> None:
    clock = WallClock(epoch_ns)
    for offset_ns in offsets_ns:
        us = epoch_ns // 1000 + offset_ns // 1000
        moment = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
        assert clock.text(offset_ns).decode() == moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
