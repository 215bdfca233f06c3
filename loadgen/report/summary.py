"""Prints the report in a few lines at the end of a run."""

from __future__ import annotations

from loadgen.metrics.counters import PROBLEMS
from loadgen.report import hot_keys
from loadgen.report.report import RunReport
from stack import write_lines

NOT_INTENDED = (
    "not defined in a closed loop, where a slow reply delays what would come next: coordinated omission applies, "
    "and the other latencies look better than they are"
)
_SHOWN = ("p50", "p90", "p99", "p99.9")


def show(report: RunReport, scenario: str = "") -> None:
    """Write the lines to standard output under the scenario's name."""
    write_lines(*([f"scenario {scenario}"] if scenario else []), *lines(report))


def lines(report: RunReport) -> list[str]:
    """Return the most important results, in sentences and numbers."""
    text = [*_counts(report), *_latencies(report), *_kinds(report)]
    cost = f", {report.cost.after:,.4f} at {report.cost.price_per_million:g} a million" if report.cost else ""
    text.append(f"write units {report.counts.write_units:,} (estimated from the items' sizes){cost}")
    text += [report.generator.verdict, native(report)]
    text += hot_keys.lines(report.keys)
    text += [f"segment {lost.segment} was lost and is not in these numbers: {lost.reason}" for lost in report.lost]
    text += [
        f"{'holds' if threshold.met else 'FAILS'}  {threshold.expression}  (it is {threshold.measured})"
        for threshold in report.thresholds
    ]
    return text


def native(report: RunReport) -> str:
    """Return whether the run used the compiled module, and what to do if not."""
    said = report.generator.native
    if said in ("yes", "unknown"):
        return f"native: {said}"
    return (
        f"native: {said}; without the compiled module each write takes more processor time: "
        "compile it with `make install`, or install this project with pip"
    )


def _counts(report: RunReport) -> list[str]:
    counts = report.counts
    ops = ", ".join(f"{number:,} {op}" for op, number in counts.acked_by_op.items() if number)
    acked = f"acked {counts.acked:,} ({ops or 'none'})"
    problems = (f"{metric.title} {metric.number(counts):,}{_classes(metric.classes(counts))}" for metric in PROBLEMS)
    text = [
        f"planned {counts.planned:,} · sent {counts.sent:,} · {acked} · {report.rate:,.0f}/s",
        " · ".join(problems),
    ]
    if counts.unsent:
        text.append(f"unsent {counts.unsent:,}: {_why_unsent(report)}")
    if counts.substituted:
        text.append(f"{counts.substituted:,} inserts replaced writes that had no order to change")
    return text


def _why_unsent(report: RunReport) -> str:
    if report.lost and not report.interrupted:
        return "those of lost segments, of which it is not known what they sent"
    reason = "the limit of write units was reached" if report.limit_reached else "the run was stopped"
    if report.aborted is not None:
        reason = f"the run was stopped, because {report.aborted} could no longer hold,"
    return f"{reason} before they were due"


def _latencies(report: RunReport) -> list[str]:
    text: list[str] = []
    for name, explanation in (("service", "sent → reply"), ("intended", "planned → reply")):
        if name == "intended" and report.plan.users:
            text.append(f"intended latency: {NOT_INTENDED}")
            continue
        latency = report.latency[name]
        figures = "  ".join(f"{key} {value:,.2f}" for key, value in latency.percentiles_ms.items() if key in _SHOWN)
        text.append(f"{name:8} latency ({explanation}), ms: {figures}  max {latency.max_ms:,.2f}")
    return text


def _kinds(report: RunReport) -> list[str]:
    """Return a line for each kind of call if there are several."""
    text: list[str] = []
    for kind, part in report.kinds.items():
        counts = part.counts
        shown = {name: part.latency[name].percentiles_ms for name in report.latencies}
        figures = " · ".join(f"{name} p50 {each['p50']:,.2f} p99 {each['p99']:,.2f}" for name, each in shown.items())
        problems = "".join(
            f" · {metric.title} {metric.number(counts):,}" for metric in PROBLEMS if metric.number(counts)
        )
        what = {"transact": f" ({counts.transacted:,} writes)"}.get(kind, "")
        if counts.items_read or counts.read_units:
            what = f" ({counts.items_read:,} items, {counts.read_units:,} read units)"
        text.append(
            f"{kind:8} {report.per_s(counts.acked):,.0f}/s · acked {counts.acked:,}{what} · ms: {figures}{problems}"
        )
    return text


def _classes(numbers: dict[str, int]) -> str:
    if not numbers:
        return ""
    return " (" + ", ".join(f"{name} {number:,}" for name, number in sorted(numbers.items())) + ")"
