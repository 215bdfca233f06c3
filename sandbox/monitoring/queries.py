"""GetMetricData: queries about metrics, some of them over the results of others.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sandbox.monitoring.expressions import evaluate, names_in
from sandbox.monitoring.insights import is_select, select
from sandbox.monitoring.recorder import MetricKey
from sandbox.monitoring.search import search
from sandbox.monitoring.series import MathError, TimeSeries, TimeSpan, Value
from sandbox.monitoring.statistics import StatisticSet
from sandbox.monitoring.store import MetricStore

_DAY_S = 86_400


class MetricQuery(NamedTuple):
    """A query: a metric with a statistic, or an expression; `returned` is whether its result is in the response."""

    id: str
    label: str | None = None
    metric: MetricKey | None = None
    statistic: str = ""
    unit: str | None = None
    expression: str = ""
    period_s: int | None = None
    returned: bool = True


class QueryResult(NamedTuple):
    """A series of the response, oldest value first."""

    id: str
    series: TimeSeries


def run(store: MetricStore, region: str, queries: Sequence[MetricQuery], start_s: int, end_s: int) -> list[QueryResult]:
    """Return the series of the queries; an expression may return several.

    Raises:
        MathError: a query is invalid.
    """
    return _Run(store, region, queries, start_s, end_s).results()


def rounded_start(start_s: float, period_s: int, now_s: float) -> int:
    """The start of the first period: CloudWatch rounds a start down, by more the older it is.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html (StartTime)
    """
    age_s = now_s - start_s
    if age_s > 63 * _DAY_S:
        step_s = 3600
    elif age_s > 15 * _DAY_S:
        step_s = 300
    else:
        step_s = min(period_s, 60)
    return int(start_s // step_s * step_s)


class _Run:
    def __init__(
        self, store: MetricStore, region: str, queries: Sequence[MetricQuery], start_s: int, end_s: int
    ) -> None:
        self._store = store
        self._region = region
        self._queries = {query.id: query for query in queries}
        if len(self._queries) != len(queries):
            raise MathError("The ids of the queries must be unique.")
        self._asked = start_s, end_s
        self._metric_ids = [query.id for query in queries if query.metric is not None]
        self._known: dict[str, Value] = {}
        self._begun: set[str] = set()
        self._period_s = min((query.period_s or 60 for query in queries if query.metric is not None), default=60)

    def results(self) -> list[QueryResult]:
        found: list[QueryResult] = []
        for query in self._queries.values():
            if not query.returned:
                continue
            value = self._value(query)
            if not isinstance(value, list | TimeSeries):
                raise MathError(f"The expression of {query.id} must return a time series or an array of them.")
            for series in value if isinstance(value, list) else [value]:
                label = self._label(query, series, several=isinstance(value, list))
                found.append(QueryResult(query.id, TimeSeries(label, series.values, series.period_s)))
        return found

    def _label(self, query: MetricQuery, series: TimeSeries, *, several: bool) -> str:
        if query.label is None:
            return query.id if query.expression and not several and not is_select(query.expression) else series.label
        return f"{query.label} {series.label}" if several else query.label

    def _value(self, query: MetricQuery) -> Value:
        if query.id not in self._known:
            if query.id in self._begun:
                raise MathError(f"The expression of {query.id} refers to itself.")
            self._begun.add(query.id)
            self._known[query.id] = self._answer(query)
        return self._known[query.id]

    def _answer(self, query: MetricQuery) -> Value:
        if query.metric is not None:
            return self._series(query.metric, query.statistic, query.period_s or 60, query.unit)
        span = self._span(query.period_s or self._period_s)
        if is_select(query.expression):
            metrics = dict.fromkeys(listed.metric for listed in self._store.metrics(self._region))
            found = select(query.expression, metrics, lambda metric: self._periods(metric, span, None), span)
            return found[0] if len(found) == 1 and "GROUP BY" not in query.expression.upper() else found
        # METRICS() needs all metrics of the request, regardless of their order.
        for name in (*self._metric_ids, *(names_in(query.expression) & self._queries.keys())):
            self._value(self._queries[name])
        return evaluate(query.expression, self._known, self._metric_ids, span, self._search)

    def _series(self, metric: MetricKey, statistic: str, period_s: int, unit: str | None) -> TimeSeries:
        periods = self._periods(metric, self._span(period_s), unit)
        values = {at_s: samples.statistic(statistic) for at_s, samples in periods.items()}
        known = {at_s: value for at_s, value in values.items() if value is not None}
        return TimeSeries(metric.name, known, period_s)

    def _search(self, text: str, statistic: str, period_s: int | None) -> list[TimeSeries]:
        test = search(text)
        metrics = dict.fromkeys(listed.metric for listed in self._store.metrics(self._region))
        found: list[TimeSeries] = []
        for metric in metrics:
            if test(metric):
                series = self._series(metric, statistic, period_s or self._period_s, None)
                label = " ".join((*(value for _, value in metric.dimensions), metric.name))
                found.append(TimeSeries(label, series.values, series.period_s))
        return found

    def _span(self, period_s: int) -> TimeSpan:
        start_s, end_s = self._asked
        return TimeSpan(rounded_start(start_s, period_s, self._store.clock()), end_s, period_s)

    def _periods(self, metric: MetricKey, span: TimeSpan, unit: str | None) -> dict[int, StatisticSet]:
        return self._store.periods(self._region, metric, span.start_s, span.end_s, span.period_s, unit)
