"""Thresholds: what must hold of a report, for use in a pipeline of checks.

    intended_p99<50ms    service_p99.9<=0.2s    dropped==0    acked_share>=99.9%    rate>=495

Names are those of the report's counts, `rate` (acknowledged writes a second),
`acked_share` (of what was planned), and a latency with any percentile, `mean`
or `max`: service_p50, intended_p99.9, lag_max.
"""

from __future__ import annotations

import operator
import re
from argparse import ArgumentTypeError
from collections.abc import Callable

from msgspec import Struct

from loadgen.metrics.histogram import decode
from loadgen.report.report import LatencyReport, Report, ThresholdReport

_FORM = re.compile(r"\s*([a-z_]+(?:\d+(?:\.\d+)?)?)\s*(<=|>=|==|<|>)\s*(\d+(?:\.\d+)?)\s*(ms|s|%)?\s*")
_LATENCY = re.compile(r"(service|intended|lag)_(?:p(\d+(?:\.\d+)?)|(mean|max))")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}
_SCALES = {None: 1.0, "ms": 1.0, "s": 1000.0, "%": 0.01}
_NUMBERS: dict[str, Callable[[Report], float]] = {
    "planned": lambda report: report.counts.planned,
    "sent": lambda report: report.counts.sent,
    "acked": lambda report: report.counts.acked,
    "acked_share": lambda report: report.counts.acked / report.counts.planned if report.counts.planned else 1.0,
    "rate": lambda report: report.rate,
    "unsent": lambda report: report.counts.unsent,
    "dropped": lambda report: report.counts.dropped,
    "failed": lambda report: sum(report.counts.failed.values()),
    "retried": lambda report: report.counts.retried,
    "throttled": lambda report: sum(report.counts.throttled.values()),
    "substituted": lambda report: report.counts.substituted,
    "write_units": lambda report: report.counts.write_units,
}


class Threshold(Struct, frozen=True):
    """A metric, how it compares, and with what: latencies in ms, shares from 0 to 1."""

    expression: str
    metric: str
    comparison: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """From an expression. ArgumentTypeError says what is wrong with it."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ArgumentTypeError(f"{text!r} is no threshold: write it as intended_p99<50ms or dropped==0")
        metric, comparison, number, unit = match.groups()
        latency = _LATENCY.fullmatch(metric)
        if latency is None and metric not in _NUMBERS:
            raise ArgumentTypeError(
                f"there is no metric {metric!r}: it is one of {', '.join(_NUMBERS)}, intended_p99, ..."
            )
        if latency is not None and float(latency[2] or 0) > 100:
            raise ArgumentTypeError(f"{metric!r}: a percentile is at most 100")
        if (unit in {"ms", "s"}) != (latency is not None) or (unit == "%" and metric != "acked_share"):
            raise ArgumentTypeError(
                f"{text!r}: latencies are given in ms or s, acked_share in %, all else without a unit"
            )
        return cls(text.strip(), metric, comparison, float(number) * _SCALES[unit])

    def check(self, report: Report) -> ThresholdReport:
        """Whether it holds of a report."""
        value = measure(report, self.metric)
        return ThresholdReport(
            expression=self.expression, value=round(value, 6), met=_OPERATORS[self.comparison](value, self.limit)
        )


def measure(report: Report, metric: str) -> float:
    """The value of a metric: latencies in ms. KeyError when there is no such metric."""
    match = _LATENCY.fullmatch(metric)
    if match is None:
        return _NUMBERS[metric](report)
    latency = report.latency[match[1]]
    if match[3] == "mean":
        return latency.mean_ms
    return latency.max_ms if match[3] == "max" else percentile_ms(latency, float(match[2]))


def percentile_ms(latency: LatencyReport, percentile: float) -> float:
    """Any percentile of a latency, from its histogram."""
    return decode(latency.histogram).get_value_at_percentile(percentile) / 1e3
