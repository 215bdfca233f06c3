"""The report in a few lines, for the end of a run."""

from __future__ import annotations

from loadgen.report import Report


def lines(report: Report) -> list[str]:
    """What matters most, in sentences and figures."""
    counts = report.counts
    duration_s = min(report.plan.duration_s, report.elapsed_s - report.plan.warm_up_s)
    rate = counts.acked / duration_s if duration_s > 0 else 0.0
    failed = sum(counts.failed.values())
    ops = ", ".join(f"{number:,} {op}" for op, number in counts.acked_by_op.items() if number)
    throttled = sum(counts.throttled.values())
    text = [
        f"planned {counts.planned:,} · sent {counts.sent:,} · acked {counts.acked:,} ({ops or 'none'}) · {rate:,.0f}/s",
        " · ".join(
            (
                f"dropped {counts.dropped:,}",
                f"failed {failed:,}{_classes(counts.failed)}",
                f"retried {counts.retried:,}",
                f"throttled {throttled:,}{_classes(counts.throttled)}",
            )
        ),
    ]
    if counts.unsent:
        text.append(f"unsent {counts.unsent:,}: the run was stopped before they were due")
    if counts.substituted:
        text.append(f"{counts.substituted:,} inserts stood in for updates or deletes that had no order to change")
    for name, explanation in (("service", "sent → reply"), ("intended", "planned → reply")):
        latency = report.latency[name]
        figures = "  ".join(f"{key} {value:,.2f}" for key, value in latency.percentiles_ms.items() if key in _SHOWN)
        text.append(f"{name:8} latency ({explanation}), ms: {figures}  max {latency.max_ms:,.2f}")
    text.append(f"write units {counts.write_units:,} (estimated from the items' sizes)")
    text.append(report.generator.verdict)
    return text + [
        f"segment {lost.segment} was lost and is not in these figures: {lost.reason}" for lost in report.lost
    ]


_SHOWN = ("p50", "p90", "p99", "p99.9")


def _classes(numbers: dict[str, int]) -> str:
    if not numbers:
        return ""
    return " (" + ", ".join(f"{name} {number:,}" for name, number in sorted(numbers.items())) + ")"
