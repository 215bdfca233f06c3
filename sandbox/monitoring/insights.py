"""Metrics Insights: SELECT over the metrics of a namespace.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sandbox.monitoring.recorder import MetricKey
from sandbox.monitoring.series import MathError, TimeSeries, TimeSpan
from sandbox.monitoring.statistics import StatisticSet, merged

_STATISTICS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
_NAME = r'(?:"[^"]+"|[\w./:#-]+)'
_QUERY = re.compile(
    rf"""\s*SELECT\s+(?P<function>AVG|COUNT|MAX|MIN|SUM)\(\s*(?P<metric>{_NAME})\s*\)
    \s+FROM\s+(?:SCHEMA\(\s*(?P<schema>{_NAME}(?:\s*,\s*{_NAME})*)\s*\)|(?P<namespace>{_NAME}))
    (?:\s+WHERE\s+(?P<where>.+?))?
    (?:\s+GROUP\s+BY\s+(?P<group>{_NAME}(?:\s*,\s*{_NAME})*))?
    (?:\s+ORDER\s+BY\s+(?P<order>AVG|COUNT|MAX|MIN|SUM)\(\s*\)(?:\s+(?P<direction>ASC|DESC))?)?
    (?:\s+LIMIT\s+(?P<limit>\d+))?\s*""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_CONDITION = re.compile(rf"\s*(?P<name>{_NAME})\s*(?P<sign>!=|=)\s*'(?P<value>[^']*)'\s*")

Periods = Callable[[MetricKey], dict[int, StatisticSet]]
"""Returns a metric's samples by the starts of their periods."""


class _Condition(NamedTuple):
    name: str
    equal: bool
    value: str


def select(text: str, metrics: Iterable[MetricKey], periods: Periods, span: TimeSpan) -> list[TimeSeries]:
    """Return the series of a query: one, or one for each group of GROUP BY.

    Raises:
        MathError: the text is not a query of the language.
    """
    found = _QUERY.fullmatch(text)
    if found is None:
        raise MathError(f"Metrics Insights does not understand the query: {text}")
    schema = [_bare(name) for name in (found["schema"] or found["namespace"]).split(",")]
    conditions = (
        [_condition(part) for part in re.split(r"\s+AND\s+", found["where"], flags=re.IGNORECASE)]
        if found["where"]
        else []
    )
    groups = [_bare(name) for name in found["group"].split(",")] if found["group"] else []
    collected: dict[tuple[str, ...], list[dict[int, StatisticSet]]] = {}
    for metric in metrics:
        dimensions = dict(metric.dimensions)
        if metric.namespace != schema[0] or metric.name != _bare(found["metric"]):
            continue
        if found["schema"] and dimensions.keys() != set(schema[1:]):
            continue
        if not all((dimensions.get(one.name) == one.value) == one.equal for one in conditions):
            continue
        if all(name in dimensions for name in groups):
            collected.setdefault(tuple(dimensions[name] for name in groups), []).append(periods(metric))
    statistic = _STATISTICS[found["function"].upper()]
    series = [
        TimeSeries(" ".join(group) or _bare(found["metric"]), _values(sets, statistic), span.period_s)
        for group, sets in collected.items()
    ]
    if not series and not groups:
        series = [TimeSeries(_bare(found["metric"]), {}, span.period_s)]
    if found["order"]:
        # By the newest values, as far as AWS documents it.
        series.sort(
            key=lambda each: list(each.values.values())[-1] if each.values else 0.0,
            reverse=(found["direction"] or "ASC").upper() == "DESC",
        )
    return series[: int(found["limit"])] if found["limit"] else series


def is_select(expression: str) -> bool:
    """Return whether an expression is a query and not metric math."""
    return expression.lstrip()[:6].upper() == "SELECT"


def _values(sets: list[dict[int, StatisticSet]], statistic: str) -> dict[int, float]:
    values: dict[int, float] = {}
    for at_s in sorted({at_s for each in sets for at_s in each}):
        samples = merged(each[at_s] for each in sets if at_s in each)
        value = None if samples is None else samples.statistic(statistic)
        if value is not None:
            values[at_s] = value
    return values


def _condition(text: str) -> _Condition:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise MathError(f"Metrics Insights does not understand the condition: {text.strip()}")
    return _Condition(_bare(found["name"]), found["sign"] == "=", found["value"])


def _bare(name: str) -> str:
    return name.strip().strip('"')
