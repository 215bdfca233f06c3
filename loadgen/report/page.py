"""The report as one self-contained HTML page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from importlib import import_module
from itertools import cycle
from pathlib import Path

from loadgen.metrics.counters import METRICS, PROBLEMS
from loadgen.metrics.histogram import decode, percentiles
from loadgen.report import hot_keys, summary
from loadgen.report import report as reports
from loadgen.report.chart import Series, bar_chart, line_chart
from loadgen.report.page_style import SCRIPT, STYLE
from loadgen.report.report import CAPACITY, RunReport, Second, read
from loadgen.report.threshold import percentile_ms
from loadgen.schedule.mix import OPS
from stack import Parser, called, check_distinct, check_writable, save, say

# More points than this cannot be distinguished.
_MAX_POINTS = 600
# Lines of the rate chart that are drawn even when they are 0 throughout.
_ALWAYS = {"muted", "first", "second"}
_PROBLEM_STYLES = ("fourth", "fifth", "first thin", "third")
_KIND_PERCENTILES = (50.0, 99.0, 99.9)
_TABLE_PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 99.99)


def write(report: RunReport, path: Path) -> None:
    """Write the page. Raises: UserError: the path cannot be written."""
    save(path, render(report).encode())


def main(argv: Sequence[str]) -> int:
    """`python -m loadgen html`: write a saved report as a page."""
    from stack.help import HelpFormatter

    parser = Parser(
        prog=called("loadgen html"),
        description="Draw a saved report as one self-contained page with plots.",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("report", type=Path, help="the report, as --report wrote it")
    parser.add_argument("page", type=Path, help="the page to write")
    arguments = parser.parse_args(argv)
    check_writable("", arguments.page)
    check_distinct({"the report": arguments.report, "the page": arguments.page})
    if reports.kind(arguments.report) == CAPACITY:
        # This package is above loadgen and covers the whole pipeline.
        import_module("capacity.page").draw(arguments.report, arguments.page)
    else:
        write(read(arguments.report), arguments.page)
    say(f"{arguments.page} is written.")
    return 0


def render(report: RunReport) -> str:
    """Return the page's HTML."""
    body = [
        _heading(report),
        _verdict(report),
        _tiles(report),
        _section("Rate", "writes per second: planned, handed over, acknowledged", _rate_chart(report)),
        _section("Latency over time", "ms, each second's percentiles", _latency_chart(report)),
        _section("Latency by percentile", "ms; each step to the right is ten times as rare", _percentile_chart(report)),
        _percentile_table(report),
        _section("Kinds of call", "each with its own figures; latencies in ms", _kinds(report)),
        _section("What went wrong", "by class", _problem_chart(report)),
        _section("Keys", "by the table's Contributor Insights, in whole minutes", hot_keys.html(report.keys)),
        _section("In flight", "unanswered requests at the end of each second", _in_flight_chart(report)),
        _thresholds(report),
        _plan(report),
    ]
    title = f"{report.counts.acked:,} writes to {report.target.table}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{''.join(body)}</main><script>{SCRIPT}</script></body></html>\n"
    )


def _heading(report: RunReport) -> str:
    target = report.target
    facts = (
        target.endpoint_url or f"DynamoDB in {target.region}",
        f"{target.writer} writer",
        f"{report.started_at[:19].replace('T', ' ')} UTC",
        _seconds(report.plan.duration_s),
    )
    return f"<header><h1>{escape(target.table)}</h1><p>{escape(' · '.join(facts))}</p></header>"


def _verdict(report: RunReport) -> str:
    sentences = [
        (not report.generator.limited, report.generator.verdict),
        (report.generator.native not in ("no", "partly"), summary.native(report)),
    ]
    if report.plan.users:
        sentences.append((False, f"intended latency is {summary.NOT_INTENDED}"))
    if report.interrupted:
        sentences.append((False, "the run was stopped before its end"))
    if report.aborted is not None:
        sentences.append((False, f"the run was stopped before its end, because {report.aborted} could no longer hold"))
    if report.limit_reached:
        sentences.append((False, "the run ended at its limit of write units"))
    if report.failure is not None:
        sentences.append((False, f"the run stopped early: {report.failure}"))
    sentences += [(False, f"segment {lost.segment} was lost and is not counted: {lost.reason}") for lost in report.lost]
    items = "".join(f'<li class="{"good" if good else "bad"}">{escape(text)}</li>' for good, text in sentences)
    return f'<ul class="verdict">{items}</ul>'


def _tiles(report: RunReport) -> str:
    counts, latency = report.counts, report.latency
    tiles = [
        ("acknowledged", f"{counts.acked:,}", f"of {counts.planned:,} planned", counts.acked < counts.planned),
        ("rate", f"{report.rate:,.0f}/s", "acknowledged", False),
        ("intended p99", _ms(percentile_ms(latency["intended"], 99)), "planned → reply", False)
        if not report.plan.users
        else ("users", f"{report.plan.users:,}", "a closed loop", False),
        ("service p99", _ms(percentile_ms(latency["service"], 99)), "sent → reply", False),
        *(
            (metric.title, f"{metric.number(counts):,}", metric.shown.note, metric.number(counts) > 0)
            for metric in PROBLEMS
        ),
        ("write units", f"{counts.write_units:,}", _cost(report), False),
    ]
    cells = "".join(
        f'<div class="tile{" bad" if bad else ""}"><span>{name}</span><b>{value}</b><small>{note}</small></div>'
        for name, value, note, bad in tiles
    )
    return f'<section class="tiles">{cells}</section>'


def _cost(report: RunReport) -> str:
    return "estimated" if report.cost is None else f"cost {report.cost.after:,.4f}"


def _section(title: str, note: str, chart: str) -> str:
    return f"<section><h2>{title} <small>{note}</small></h2>{chart}</section>" if chart else ""


def _rate_chart(report: RunReport) -> str:
    values: list[tuple[str, str, str]] = [
        ("planned", "planned", "muted"),
        ("sent", "sent", "first"),
        ("acknowledged", "acked", "second"),
        *((metric.title, metric.name, style) for metric, style in zip(PROBLEMS, cycle(_PROBLEM_STYLES), strict=False)),
    ]
    lines = [Series(title, style, _over_time(report.series, name, _mean)) for title, name, style in values]
    lines = [line for line in lines if line.style in _ALWAYS or any(y for _, y in line.points)]
    return line_chart(lines, label="Rate over time", x_format=_seconds, y_format=_number)


def _latency_chart(report: RunReport) -> str:
    values = (
        ("service", "p50", "first thin"),
        ("service", "p99", "first"),
        ("intended", "p50", "third thin"),
        ("intended", "p99", "third"),
    )
    lines = [
        Series(f"{name} {percentile}", style, _over_time(report.series, f"{name}_{percentile}_ms", max))
        for name, percentile, style in values
        if name in report.latencies
    ]
    return line_chart(lines, label="Latency over time", x_format=_seconds, y_format=_ms, y_log=True)


def _percentile_chart(report: RunReport) -> str:
    """Draw percentiles over their rarity: the x axis counts nines."""
    lines: list[Series] = []
    rarest = 1.0
    for name, style in (("service", "first"), ("intended", "third")):
        buckets = decode(report.latency[name].histogram)
        if not buckets:
            continue
        nines = max(1.0, math.log10(sum(buckets.values())))
        rarest = max(rarest, nines)
        steps = [step / 20 for step in range(int(nines * 20) + 1)]
        values = percentiles(buckets, [100 * (1 - 10**-x) for x in steps])
        points = [(x, value / 1e3) for x, value in zip(steps, values, strict=True)]
        lines.append(Series(name, style, points))
    ticks = [-math.log10(0.5), *range(1, int(rarest) + 1)]
    return line_chart(
        lines, label="Latency by percentile", x_format=_percentile, y_format=_ms, y_log=True, x_ticks=ticks
    )


def _percentile_table(report: RunReport) -> str:
    head = "".join(f"<th>p{percentile:g}</th>" for percentile in _TABLE_PERCENTILES)
    rows = ""
    for name in (*report.latencies, "lag"):
        latency = report.latency[name]
        cells = "".join(f"<td>{percentile_ms(latency, percentile):,.2f}</td>" for percentile in _TABLE_PERCENTILES)
        rows += f"<tr><th>{name}</th><td>{latency.mean_ms:,.2f}</td>{cells}<td>{latency.max_ms:,.2f}</td></tr>"
    return (
        '<section class="scroll"><table><thead><tr><th>latency, ms</th><th>mean</th>'
        f"{head}<th>max</th></tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _kinds(report: RunReport) -> str:
    """Return a row for each kind of call if there are several."""
    rows = ""
    for kind, part in report.kinds.items():
        counts, latency = part.counts, part.latency
        numbers = (counts.due, counts.acked, counts.dropped, METRICS["failed"].number(counts))
        cells = "".join(f"<td>{number:,}</td>" for number in numbers) + f"<td>{report.per_s(counts.acked):,.0f}</td>"
        cells += "".join(
            f"<td>{percentile_ms(latency[name], percentile):,.2f}</td>"
            for name in report.latencies
            for percentile in _KIND_PERCENTILES
        )
        rows += f"<tr><th>{kind}</th>{cells}</tr>"
    columns = ("planned", "acked", "dropped", "failed", "per s")
    head = "".join(f"<th>{name}</th>" for name in columns) + "".join(
        f"<th>{name} p{percentile:g}</th>" for name in report.latencies for percentile in _KIND_PERCENTILES
    )
    table = f"<table><thead><tr><th>call</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="scroll">{table}</div>' if rows else ""


def _problem_chart(report: RunReport) -> str:
    counts = report.counts
    bars: list[tuple[str, float, str]] = []
    for metric, style in zip(METRICS.values(), cycle(_PROBLEM_STYLES), strict=False):
        if metric.by_class:
            classes = sorted(metric.classes(counts).items())
            bars += [(f"{metric.title}: {name}", float(number), style) for name, number in classes]
        elif metric.shown.role == "problem" and metric.number(counts):
            bars.append((f"{metric.title}: {metric.shown.note}", float(metric.number(counts)), style))
    if not bars:
        return '<p class="quiet">Nothing: every write was acknowledged at its first sending.</p>'
    return bar_chart(bars, label="What went wrong, by class", value_format=_number)


def _in_flight_chart(report: RunReport) -> str:
    points = _over_time(report.series, "in_flight", max)
    return line_chart([Series("in flight", "first", points)], label="In flight", x_format=_seconds, y_format=_number)


def _thresholds(report: RunReport) -> str:
    if not report.thresholds:
        return ""
    rows = "".join(
        f'<tr class="{"good" if one.met else "bad"}"><td>{"holds" if one.met else "fails"}</td>'
        f"<td><code>{escape(one.expression)}</code></td><td>{escape(one.measured)}</td></tr>"
        for one in report.thresholds
    )
    return f"<section><h2>Thresholds</h2><table><tbody>{rows}</tbody></table></section>"


def _plan(report: RunReport) -> str:
    plan, profile = report.plan, report.plan.profile
    mix = ", ".join(f"{op} {weight}" for op, weight in zip(OPS, plan.mix.weights, strict=True) if weight)
    facts = {
        "profile": type(profile).__name__.lower(),
        "planned": f"{report.counts.planned:,} writes in {_seconds(plan.duration_s)}",
        "mix": mix,
        "keys": type(plan.keys).__name__.lower(),
        "seed": str(plan.seed),
        "in flight": f"{plan.max_in_flight:,} requests at most",
        "batch": "single writes" if plan.batch == 1 else f"up to {plan.batch} items",
        "segments": str(report.generator.segments),
        "workload": report.target.workload,
        "made by": report.tool,
    }
    items = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"<section><h2>Plan</h2><dl>{items}</dl></section>"


def _over_time(
    series: Sequence[Second], name: str, together: Callable[[Sequence[float]], float]
) -> list[tuple[float, float]]:
    """Return a number per second, or per group of seconds in a long run; 0 where the report lacks it."""
    width = -(-len(series) // _MAX_POINTS) or 1
    groups = (series[at : at + width] for at in range(0, len(series), width))
    return [(group[0]["second"], together([second.get(name, 0) for second in group])) for group in groups]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _ms(value: float) -> str:
    if value >= 1000:
        return f"{value / 1000:,.3g} s"
    return f"{value:,.3g} ms"


def _seconds(value: float) -> str:
    if value < 120:
        return f"{value:,.3g} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min" if seconds == 0 else f"{minutes}:{seconds:02d} min"


def _percentile(nines: float) -> str:
    return f"{100 * (1 - 10**-nines):.6g}%"
