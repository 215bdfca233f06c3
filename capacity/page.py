"""A capacity report as one self-contained page: the throughput-latency curve, and the limiting stage."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from capacity.report import CapacityReport, CapacityStep, read
from loadgen.report.chart import Series, line_chart
from loadgen.report.page_style import SCRIPT, STYLE
from stack import save


def write(report: CapacityReport, path: Path) -> None:
    """Write the page. Raises: UserError: the path cannot be written."""
    save(path, page(report).encode())


def draw(report: Path, path: Path) -> None:
    """Write the page of a saved report. Raises: UserError: it cannot be read, or the path not be written."""
    write(read(report), path)


def page(report: CapacityReport) -> str:
    """Return the page's HTML."""
    steps = sorted(report.steps, key=lambda step: step.rate)
    sections = [
        _section("Verdict", f'<ul class="verdict"><li class="good">{escape(report.verdict)}</li></ul>{_money(report)}'),
        _section("Latency by rate", _latency_chart(steps) + _mark(report)),
        _section("What each stage passed on, by rate", _flow_chart(steps)),
        _section("Steps", _table(steps)),
        _section("What would raise it", _remedies(report)),
        _section("Larger loads", _estimates(report)),
    ]
    title = f"What {escape(report.table)} and its pipeline take"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style><main><header><h1>{title}</h1>"
        f"<p>{escape(report.started_at)} · {escape(report.origin)} · {escape(report.region)} · "
        f"{escape(', '.join(report.objectives))}</p></header>{''.join(sections)}</main>"
        f"<script>{SCRIPT}</script></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f'<section class="scroll"><h2>{escape(title)}</h2>{content}</section>' if content else ""


def _latency_chart(steps: Sequence[CapacityStep]) -> str:
    lines = [
        Series("intended p99", "third", [(step.rate, step.latency_ms["intended"]["p99"]) for step in steps]),
        Series("service p99", "first", [(step.rate, step.latency_ms["service"]["p99"]) for step in steps]),
    ]
    fresh = [(step.rate, step.freshness.p99_s * 1000.0) for step in steps if step.freshness and step.freshness.p99_s]
    if fresh:
        lines.append(Series("freshness p99", "fifth", fresh))
    return line_chart(lines, label="Latency by rate", x_format=_rate, y_format=_ms, y_log=True)


def _flow_chart(steps: Sequence[CapacityStep]) -> str:
    names = list(dict.fromkeys(flow.name for step in steps for flow in step.flows))
    lines = [Series("acknowledged", "muted", [(step.rate, step.acked_per_s) for step in steps])]
    for name, style in zip(names, ("first", "second"), strict=False):
        points = [(step.rate, flow.passed_per_s) for step in steps for flow in step.flows if flow.name == name]
        lines.append(Series(f"passed on by {name}", style, points))
    return line_chart(lines, label="Changes passed on by rate", x_format=_rate, y_format=_rate)


def _mark(report: CapacityReport) -> str:
    if report.bottleneck is None or report.failed_per_s is None:
        return ""
    return (
        f'<ul class="verdict"><li class="bad">{report.failed_per_s:,.0f}/s: the {report.bottleneck.stage} is the '
        "bottleneck</li></ul>"
    )


def _table(steps: Sequence[CapacityStep]) -> str:
    rows = "".join(
        f'<tr class="{"good" if step.held else "bad"}"><td>{step.result}</td>'
        f"<td>{step.rate:,.0f}</td><td>{step.acked_per_s:,.0f}</td>"
        f"<td>{step.latency_ms['intended']['p99']:,.1f}</td><td>{_fresh(step)}</td><td>{step.drain_s:,.1f}</td>"
        f"<td>{escape('' if step.bottleneck is None else step.bottleneck.stage)}</td></tr>"
        f'<tr><td></td><td colspan="6"><small>{escape(_why(step))}</small></td></tr>'
        for step in steps
    )
    return (
        "<table><thead><tr><th></th><th>planned/s</th><th>acknowledged/s</th><th>intended p99, ms</th>"
        "<th>freshness p99, s</th><th>cool-down, s</th><th>bottleneck</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _why(step: CapacityStep) -> str:
    return step.bottleneck.why if step.bottleneck is not None else "; ".join(flow.why for flow in step.flows)


def _fresh(step: CapacityStep) -> str:
    return "" if step.freshness is None or step.freshness.p99_s is None else f"{step.freshness.p99_s:,}"


def _money(report: CapacityReport) -> str:
    if report.price is None:
        return ""
    return (
        f'<p class="quiet">A million changes cost ${report.price.million_usd:,.2f} at this rate, with their part of '
        f"the ${report.price.idle_month_usd:,.2f} of an idle month (list prices of {report.price.checked}).</p>"
    )


def _remedies(report: CapacityReport) -> str:
    items = "".join(
        f"<li><code>{escape(one.setting)}: {escape(one.now or '?')} → {escape(one.to)}</code> {escape(one.effect)}"
        f"{_more(one.month_usd, one.million_usd)}</li>"
        for one in report.remedies
    )
    return f"<ul>{items}</ul>" if items else ""


def _more(month: float | None, million: float | None) -> str:
    return "" if month is None or million is None else f" (${month:+,.2f} a month, ${million:+,.4f} a million)"


def _estimates(report: CapacityReport) -> str:
    return "".join(
        f"<h3>{one.times:,.0f} times: {one.rate:,.0f}/s{_month(one.month_usd)}</h3>"
        f"<ul>{''.join(f'<li>{escape(need)}</li>' for need in one.needs)}</ul>"
        f'<p class="quiet">Assumed: {escape("; ".join(one.assumptions))}.</p>'
        for one in report.estimates
    )


def _month(usd: float | None) -> str:
    return "" if usd is None else f", ${usd:,.0f} a month"


def _rate(value: float) -> str:
    return f"{value:,.0f}/s"


def _ms(value: float) -> str:
    return f"{value / 1000:,.3g} s" if value >= 1000 else f"{value:,.3g} ms"
