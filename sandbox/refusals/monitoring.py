"""CloudWatch: rules of an alarm's periods and a dashboard's body.

rules/cloudwatch of badmintoncryer/cdk-preflight. The errors of a dashboard's
body are a list in JSON, as hashicorp/terraform-provider-aws reports them
("InvalidParameterInput: The dashboard body is invalid, there are …").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import Fields, fields, listed
from sandbox.refusals.registry import Asked, refuses

_SHORT_PERIODS = frozenset({10, 20, 30})
_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800
_WIDGET_PERIODS = frozenset({1, 5, 10, 20, 30})
_WIDEST = {"x": 23, "width": 24}
_DASHBOARD_NAME = re.compile(r"[A-Za-z0-9_-]+")


@refuses("cloudwatch", "PutMetricAlarm")
def periods(asked: Asked) -> ServiceError | None:
    """Refuse an invalid period.

    A period is 10, 20 or 30 seconds or whole minutes; all together are at most a day, or a week if each is an hour or
    longer.
    """
    period, evaluated = asked.get("Period"), asked.get("EvaluationPeriods")
    if period and period not in _SHORT_PERIODS and period % 60:
        return _invalid("Period must be 10, 20, 30 or a multiple of 60")
    if period and evaluated:
        most = _WEEK if period >= _HOUR else _DAY
        if period * evaluated > most:
            return _invalid(f"EvaluationPeriods * Period must be <= {most}")
    alarming = asked.get("DatapointsToAlarm")
    if alarming and evaluated and alarming > evaluated:
        return _invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    return None


@refuses("cloudwatch", "PutMetricAlarm")
def statistic(asked: Asked) -> ServiceError | None:
    """Refuse an alarm of a metric with no statistic or two; the sentence is the documentation's.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    given = sum(bool(asked.get(name)) for name in ("Statistic", "ExtendedStatistic"))
    if not asked.get("MetricName") or given == 1:
        return None
    return _invalid("You must specify either Statistic or ExtendedStatistic but not both.")


@refuses("cloudwatch", "PutDashboard")
def dashboard(asked: Asked) -> ServiceError | None:
    """Refuse a dashboard with an invalid name or incomplete widgets."""
    if not _DASHBOARD_NAME.fullmatch(str(asked.get("DashboardName") or "")):
        return ServiceError(
            "InvalidParameterValue",
            "The value for field DashboardName contains invalid characters. "
            "It can only contain alphanumerics, dash (-) and underscore (_).",
        )
    try:
        body: Any = json.loads(asked.get("DashboardBody") or "{}")
    except ValueError:
        return None  # moto reports it
    found = list(_of_body(body))
    if not found:
        return None
    listed = json.dumps([{"dataPath": path, "message": message} for path, message in found], indent=2)
    return ServiceError(
        "InvalidParameterInput", f"The dashboard body is invalid, there are {len(found)} validation errors:\n{listed}"
    )


def _of_body(body: Any) -> Iterator[tuple[str, str]]:
    for number, widget in enumerate(listed(fields(body).get("widgets"))):
        path = f"/widgets/{number}"
        for name in ("type", "properties"):
            if name not in widget:
                yield path, f"Should have required property '{name}'"
        for name, most in _WIDEST.items():
            if widget.get(name, 0) > most:
                yield f"{path}/{name}", f"Should be <= {most}"
        properties = fields(widget.get("properties"))
        period = properties.get("period")
        if period is not None and period not in _WIDGET_PERIODS and period % 60:
            yield f"{path}/properties/period", "Should be multiple of 60"
        if widget.get("type") == "metric" and not _has_source(properties):
            yield (
                f"{path}/properties",
                "The metric widget should have specified a region and a data source or an alarm annotation",
            )


def _has_source(properties: Fields) -> bool:
    return isinstance(properties.get("region"), str) and ("metrics" in properties or "annotations" in properties)


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("ValidationError", sentence)
