"""CloudWatch's alarms: moto stores them, but never evaluates them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from sandbox.front import alarms
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers
from sandbox.front.control.services.cloudwatch import metric_of, query_of
from sandbox.front.reply import ServiceError
from sandbox.monitoring.alarm import AlarmCheck, definition_of
from sandbox.monitoring.queries import MetricQuery
from sandbox.monitoring.statistics import is_statistic

_STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
_MAX_RECORDS = 100


@amends("cloudwatch", "PutMetricAlarm")
def put_alarm(call: ControlCall, _: dict[str, Any]) -> None:
    """Register an alarm: an existing one keeps its state, a new one starts in INSUFFICIENT_DATA."""
    try:
        definition = definition_of(call.parameters, _queries(call.parameters))
    except (KeyError, ServiceError):
        # The store lacks the alarm's statistic, such as a trimmed mean: the alarm is not evaluated.
        definition = None
    alarms.defined(call.region, call.parameters, definition)


@amends("cloudwatch", "DeleteAlarms")
def delete_alarms(call: ControlCall, _: dict[str, Any]) -> None:
    """Record the deletion of alarms in their histories."""
    for name in call.parameters.get("AlarmNames") or ():
        alarms.deleted(call.region, name)


@answers("cloudwatch", "SetAlarmState")
def set_alarm_state(call: ControlCall) -> None:
    """Set an alarm's state and run its actions; the state lasts until the next evaluation."""
    given = call.parameters
    data = given.get("StateReasonData") or "{}"
    try:
        msgspec.json.decode(data)
    except msgspec.DecodeError:
        raise ServiceError("InvalidFormat", "StateReasonData is not valid JSON") from None
    if given["StateValue"] not in _STATES:
        raise ServiceError(
            "ValidationError",
            f"1 validation error detected: Value '{given['StateValue']}' at 'stateValue' failed to satisfy constraint: "
            "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
        )
    state = AlarmCheck(given["StateValue"], given["StateReason"], data)
    if not alarms.set_state(call.region, given["AlarmName"], state):
        raise ServiceError("ResourceNotFound", "", 404)


@answers("cloudwatch", "DescribeAlarmHistory")
def describe_history(call: ControlCall) -> Mapping[str, Any]:
    """List the history of alarms, newest first by default, up to 100 items a page."""
    given = call.parameters
    items = [item for item in alarms.history(call.region) if _is_asked_for(item, given)]
    if given.get("ScanBy") != "TimestampAscending":
        items.reverse()
    token = given.get("NextToken") or "0"
    if not token.isdecimal():
        raise ServiceError("InvalidNextToken", "The NextToken is not valid")
    start, most = int(token), min(int(given.get("MaxRecords") or _MAX_RECORDS), _MAX_RECORDS)
    more = {"NextToken": str(start + most)} if len(items) > start + most else {}
    return {"AlarmHistoryItems": items[start : start + most], **more}


def _queries(given: Mapping[str, Any]) -> list[MetricQuery]:
    if given.get("Metrics"):
        return [query_of(query) for query in given["Metrics"]]
    statistic = given.get("ExtendedStatistic") or given["Statistic"]
    if not is_statistic(statistic):
        raise ServiceError("InvalidParameterValue", f"The sandbox does not have the statistic {statistic}.")
    metric, unit = metric_of(given["Namespace"], given), given.get("Unit")
    return [MetricQuery("m1", metric=metric, statistic=statistic, unit=unit, period_s=given["Period"])]


def _is_asked_for(item: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    at: datetime = item["Timestamp"]
    start, end = given.get("StartDate"), given.get("EndDate")
    return (
        given.get("AlarmName") in (None, item["AlarmName"])
        and given.get("HistoryItemType") in (None, item["HistoryItemType"])
        and item["AlarmType"] in (given.get("AlarmTypes") or ("MetricAlarm",))
        and (start is None or at >= _aware(start))
        and (end is None or at <= _aware(end))
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
