"""The state of an alarm according to the points of its metric.

The rules are those of "Configuring how CloudWatch alarms treat missing data" and "Alarm evaluation":
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
The tests have both tables of that page.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
MissingData = Literal["missing", "ignore", "breaching", "notBreaching"]
EXTRA_PERIODS = 2
"""How many points are retrieved beyond the evaluation periods: in AWS's examples five for three.

AWS only documents that the number depends on the period.
"""
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
}


class AlarmRule(NamedTuple):
    """The condition of an alarm: at least `datapoints` of `periods` are breaching."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: MissingData

    def breaches(self, value: float) -> bool:
        """Return whether a value breaches the threshold."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


class Evaluation(NamedTuple):
    """An evaluation: the new state (the current one if it is retained), and the indices of the evaluated values.

    `filled` is the number of missing points that were filled in.
    """

    state: AlarmState
    evaluated: tuple[int, ...]
    filled: int


def evaluate(rule: AlarmRule, values: Sequence[float | None], current: AlarmState) -> Evaluation:
    """Return the state for the points of the evaluation range, oldest first, None for a missing point.

    The newest existing points are evaluated, as many as there are evaluation periods; only if there are fewer, missing
    points are filled in as the alarm specifies.
    """
    known = [place for place, value in enumerate(values) if value is not None]
    evaluated = tuple(known[-rule.periods :])
    breaching = [place for place in evaluated if (value := values[place]) is not None and rule.breaches(value)]
    filled = rule.periods - len(evaluated)
    return Evaluation(_state(rule, len(values), evaluated, breaching, filled, current), evaluated, filled)


def _state(
    rule: AlarmRule, size: int, evaluated: tuple[int, ...], breaching: list[int], filled: int, current: AlarmState
) -> AlarmState:
    count = len(breaching) + (filled if rule.missing == "breaching" else 0)
    if count >= rule.datapoints:
        return "ALARM"
    if filled == 0 or rule.missing in ("breaching", "notBreaching"):
        return "OK"
    if len(breaching) < len(evaluated):
        return "OK"
    if rule.missing == "ignore":
        return current
    if not evaluated:
        return "INSUFFICIENT_DATA"
    # All existing points are breaching. That suffices if the oldest is as old as the points that must breach.
    return "ALARM" if size - breaching[0] >= rule.datapoints else current
