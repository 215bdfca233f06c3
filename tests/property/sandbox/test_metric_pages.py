"""GetMetricData's pages together are the whole response, for every page size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.front.control.services.datapoint_pages import DatapointPart, datapoint_page
from sandbox.front.reply import ServiceError
from sandbox.monitoring.queries import QueryResult
from sandbox.monitoring.series import TimeSeries

series = st.dictionaries(st.integers(0, 50), st.floats(0, 9), max_size=8)


def results(several: list[dict[int, float]]) -> list[QueryResult]:
    return [QueryResult(f"q{number}", TimeSeries("", values)) for number, values in enumerate(several)]


@given(several=st.lists(series, max_size=5), most=st.integers(1, 9), newest_first=st.booleans())
def test_pages_together_are_everything_in_order(several: list[dict[int, float]], most: int, newest_first: bool) -> None:
    found: dict[str, list[DatapointPart]] = {}
    token: str | None = None
    while True:
        parts, token = datapoint_page(results(several), newest_first, most, token)
        for part in parts:
            found.setdefault(part.result.id, []).append(part)
        if token is None:
            break
        assert sum(len(part.points) for part in parts) == most, "a page is full if another follows"
    for number, values in enumerate(several):
        parts = found[f"q{number}"]
        points = [point for part in parts for point in part.points]
        assert points == sorted(values.items(), reverse=newest_first)
        assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]


@given(values=series, most=st.integers(1, 9))
def test_a_point_that_comes_between_two_pages_moves_no_other(values: dict[int, float], most: int) -> None:
    first, token = datapoint_page(results([values]), True, most, None)
    points = first[0].points
    while token is not None:
        parts, token = datapoint_page(results([values | {60: 1.0}]), True, most, token)
        points += parts[0].points
    assert points == sorted(values.items(), reverse=True)


@pytest.mark.parametrize("token", ["no base64!", "bm8ganNvbg==", "W10=", "WyJhIiwxXQ=="])
def test_another_token_is_refused(token: str) -> None:
    with pytest.raises(ServiceError, match="NextToken"):
        datapoint_page([], True, 1, token)
