"""The report of several scenarios together: a row for each, and one in total.

The series and the rest of a scenario are in its own report.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from loadgen.metrics.counters import Counts, Latencies
from loadgen.metrics.histogram import decode
from loadgen.report.report import SCENARIOS, SCHEMA, LatencyReport, RunReport, ThresholdReport, latency_reports
from stack import save, write_lines

_SHOWN = ("intended", "service")


class ScenarioRow(Struct, frozen=True, kw_only=True):
    """The result of a scenario, or of all. `start_s` is when it began after the common start.

    A closed loop has no intended latency, so that of the total is of the others.
    """

    name: str
    start_s: float
    elapsed_s: float
    rate: float
    counts: Counts
    latency: dict[str, LatencyReport]
    thresholds: list[ThresholdReport] = []
    aborted: str | None = None


class CombinedReport(Struct, frozen=True, kw_only=True):
    """All scenarios of a run."""

    schema: int
    kind: str
    tool: str
    started_at: str
    scenarios: list[ScenarioRow]
    total: ScenarioRow

    def save(self, path: Path) -> None:
        """Write it as JSON. UserError when the path cannot be written."""
        save(path, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


def combine(parts: Sequence[tuple[str, float, RunReport]]) -> CombinedReport:
    """Combine the reports of scenarios, each with its name and the seconds by which it began after the first."""
    rows = [
        ScenarioRow(
            name=name,
            start_s=start_s,
            elapsed_s=report.elapsed_s,
            rate=round(report.rate, 3),
            counts=report.counts,
            latency=report.latency,
            thresholds=report.thresholds,
            aborted=report.aborted,
        )
        for name, start_s, report in parts
    ]
    first = min((report for _, _, report in parts), key=lambda report: report.started_at)
    return CombinedReport(
        schema=SCHEMA, kind=SCENARIOS, tool=first.tool, started_at=first.started_at, scenarios=rows, total=_total(rows)
    )


def _total(rows: Sequence[ScenarioRow]) -> ScenarioRow:
    counts, latencies = Counts(), Latencies()
    for row in rows:
        counts.add(row.counts)
        for name, latency in row.latency.items():
            buckets = getattr(latencies, name)
            for value_us, number in decode(latency.histogram).items():
                buckets[value_us] += number
    elapsed_s = max(row.start_s + row.elapsed_s for row in rows)
    return ScenarioRow(
        name="total",
        start_s=0.0,
        elapsed_s=elapsed_s,
        rate=round(counts.acked / elapsed_s, 3) if elapsed_s else 0.0,
        counts=counts,
        latency=latency_reports(latencies),
    )


def show(combined: CombinedReport) -> None:
    """Print a line for each scenario and one in total."""
    rows = (*combined.scenarios, combined.total)
    width = max(len(row.name) for row in rows)
    write_lines(*(_line(row, width) for row in rows))


def _line(row: ScenarioRow, width: int) -> str:
    counts = row.counts
    failed = sum(counts.failed.values())
    numbers = f"{row.rate:,.0f}/s · planned {counts.planned:,} · acked {counts.acked:,} · failed {failed:,}"
    p99 = [f"{name} p99 {_p99(row, name)}" for name in _SHOWN]
    verdict = _verdict(row)
    return f"{row.name:<{width}} {numbers} · ms: {' '.join(p99)}{verdict and f' · {verdict}'}"


def _p99(row: ScenarioRow, name: str) -> str:
    latency = row.latency.get(name)
    return f"{latency.percentiles_ms['p99']:,.2f}" if latency is not None and latency.count else "-"


def _verdict(row: ScenarioRow) -> str:
    """Which thresholds do not hold."""
    lost = [threshold.expression for threshold in row.thresholds if not threshold.met]
    return "FAILS " + ", ".join(lost) if lost else "thresholds hold" if row.thresholds else ""
