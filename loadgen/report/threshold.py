"""Thresholds: conditions on a report that set the exit code, as a CI pipeline needs.

    intended_p99<50ms    service_p99.9<=0.2s    dropped==0    acked_share>=99.9%    rate>=495/s

The metrics are the counters (`loadgen.metrics.counters`), `rate` (acknowledged operations per second), `acked_share`
(of what was planned), `unsent`, and a latency with any percentile, `mean` or `max`: service_p50, intended_p99.9,
lag_max. `metrics_help` lists them. A kind of call before a metric restricts it to these calls: get:intended_p99<10ms.
"""

from __future__ import annotations

import operator
import re
import textwrap
from argparse import ArgumentTypeError
from collections.abc import Callable

from msgspec import Struct

from loadgen.metrics.counters import METRICS, Counts
from loadgen.metrics.histogram import decode, percentiles
from loadgen.report.report import LatencyReport, RunReport, ThresholdReport
from loadgen.schedule.mix import KINDS, Kind
from loadgen.schedule.parameters import help_lines

_FORM = re.compile(r"\s*(?:([a-z]+):)?([a-z_]+(?:\d+(?:\.\d+)?)?)\s*(<=|>=|==|<|>)\s*(\d+(?:\.\d+)?)\s*(ms|s|%|/s)?\s*")
_LATENCY = re.compile(r"(service|intended|lag)_(?:p(\d+(?:\.\d+)?)|(mean|max))")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}
_SCALES = {None: 1.0, "ms": 1.0, "s": 1000.0, "%": 0.01, "/s": 1.0}
ACKED_SHARE, RATE = "acked_share", "rate"
_UNITS = {ACKED_SHARE: ("%",), RATE: ("/s",)}
# The metrics that are computed from several counters; every counter is a metric under its name.
_DERIVED: dict[str, Callable[[RunReport, Counts], float]] = {
    RATE: lambda report, counts: report.per_s(counts.acked),
    ACKED_SHARE: lambda _, counts: counts.acked / counts.planned if counts.planned else 1.0,
    "unsent": lambda _, counts: counts.unsent,
}


class Threshold(Struct, frozen=True):
    """A metric of all calls or of a kind of call, a comparison, and a limit: latencies in ms, shares from 0 to 1."""

    expression: str
    metric: str
    comparison: str
    limit: float
    kind: Kind | None = None

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Parse an expression. Raises: ArgumentTypeError: the expression is wrong."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ArgumentTypeError(f"{text!r} is not a threshold: write it as intended_p99<50ms or dropped==0")
        kind, metric, comparison, number, unit = match.groups()
        if kind is not None and kind not in KINDS:
            raise ArgumentTypeError(f"{text!r}: there is no kind of call {kind!r}: it is one of {', '.join(KINDS)}")
        if metric == ACKED_SHARE and unit is None and float(number) > 1:
            raise ArgumentTypeError(f"{text!r}: a share is at most 1; write {metric}{comparison}{number}%")
        latency = _LATENCY.fullmatch(metric)
        if latency is None and metric not in (names := [*METRICS, *_DERIVED]):
            raise ArgumentTypeError(
                f"there is no metric {metric!r}: it is a latency such as intended_p99, or one of {', '.join(names)}"
            )
        if latency is not None and float(latency[2] or 0) > 100:
            raise ArgumentTypeError(f"{metric!r}: a percentile is at most 100")
        units = {"ms", "s"} if latency is not None else {None, *_UNITS.get(metric, ())}
        if unit not in units:
            raise ArgumentTypeError(
                f"{text!r}: latencies are given in ms or s, acked_share in %, rate in /s, all else without a unit"
            )
        return cls(text.strip(), metric, comparison, float(number) * _SCALES[unit], kind)

    @property
    def percentile(self) -> tuple[str, float] | None:
        """The latency and percentile of the metric, 100 for the maximum; None for other metrics."""
        match = _LATENCY.fullmatch(self.metric)
        if match is None or match[3] == "mean":
            return None
        return match[1], float(match[2] or 100)

    def holds(self, value: float) -> bool:
        """Return whether it holds for a value of its metric: latencies in ms, shares from 0 to 1."""
        return _OPERATORS[self.comparison](value, self.limit)

    def check(self, report: RunReport) -> ThresholdReport:
        """Return whether it holds for a report. What was not measured does not hold, with a value of -1.

        Such as a latency of a kind of call that the run did not make, or the intended latency of a closed loop.
        """
        if not _is_measured(report, self.metric, self.kind):
            return ThresholdReport(expression=self.expression, value=-1.0, met=False, measured="not measured")
        value = measure(report, self.metric, self.kind)
        return ThresholdReport(
            expression=self.expression,
            value=round(value, 6),
            met=self.holds(value),
            measured=shown(self.metric, value),
        )


def shown(metric: str, value: float) -> str:
    """Format a metric's value with its unit."""
    if _LATENCY.fullmatch(metric):
        return f"{value:,.10g} ms"
    if metric == ACKED_SHARE:
        return f"{100 * value:.10g}%"
    return f"{value:,.1f}/s" if metric == RATE else f"{value:,.10g}"


def metrics_help() -> str:
    """Return the metrics of thresholds with their units, for --help."""
    indent = " " * 34
    counters = textwrap.fill(", ".join(METRICS), 95, initial_indent=indent, subsequent_indent=indent).lstrip()
    return help_lines(
        {
            "intended_p99, service_p50, …": "latency in ms or s: intended, service or lag; any percentile, mean or max",
            RATE: "acknowledged operations per second",
            ACKED_SHARE: "acknowledged operations of the planned ones, in %",
            "unsent": "planned operations that were not due before the end",
            "a counter": counters,
            "write:X, get:X, query:X, ...": "any of them, of one kind of call: get:intended_p99, transact:failed",
        }
    )


def _is_measured(report: RunReport, metric: str, kind: Kind | None) -> bool:
    part = report if kind is None else report.kind(kind)
    if (match := _LATENCY.fullmatch(metric)) is not None:
        return part.latency[match[1]].count > 0
    return metric != ACKED_SHARE or part.counts.planned > 0


def measure(report: RunReport, metric: str, kind: Kind | None = None) -> float:
    """Return a metric of all calls or of a kind of call, latencies in ms. Raises: KeyError: there is no such metric."""
    part = report if kind is None else report.kind(kind)
    match = _LATENCY.fullmatch(metric)
    if match is None:
        counter = METRICS.get(metric)
        return counter.number(part.counts) if counter else _DERIVED[metric](report, part.counts)
    latency = part.latency[match[1]]
    if match[3] == "mean":
        return latency.mean_ms
    return latency.max_ms if match[3] == "max" else percentile_ms(latency, float(match[2]))


def percentile_ms(latency: LatencyReport, percentile: float) -> float:
    """Return any percentile of a latency in ms, from its histogram."""
    (value,) = percentiles(decode(latency.histogram), [percentile])
    return value / 1e3
