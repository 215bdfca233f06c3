from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest

from lake.moments import duration, interval, moment


def test_a_moment_is_now_a_duration_ago_or_a_time_in_utc() -> None:
    assert abs(moment("now") - datetime.now(UTC)) < timedelta(seconds=5)
    assert abs(moment("2h") - datetime.now(UTC) + timedelta(hours=2)) < timedelta(seconds=5)
    assert moment("2026-01-31T12:00:00+02:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert moment("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "1x", "9999-12-31", ""])
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        moment(text)


def test_a_duration_has_a_unit() -> None:
    assert duration("90s") == timedelta(seconds=90)
    with pytest.raises(ArgumentTypeError):
        duration("90")


def test_what_is_repeated_has_a_pause() -> None:
    assert interval("1s") == timedelta(seconds=1)
    for text in ("0s", "0d", "90"):
        with pytest.raises(ArgumentTypeError):
            interval(text)
