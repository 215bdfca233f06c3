"""`python -m loadgen compare`: two reports side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from msgspec import Struct

from loadgen.metrics.counters import METRICS
from loadgen.report.beside import BesideRow, print_beside
from loadgen.report.report import CAPACITY, RunReport, kind, read
from loadgen.report.threshold import measure
from loadgen.schedule.mix import KINDS, Kind
from loadgen.schedule.plan import Preload
from loadgen.values import share
from stack import Parser, called, write_lines

# Metric, display name, whether more is better, digits, and the change that counts as noise, in the metric's unit.
_METRICS = (
    ("rate", "acked per second", True, 1, 0.0),
    ("intended_p50", "intended p50, ms", False, 2, 0.05),
    ("intended_p99", "intended p99, ms", False, 2, 0.05),
    ("intended_p99.9", "intended p99.9, ms", False, 2, 0.05),
    ("service_p50", "service p50, ms", False, 2, 0.05),
    ("service_p99", "service p99, ms", False, 2, 0.05),
    ("lag_p99", "generator's lag p99, ms", False, 2, 0.5),
    *((name, metric.title, False, 0, 0.0) for name, metric in METRICS.items() if metric.shown.role != "count"),
)


class ComparedMetric(Struct, frozen=True):
    """One metric of both reports. `change` is relative to the first, None when that is 0; `worse` is the loss."""

    name: str
    first: float
    second: float
    digits: int
    change: float | None
    worse: float


def lines(first: RunReport, second: RunReport) -> list[ComparedMetric]:
    """Return every metric that both reports have: of all calls, then of each kind of call that both have."""
    hidden = () if "intended" in first.latencies and "intended" in second.latencies else ("intended_",)
    shown = [metric for metric in _METRICS if not metric[0].startswith(hidden)]
    found = [_line(first, second, None, *metric) for metric in shown]
    if first.kinds or second.kinds:
        both = set(_kinds(first)) & set(_kinds(second))
        for call in sorted(both, key=KINDS.index):
            each = [_line(first, second, call, *metric) for metric in shown]
            # Most kinds lack most counters.
            found += [line for line in each if line.first or line.second]
    return found


def _kinds(report: RunReport) -> Collection[Kind]:
    """The kinds of call of a run; one without others had writes alone."""
    alone: tuple[Kind, ...] = ("write",)
    return report.kinds or alone


def _line(
    first: RunReport,
    second: RunReport,
    kind: Kind | None,
    metric: str,
    name: str,
    more_is_better: bool,
    digits: int,
    noise: float,
) -> ComparedMetric:
    before, after = measure(first, metric, kind), measure(second, metric, kind)
    change = (after - before) / before if before else None
    loss = before - after if more_is_better else after - before
    worse = 0.0
    if loss > noise:
        worse = loss / before if before else float("inf")
    return ComparedMetric(f"{kind}: {name}" if kind else name, before, after, digits, change, worse)


def verdict(found: Sequence[ComparedMetric], second: str, tolerated: float = 0.0) -> str:
    """Return a sentence with the metrics whose loss in the second report exceeds the tolerance."""
    worse = [
        line.name + ("" if line.change is None else f" ({line.change:+,.1%})")
        for line in found
        if line.worse > tolerated
    ]
    limit = f" by more than {tolerated:.0%}" if tolerated else ""
    return f"{second} is worse{limit} in: {', '.join(worse)}." if worse else f"{second} is not worse{limit}."


def differences(first: RunReport, second: RunReport) -> list[str]:
    """Return the differences of plans and targets, which may alone explain different metrics."""
    pairs = [
        (name, getattr(first.plan, name), getattr(second.plan, name))
        for name in first.plan.__struct_fields__
        if name != "seed"
    ]
    pairs += [
        (name, getattr(first.target, name), getattr(second.target, name)) for name in first.target.__struct_fields__
    ]
    pairs.append(("native", first.generator.native, second.generator.native))
    said = ((name, _words(before), _words(after)) for name, before, after in pairs)
    return [f"{name}: {before} and {after}" for name, before, after in said if before != after]


def _words(value: object) -> str:
    """Format a value of a plan like an option of the command line; a weight or size of 0 is left out."""
    if value is None or (isinstance(value, Preload) and not value.orders):
        return "none"
    if isinstance(value, Struct):
        members = ((name, getattr(value, name)) for name in value.__struct_fields__)
        given = ",".join(f"{name}={_words(member)}" for name, member in members if member != 0)
        tag = value.__struct_config__.tag
        return f"{tag}:{given}" if tag else given
    if isinstance(value, tuple):
        return " then ".join(map(_words, cast("tuple[object, ...]", value)))
    return f"{value:g}" if isinstance(value, float) else str(value)


def distinct(first: Path, second: Path) -> tuple[str, str]:
    """Return the names of two reports' files, with their directories if the names are the same."""
    return (first.name, second.name) if first.name != second.name else (str(first), str(second))


def main(argv: Sequence[str]) -> int:
    """Print two reports side by side; exit code 1 when the second's loss exceeds the tolerance."""
    from stack.help import HelpFormatter

    parser = Parser(
        prog=called("loadgen compare"),
        description="Show two reports side by side, and whether the second is worse.",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("first", type=Path, help="the report to compare with")
    parser.add_argument("second", type=Path, help="the report to judge")
    parser.add_argument(
        "--tolerate",
        type=share,
        metavar="SHARE",
        help="exit with 1 when any metric is worse by more than this, as in 10%% (default: only show)",
    )
    arguments = parser.parse_args(argv)
    tolerated = arguments.tolerate
    if kind(arguments.first) == kind(arguments.second) == CAPACITY:
        # This package is above loadgen and covers the whole pipeline.
        show = cast("Callable[[Path, Path, float | None], int]", import_module("capacity.compare").show)
        return show(arguments.first, arguments.second, tolerated)
    first, second = read(arguments.first), read(arguments.second)
    names = distinct(arguments.first, arguments.second)
    found = lines(first, second)
    print_beside(names, [_row(line, tolerated or 0.0) for line in found], "change", justify="right")
    write_lines(verdict(found, names[1], tolerated or 0.0))
    write_lines(*(f"the runs differ in {difference}" for difference in differences(first, second)))
    if tolerated is None:
        return 0
    return int(any(line.worse > tolerated for line in found))


def _row(line: ComparedMetric, tolerated: float) -> BesideRow:
    change = "" if line.change is None else f"{line.change:+.1%}"
    return BesideRow(
        line.name,
        (f"{line.first:,.{line.digits}f}", f"{line.second:,.{line.digits}f}", change),
        "red" if line.worse > tolerated else "",
    )
