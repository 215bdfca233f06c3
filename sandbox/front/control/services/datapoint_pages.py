"""GetMetricData page by page: a page has at most MaxDatapoints points, and a token for the rest.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html (MaxDatapoints, NextToken) and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html (StatusCode)
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from sandbox.front.reply import ServiceError
from sandbox.monitoring.queries import QueryResult


class DatapointPart(NamedTuple):
    """The points (epoch seconds, value) of a result that are on a page; `is_last` if no later page has more."""

    result: QueryResult
    points: list[tuple[int, float]]
    is_last: bool


class _Place(NamedTuple):
    """Where a page begins: at which result, and after which of its points; None before the first point."""

    result: int
    after_s: int | None = None


def datapoint_page(
    results: Sequence[QueryResult], newest_first: bool, most: int, token: str | None
) -> tuple[list[DatapointPart], str | None]:
    """Return the page that a token names (without a token the first one), and the token of the next page.

    A token names the last point returned, so that points that arrive between two calls shift no page.

    Raises:
        ServiceError: the token is invalid.
    """
    begin = _Place(0) if token is None else _parse(token)
    found: list[DatapointPart] = []
    for number, result in list(enumerate(results))[begin.result :]:
        after_s = begin.after_s if number == begin.result else None
        points = _after(sorted(result.series.values.items(), reverse=newest_first), after_s, newest_first)
        given = points[:most]
        if given or not points:
            found.append(DatapointPart(result, given, len(given) == len(points)))
        if len(given) < len(points):
            end = _Place(number, given[-1][0] if given else None)
            return found, b64encode(msgspec.json.encode(end)).decode()
        most -= len(given)
    return found, None


def _after(points: list[tuple[int, float]], at_s: int | None, newest_first: bool) -> list[tuple[int, float]]:
    if at_s is None:
        return points
    return [point for point in points if (point[0] < at_s if newest_first else point[0] > at_s)]


def _parse(token: str) -> _Place:
    try:
        return msgspec.json.decode(b64decode(token, validate=True), type=_Place)
    except ValueError:
        raise ServiceError("InvalidNextToken", "The NextToken is not valid") from None
