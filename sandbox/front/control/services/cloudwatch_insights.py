"""CloudWatch's Contributor Insights rules that DynamoDB creates for a table: their reports and their listing.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetInsightRuleReport.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.absent import lacking
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers
from sandbox.front.insights import ACCESSED_RULES, Watched, places, watched
from sandbox.front.reply import ServiceError
from sandbox.monitoring.contributors import MAX_CONTRIBUTORS, ContributorPeriod
from sandbox.monitoring.store import MINUTE_S

_DEFAULT_CONTRIBUTORS = 10
_STATISTICS: Mapping[str, Callable[[ContributorPeriod], float]] = {
    "UniqueContributors": lambda period: float(period.unique),
    "MaxContributorValue": lambda period: period.highest,
    "SampleCount": lambda period: float(period.samples),
    "Sum": lambda period: period.total,
    "Minimum": lambda period: period.smallest,
    "Maximum": lambda period: period.largest,
    "Average": lambda period: period.total / period.samples,
}
_RANKINGS = ("Sum", "Maximum")


@answers("cloudwatch", "GetInsightRuleReport")
def report(call: ControlCall) -> Mapping[str, Any]:
    """The largest contributors of a rule in a time range, and statistics for each of its periods."""
    given = call.parameters
    rule = next((each for each in _rules(call.region) if each.name == given["RuleName"]), None)
    if rule is None:
        if given["RuleName"] in backend_of(cloudwatch_backends, call.region).insight_rules:
            raise lacking(call.request, "reports of rules over log groups (cloudwatch GetInsightRuleReport)")
        raise ServiceError("ResourceNotFoundException", f"Rule {given['RuleName']} does not exist.")
    start_s, end_s = _seconds(given["StartTime"]), _seconds(given["EndTime"])
    if start_s >= end_s:
        raise _invalid("The parameter StartTime must be less than the parameter EndTime.")
    period_s, most = int(given["Period"]), int(given.get("MaxContributorCount") or _DEFAULT_CONTRIBUTORS)
    order: str = given.get("OrderBy") or "Sum"
    statistics: list[str] = given.get("Metrics") or []
    if period_s < MINUTE_S or period_s % MINUTE_S:
        raise _invalid(f"The value {period_s} for parameter Period is invalid: it must be a multiple of 60.")
    if not 1 <= most <= MAX_CONTRIBUTORS:
        raise _invalid(
            f"The value {most} for parameter MaxContributorCount is invalid: it must be 1 to {MAX_CONTRIBUTORS}."
        )
    if order not in _RANKINGS:
        raise _invalid(f"The value {order} for parameter OrderBy is invalid: it must be Sum or Maximum.")
    if wrong := sorted(set(statistics) - _STATISTICS.keys()):
        raise _invalid(f"The value {wrong[0]} for parameter Metrics is invalid.")
    found = rule.counts.report(start_s, end_s, period_s, most, by_maximum=order == "Maximum")
    return {
        "KeyLabels": list(rule.labels),
        "AggregationStatistic": "Sum",
        "AggregateValue": found.total,
        "ApproximateUniqueCount": found.unique,
        "Contributors": [
            {
                "Keys": list(one.key),
                "ApproximateAggregateValue": one.value,
                "Datapoints": [
                    {"Timestamp": _time(at_s), "ApproximateValue": value} for at_s, value in one.periods.items()
                ],
            }
            for one in found.contributors
        ],
        "MetricDatapoints": [
            {"Timestamp": _time(period.at_s), **{name: _STATISTICS[name](period) for name in statistics}}
            for period in found.periods
        ],
    }


@amends("cloudwatch", "DescribeInsightRules")
def described(call: ControlCall, output: dict[str, Any]) -> None:
    """List the tables' rules too. AWS documents their schema; the definition is the sandbox's."""
    rules = [
        {
            "Name": rule.name,
            "State": "ENABLED",
            "Schema": json.dumps({"Name": "ServiceLogRule", "Version": 1}),
            "Definition": json.dumps(_definition(rule)),
            "ManagedRule": True,
        }
        for rule in _rules(call.region)
    ]
    output["InsightRules"] = [*(output.get("InsightRules") or []), *rules]


def _definition(rule: Watched) -> dict[str, Any]:
    value = "ConsumedThroughputUnits" if rule.kind in ACCESSED_RULES else "ThrottleCount"
    contribution = {"Keys": [f"$.{label}" for label in rule.labels], "ValueOf": f"$.{value}"}
    return {"AggregateOn": "Sum", "Contribution": contribution}


def _rules(region: str) -> Iterator[Watched]:
    for table in backend_of(dynamodb_backends, region).tables.values():
        for index in places(table):
            yield from watched(table, index)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message)


def _seconds(moment: datetime) -> float:
    """A time of a request in epoch seconds; a time without a zone is in UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _time(at_s: int) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
