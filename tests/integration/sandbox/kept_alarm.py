"""An alarm set by SetAlarmState, with its history: both must survive a server."""

from __future__ import annotations

from typing import Any

_NAME = "kept"


def raised_alarm(cloudwatch: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Create an alarm in ALARM; return its description and history."""
    cloudwatch.put_metric_alarm(
        AlarmName=_NAME,
        Namespace="kept",
        MetricName="nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        # No evaluation may change its state, before or after the kill.
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName=_NAME, StateValue="ALARM", StateReason="by hand")
    return alarm_with_history(cloudwatch)


def alarm_with_history(cloudwatch: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the alarm's description and history."""
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[_NAME])["MetricAlarms"]
    return alarm, cloudwatch.describe_alarm_history(AlarmName=_NAME)["AlarmHistoryItems"]
