"""An alarm that is raised by hand, with its history: both must outlive a server."""

from __future__ import annotations

from typing import Any

_NAME = "kept"


def raised_alarm(cloudwatch: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A new alarm in ALARM as it is described, and its history."""
    cloudwatch.put_metric_alarm(
        AlarmName=_NAME,
        Namespace="kept",
        MetricName="nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        # So that no evaluation changes its state, before the kill or after it.
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName=_NAME, StateValue="ALARM", StateReason="by hand")
    return alarm_with_history(cloudwatch)


def alarm_with_history(cloudwatch: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The alarm as it is described now, and all that has happened to it."""
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[_NAME])["MetricAlarms"]
    return alarm, cloudwatch.describe_alarm_history(AlarmName=_NAME)["AlarmHistoryItems"]
