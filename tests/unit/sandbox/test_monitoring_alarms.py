"""Alarms' states by CloudWatch's documented rules, and the program's alarms by what each of them is about."""

from __future__ import annotations

import pytest

from sandbox.monitoring.alarm import AlarmDefinition, check
from sandbox.monitoring.evaluation import AlarmRule, AlarmState, MissingData, evaluate
from sandbox.monitoring.queries import MetricQuery
from sandbox.monitoring.recorder import Published, metric
from sandbox.monitoring.statistics import statistic_set
from sandbox.monitoring.store import MetricStore

TREATMENTS: tuple[MissingData, ...] = ("missing", "ignore", "breaching", "notBreaching")
RETAIN = "RETAIN"
NOW_S = 1_800_000_000 // 60 * 60


def points(text: str) -> list[float | None]:
    """The points of a row of CloudWatch's tables: X is breaching, 0 is not, - is missing."""
    return [{"X": 10.0, "0": 0.0, "-": None}[each] for each in text.split()]


@pytest.mark.parametrize(
    ("needed", "row", "states"),
    [
        # "Datapoints to Alarm and Evaluation Periods are both 3"
        (3, "0 - X - X", ("OK", "OK", "OK", "OK")),
        (3, "0 - - - -", ("OK", "OK", "OK", "OK")),
        (3, "- - - - -", ("INSUFFICIENT_DATA", RETAIN, "ALARM", "OK")),
        (3, "0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (3, "- - X - -", ("ALARM", RETAIN, "ALARM", "OK")),
        # "Evaluation Periods is 3 and Datapoints to Alarm is 2"
        (2, "0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        (2, "0 - X - -", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - - 0", ("OK", "OK", "ALARM", "OK")),
        (2, "- - - X -", ("ALARM", RETAIN, "ALARM", "OK")),
    ],
)
def test_missing_data_is_treated_as_in_clouwatchs_tables(needed: int, row: str, states: tuple[str, ...]) -> None:
    """Both tables of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html."""
    currents: tuple[AlarmState, ...] = ("OK", "ALARM", "INSUFFICIENT_DATA")
    for treatment, expected in zip(TREATMENTS, states, strict=True):
        rule = AlarmRule("GreaterThanThreshold", 5.0, 3, needed, treatment)
        for current in currents:
            found = evaluate(rule, points(row), current).state
            assert found == (current if expected == RETAIN else expected), (treatment, current)


@pytest.mark.parametrize("row", ["- - - - X", "- - - X -"])
def test_a_recent_breach_after_missing_data_is_no_alarm_yet(row: str) -> None:
    """ "the alarm does not go immediately into ALARM state when the data is either - - - - X or - - - X -" """
    rule = AlarmRule("GreaterThanThreshold", 5.0, 3, 3, "missing")
    assert evaluate(rule, points(row), "OK").state == "OK"


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanThreshold", 5.0, "OK"),
        ("GreaterThanOrEqualToThreshold", 5.0, "ALARM"),
        ("LessThanThreshold", 5.0, "OK"),
        ("LessThanOrEqualToThreshold", 5.0, "ALARM"),
    ],
)
def test_the_threshold_belongs_to_the_comparison(comparison: str, value: float, state: str) -> None:
    assert evaluate(AlarmRule(comparison, 5.0, 1, 1, "missing"), [None, value], "OK").state == state


def test_the_reasons_are_clouwatchs() -> None:
    """The forms of recorded notifications: one point, M of N, and no data."""
    store = MetricStore(lambda: NOW_S)
    key = metric("N", "m")
    store.add([Published("eu-west-1", key, "Count", statistic_set({7.0: 1.0}), NOW_S - 60)])
    query = MetricQuery("m1", metric=key, statistic="Sum", period_s=60)

    def reason(rule: AlarmRule, *, counted: bool, before: AlarmState = "OK", at_s: int = NOW_S) -> str:
        return check(store, "eu-west-1", AlarmDefinition("a", [query], 60, rule, counted), before, at_s).reason

    over = AlarmRule("GreaterThanThreshold", 5.0, 1, 1, "missing")
    at = "(15/01/27 07:59:00)"
    assert (
        reason(over, counted=False)
        == f"Threshold Crossed: 1 datapoint [7.0 {at}] was greater than the threshold (5.0)."
    )
    assert reason(over, counted=True) == (
        f"Threshold Crossed: 1 out of the last 1 datapoints [7.0 {at}] was greater than the threshold (5.0) "
        "(minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert reason(over, counted=True, at_s=NOW_S + 3600) == "Insufficient Data: 1 datapoint was unknown."
    quiet = AlarmRule("GreaterThanThreshold", 5.0, 5, 3, "notBreaching")
    assert reason(quiet, counted=True, before="ALARM", at_s=NOW_S + 3600) == (
        "Threshold Crossed: no datapoints were received for 5 periods and 5 missing datapoints were treated as "
        "[NonBreaching]."
    )
