"""A metric alarm: its definition, and its evaluation against the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from sandbox.monitoring.evaluation import COMPARISONS, EXTRA_PERIODS, AlarmRule, AlarmState, evaluate
from sandbox.monitoring.queries import MetricQuery, run
from sandbox.monitoring.series import MathError
from sandbox.monitoring.store import MetricStore

_AS = {"breaching": "Breaching", "notBreaching": "NonBreaching", "missing": "Missing", "ignore": "Ignored"}


class AlarmDefinition(NamedTuple):
    """An alarm's queries and rule. `period_s` is that of the query that returns data."""

    name: str
    queries: Sequence[MetricQuery]
    period_s: int
    rule: AlarmRule
    counted: bool
    """Whether DatapointsToAlarm is set, which the reasons of the alarm's states show."""

    @property
    def step_s(self) -> int:
        """The interval of evaluations: a minute, for a shorter period ten seconds.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
        """
        return 60 if self.period_s >= 60 else 10


class AlarmCheck(NamedTuple):
    """The state of an evaluation, its reason, and the reason's data as JSON; both texts are empty without a change."""

    state: AlarmState
    reason: str
    data: str


def definition_of(given: Mapping[str, Any], queries: Sequence[MetricQuery]) -> AlarmDefinition | None:
    """The definition in a PutMetricAlarm with its queries; None for anomaly detection, which is not evaluated."""
    if given["ComparisonOperator"] not in COMPARISONS or given.get("Threshold") is None:
        return None
    periods = int(given["EvaluationPeriods"])
    rule = AlarmRule(
        given["ComparisonOperator"],
        float(given["Threshold"]),
        periods,
        int(given.get("DatapointsToAlarm") or periods),
        given.get("TreatMissingData") or "missing",
    )
    period_s = next((query.period_s for query in queries if query.returned and query.period_s), None)
    period_s = period_s or max((query.period_s or 60 for query in queries), default=60)
    return AlarmDefinition(given["AlarmName"], queries, period_s, rule, given.get("DatapointsToAlarm") is not None)


def check(store: MetricStore, region: str, alarm: AlarmDefinition, current: AlarmState, at_s: int) -> AlarmCheck:
    """Evaluate an alarm by the periods that ended before a time (epoch seconds)."""
    start_s = at_s - (alarm.rule.periods + EXTRA_PERIODS) * alarm.period_s
    times = range(start_s, at_s, alarm.period_s)
    try:
        results = run(store, region, alarm.queries, start_s, at_s)
    except MathError as error:
        return AlarmCheck("INSUFFICIENT_DATA", f"Failed to evaluate the expression: {error}", "{}")
    found: Mapping[int, float] = results[0].series.values if results else {}
    values = [found.get(time) for time in times]
    evaluation = evaluate(alarm.rule, values, current)
    if evaluation.state == current:
        return AlarmCheck(current, "", "")
    known = [(times[place], value) for place in evaluation.evaluated if (value := values[place]) is not None]
    known.reverse()
    data = _data(alarm, known, at_s)
    return AlarmCheck(evaluation.state, _reason(alarm, evaluation.state, current, known, evaluation.filled), data)


def _reason(
    alarm: AlarmDefinition, state: AlarmState, before: AlarmState, known: list[tuple[int, float]], filled: int
) -> str:
    """The reason of an alarm's state, in CloudWatch's words.

    As in https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html and in recorded
    notifications; newest points first.
    """
    rule = alarm.rule
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_points(rule.periods)} {'was' if rule.periods == 1 else 'were'} unknown."
    if not known:
        return (
            f"Threshold Crossed: no datapoints were received for {rule.periods} period{'s' * (rule.periods > 1)} and "
            f"{filled} missing {'datapoint was' if filled == 1 else 'datapoints were'} treated as "
            f"[{_AS[rule.missing]}]."
        )
    shown = known if state == "OK" else [one for one in known if rule.breaches(one[1])]
    values = ", ".join(f"{float(value)} ({_clock(at_s)})" for at_s, value in shown)
    one = len(shown) == 1
    negated = "not " if state == "OK" else ""
    crossed = f"{'was' if one else 'were'} {negated}{COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold})"
    if not alarm.counted:
        return f"Threshold Crossed: {_points(len(shown))} [{values}] {crossed}."
    needed = rule.datapoints if state == "ALARM" else rule.periods - rule.datapoints + 1
    return (
        f"Threshold Crossed: {len(shown)} out of the last {rule.periods} datapoints [{values}] {crossed} "
        f"(minimum {_points(needed)} for {before} -> {state} transition)."
    )


def _points(count: int) -> str:
    return f"{count} datapoint{'' if count == 1 else 's'}"


def _data(alarm: AlarmDefinition, known: list[tuple[int, float]], at_s: int) -> str:
    statistic = next((query.statistic for query in alarm.queries if query.statistic), None)
    members: dict[str, Any] = {
        "version": "1.0",
        "queryDate": _moment(at_s),
        **({"startDate": _moment(known[-1][0])} if known else {}),
        **({"statistic": statistic} if statistic else {}),
        "period": alarm.period_s,
        "recentDatapoints": [value for _, value in reversed(known)],
        "threshold": alarm.rule.threshold,
        "evaluatedDatapoints": [{"timestamp": _moment(time), "value": value} for time, value in known],
    }
    return msgspec.json.encode(members).decode()


def _clock(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%d/%m/%y %H:%M:%S}"


def _moment(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
