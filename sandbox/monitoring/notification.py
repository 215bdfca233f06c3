"""CloudWatch's notification to a topic about an alarm's change of state.

The members, their names and their order are those of notifications that AWS sent in 2021 and 2025, of an alarm on one
metric and of one on queries.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Acting_Alarm_Changes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

import msgspec

from sandbox.monitoring.alarm import AlarmCheck
from sandbox.state import ACCOUNT_ID

_MAX_SUBJECT = 99
_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def subject(name: str, state: str, region: str) -> str:
    """The subject of a notification, limited to SNS's 100 characters."""
    whole = f'{state}: "{name}" in {region_name(region)}'
    return whole if len(whole) <= _MAX_SUBJECT else whole[: _MAX_SUBJECT - 3] + "..."


def message(
    given: Mapping[str, Any], arn: str, configured_at: datetime, changed_at: datetime, before: str, now: AlarmCheck
) -> str:
    """The message, as JSON; `given` are the parameters of PutMetricAlarm."""
    region = arn.split(":")[3]
    members: dict[str, Any] = {
        "AlarmName": given["AlarmName"],
        "AlarmDescription": given.get("AlarmDescription"),
        "AWSAccountId": ACCOUNT_ID,
        "AlarmConfigurationUpdatedTimestamp": _moment(configured_at),
        "NewStateValue": now.state,
        "NewStateReason": now.reason,
        "StateChangeTime": _moment(changed_at),
        "Region": region_name(region),
        "AlarmArn": arn,
        "OldStateValue": before,
        **{name: list(given.get(name) or ()) for name in _ACTIONS},
        "Trigger": _trigger(given),
    }
    return msgspec.json.encode(members).decode()


@cache
def region_name(region: str) -> str:
    """A region's display name, as in botocore's endpoints."""
    loader: Any = import_module("botocore.loaders").create_loader()
    for partition in loader.load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region


def _trigger(given: Mapping[str, Any]) -> dict[str, Any]:
    common = {
        "EvaluationPeriods": given["EvaluationPeriods"],
        **({"DatapointsToAlarm": given["DatapointsToAlarm"]} if given.get("DatapointsToAlarm") else {}),
        "ComparisonOperator": given["ComparisonOperator"],
        "Threshold": given.get("Threshold"),
        "TreatMissingData": given.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": given.get("EvaluateLowSampleCountPercentile") or "",
    }
    if given.get("Metrics"):
        periods = [one["Period"] for one in given["Metrics"] if one.get("Period")]
        return {
            **({"Period": periods[0]} if periods else {}),
            **common,
            "Metrics": [_query(one) for one in given["Metrics"]],
        }
    extended = given.get("ExtendedStatistic")
    kind = "ExtendedStatistic" if extended else "Statistic"
    return {
        "MetricName": given["MetricName"],
        "Namespace": given["Namespace"],
        "StatisticType": kind,
        kind: extended or str(given.get("Statistic", "")).upper(),
        "Unit": given.get("Unit"),
        "Dimensions": _dimensions(given),
        "Period": given["Period"],
        **common,
    }


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    if "MetricStat" not in given:
        return dict(given)
    stat = given["MetricStat"]
    metric = {**stat["Metric"], "Dimensions": _dimensions(stat["Metric"])}
    return {**given, "MetricStat": {**stat, "Metric": metric}}


def _dimensions(given: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in given.get("Dimensions") or ()]


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
