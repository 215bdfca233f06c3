"""CloudWatch's metrics: moto stores them in a list, without percentiles and metric math.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.front.control.call import ControlCall
from sandbox.front.control.paging import page_of
from sandbox.front.control.registry import amends, answers
from sandbox.front.control.services.datapoint_pages import datapoint_page
from sandbox.front.monitoring import MONITORING
from sandbox.front.reply import ServiceError
from sandbox.monitoring.embedded import metrics_of
from sandbox.monitoring.queries import MetricQuery, rounded_start, run
from sandbox.monitoring.recorder import MetricKey, Published
from sandbox.monitoring.series import MathError
from sandbox.monitoring.statistics import STATISTICS, StatisticSet, is_statistic, statistic_set
from sandbox.monitoring.store import MINUTE_S, Listed

_MAX_LISTED = 500
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html and API_MetricDatum.html
_QUERY_ID = re.compile("[a-z][a-zA-Z0-9_]*")
_MAX_DATA, _MAX_DIMENSIONS, _AHEAD_S, _MAX_VALUE = 1_000, 30, 2 * 3600, 2.0**360
_MAX_POINTS = 1_440
_MAX_RESULTS = 100_800
_SHORT_PERIODS = frozenset({1, 5, 10, 20, 30})
_RECENT_S = 3 * 3600
_LISTED_S = 14 * 86_400


@answers("cloudwatch", "PutMetricData")
def put(call: ControlCall) -> None:
    """Add values, value counts or statistic sets. AWS's own namespaces accept none from clients."""
    given = call.parameters
    namespace: str = given["Namespace"]
    if namespace.startswith("AWS/"):
        raise _invalid_value("The value AWS/ for parameter Namespace is invalid.")
    _check_size("MetricData", given.get("MetricData"), _MAX_DATA)
    by_resolution: dict[int, list[Published]] = {}
    for number, datum in enumerate(given.get("MetricData") or (), 1):
        _check_size("Dimensions", datum.get("Dimensions"), _MAX_DIMENSIONS)
        at_s = None if "Timestamp" not in datum else int(_seconds(datum["Timestamp"]))
        if at_s is not None and not -_LISTED_S <= at_s - MONITORING.store.clock() <= _AHEAD_S:
            place = f"MetricData.member.{number}.Timestamp"
            raise _invalid_value(
                f"The value {_time(at_s):%Y-%m-%dT%H:%M:%SZ} for parameter {place} must be at most two weeks in the "
                "past and two hours in the future."
            )
        resolution_s = 1 if datum.get("StorageResolution") == 1 else MINUTE_S
        unit = datum.get("Unit") or "None"
        published = Published(call.region, metric_of(namespace, datum), unit, _samples(datum, number), at_s)
        by_resolution.setdefault(resolution_s, []).append(published)
    for resolution_s, several in by_resolution.items():
        MONITORING.put(several, resolution_s)


def _check_size(name: str, given: Any, most: int) -> None:
    if len(given or ()) > most:
        raise _invalid_value(f"The collection {name} must not have a size greater than {most}.")


@amends("logs", "PutLogEvents")
def embedded(call: ControlCall, _: dict[str, Any]) -> None:
    """Add the metrics of log lines in the embedded metric format."""
    for event in call.parameters.get("logEvents") or ():
        MONITORING.add(list(metrics_of(call.region, event["message"])))


@answers("cloudwatch", "ListMetrics")
def listed(call: ControlCall) -> Mapping[str, Any]:
    """List the metrics that had data in the last two weeks, 500 a page."""
    given = call.parameters
    after_s = MONITORING.store.clock() - (_RECENT_S if given.get("RecentlyActive") == "PT3H" else _LISTED_S)
    found = {
        one.metric: None
        for one in MONITORING.store.metrics(call.region)
        if one.last_s + MINUTE_S >= after_s and _is_asked_for(one, given)
    }
    page, more = page_of(list(found), repr, given, _MAX_LISTED, "InvalidParameterValue")
    return {"Metrics": [_described(metric) for metric in page], **more}


@answers("cloudwatch", "GetMetricStatistics")
def statistics(call: ControlCall) -> Mapping[str, Any]:
    """Return the statistics of one metric, a point for each period that has samples."""
    given = call.parameters
    start_s, end_s = _asked_time(given, "InvalidParameterValue", "StartTime must be less than the parameter EndTime")
    period_s = _period(given["Period"])
    plain: list[str] = given.get("Statistics") or []
    extended: list[str] = given.get("ExtendedStatistics") or []
    if not plain and not extended:
        raise ServiceError("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
    for name in extended:
        if name in STATISTICS or not is_statistic(name):
            raise _invalid_value(f"The value {name} for parameter ExtendedStatistics is not supported.")
    points = math.ceil((end_s - start_s) / period_s)
    if points > _MAX_POINTS:
        raise ServiceError(
            "InvalidParameterCombination",
            f"You have requested up to {points:,} datapoints, which exceeds the limit of 1,440. You may reduce the "
            "datapoints requested by increasing Period, or decreasing the time range.",
        )
    metric = metric_of(given["Namespace"], given)
    begins_s = rounded_start(start_s, period_s, MONITORING.store.clock())
    periods = MONITORING.store.periods(call.region, metric, begins_s, math.ceil(end_s), period_s, given.get("Unit"))
    unit = given.get("Unit") or MONITORING.store.unit_of(call.region, metric)
    return {
        "Label": metric.name,
        "Datapoints": [
            {"Timestamp": _time(at_s), "Unit": unit, **_statistics(samples, plain, extended)}
            for at_s, samples in periods.items()
        ],
    }


@answers("cloudwatch", "GetMetricData")
def data(call: ControlCall) -> Mapping[str, Any]:
    """Return the results of queries: metrics, metric math, searches and Metrics Insights."""
    given = call.parameters
    start_s, end_s = _asked_time(given, "ValidationError", "EndTime must be greater than StartTime")
    for number, query in enumerate(given.get("MetricDataQueries") or (), 1):
        if not _QUERY_ID.fullmatch(query["Id"]):
            raise ServiceError(
                "ValidationError",
                f"The value {query['Id']} for parameter MetricDataQueries.member.{number}.Id is not matching the "
                f"expected pattern ^{_QUERY_ID.pattern}$.",
            )
    queries = [query_of(query) for query in given.get("MetricDataQueries") or ()]
    try:
        results = run(MONITORING.store, call.region, queries, int(start_s), math.ceil(end_s))
    except MathError as error:
        raise ServiceError("ValidationError", str(error)) from None
    newest_first = given.get("ScanBy") != "TimestampAscending"
    most = min(int(given.get("MaxDatapoints") or _MAX_RESULTS), _MAX_RESULTS)
    parts, more = datapoint_page(results, newest_first, most, given.get("NextToken"))
    answer: list[dict[str, Any]] = [
        {
            "Id": part.result.id,
            "Label": part.result.series.label,
            "Timestamps": [_time(at_s) for at_s, _ in part.points],
            "Values": [value for _, value in part.points],
            "StatusCode": "Complete" if part.is_last else "PartialData",
        }
        for part in parts
    ]
    return {"MetricDataResults": answer, "Messages": [], **({} if more is None else {"NextToken": more})}


def query_of(given: Mapping[str, Any]) -> MetricQuery:
    """The query of an element of GetMetricData or of an alarm.

    Raises:
        ServiceError: it has neither a metric nor an expression, or its statistic or period does not exist.
    """
    returned = bool(given.get("ReturnData", True))
    label = given.get("Label")
    if "MetricStat" not in given:
        if "Expression" not in given:
            raise ServiceError("ValidationError", "The parameter MetricDataQueries.member.1.MetricStat is required.\n")
        period_s = _period(given["Period"]) if given.get("Period") else None
        return MetricQuery(given["Id"], label, expression=given["Expression"], period_s=period_s, returned=returned)
    stat = given["MetricStat"]
    if not is_statistic(stat["Stat"]):
        place = "MetricDataQueries.member.1.Stat"
        raise ServiceError("ValidationError", f"The value {stat['Stat']} for parameter {place} is not supported.")
    metric = metric_of(stat["Metric"]["Namespace"], stat["Metric"])
    return MetricQuery(
        given["Id"], label, metric, stat["Stat"], stat.get("Unit"), period_s=_period(stat["Period"]), returned=returned
    )


def metric_of(namespace: str, given: Mapping[str, Any]) -> MetricKey:
    """The metric that a request names by its MetricName and Dimensions."""
    dimensions = tuple(sorted((each["Name"], each["Value"]) for each in given.get("Dimensions") or ()))
    return MetricKey(namespace, given["MetricName"], dimensions)


def _samples(datum: Mapping[str, Any], number: int) -> StatisticSet:
    """The samples of one element of PutMetricData."""
    place = f"MetricData.member.{number}"
    if (known := datum.get("StatisticValues")) is not None:
        if "Value" in datum or datum.get("Values"):
            raise ServiceError(
                "InvalidParameterCombination",
                f"The parameters {place}.Value and {place}.StatisticValues are mutually exclusive and you have "
                "specified both.",
            )
        numbers = [float(known[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum")]
        _refuse_special(numbers, f"{place}.StatisticValues")
        return StatisticSet(numbers[0], numbers[1], numbers[2], numbers[3])
    if values := datum.get("Values"):
        if "Value" in datum:
            raise _invalid_value(
                f"The parameters {place}.Value and {place}.Values are mutually exclusive and you have specified both."
            )
        counts = datum.get("Counts") or [1.0] * len(values)
        if len(counts) != len(values):
            raise _invalid_value(f"The parameters {place}.Values and {place}.Counts must be of the same size.")
        _refuse_special(values, f"{place}.Values")
        seen: Counter[float] = Counter()
        for value, count in zip(values, counts, strict=True):
            seen[float(value)] += float(count)  # pyright: ignore[reportArgumentType] - a count may be a fraction
        return statistic_set(seen)
    if "Value" not in datum:
        raise ServiceError("MissingParameter", f"The parameter {place}.Value is required.")
    _refuse_special([datum["Value"]], f"{place}.Value")
    return statistic_set({float(datum["Value"]): 1.0})


def _refuse_special(values: Iterable[float], place: str) -> None:
    for value in values:
        if not abs(value) <= _MAX_VALUE:  # a NaN is not
            raise _invalid_value(f"The value {value} for parameter {place} is invalid.")


def _statistics(samples: StatisticSet, plain: list[str], extended: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: samples.statistic(name) for name in plain}
    percentiles = {name: value for name in extended if (value := samples.statistic(name)) is not None}
    return found | ({"ExtendedStatistics": percentiles} if percentiles else {})


def _is_asked_for(one: Listed, given: Mapping[str, Any]) -> bool:
    metric = one.metric
    if given.get("Namespace") not in (None, metric.namespace) or given.get("MetricName") not in (None, metric.name):
        return False
    dimensions = dict(metric.dimensions)
    return all(
        each["Name"] in dimensions and each.get("Value") in (None, dimensions[each["Name"]])
        for each in given.get("Dimensions") or ()
    )


def _described(metric: MetricKey) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def _asked_time(given: Mapping[str, Any], code: str, rule: str) -> tuple[float, float]:
    start_s, end_s = _seconds(given["StartTime"]), _seconds(given["EndTime"])
    if start_s >= end_s:
        raise ServiceError(code, f"The parameter {rule}.")
    return start_s, end_s


def _period(period_s: int) -> int:
    if period_s not in _SHORT_PERIODS and (period_s < MINUTE_S or period_s % MINUTE_S):
        raise _invalid_value(
            f"The value {period_s} for parameter Period is invalid: it must be 1, 5, 10, 20, 30 or a multiple of 60."
        )
    return period_s


def _invalid_value(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message)


def _seconds(moment: datetime) -> float:
    """A time of a request in epoch seconds; a time without a zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _time(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
