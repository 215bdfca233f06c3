"""`python -m loadgen export`: converts a saved report to the format of another tool, chosen by the file's suffix.

.hgrm   a latency as HdrHistogram's percentile distribution, which its plotters read
.xml    the thresholds as JUnit test cases, which CI systems show
.csv    the seconds of the run
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from xml.etree import ElementTree

from loadgen.metrics.histogram import BUCKETS, SUB_BUCKETS, Buckets, decode, highest, max_us, mean_us, middle
from loadgen.report.report import RunReport, read
from stack import Parser, UserError, called, check_distinct, check_writable, save, say

LATENCIES = ("intended", "service", "lag")
_TICKS_PER_HALF = 5
_US_PER_MS = 1000.0
_TWELVE_DIGITS = Decimal("1e-12")


def main(argv: Sequence[str]) -> int:
    """Write a report in another format."""
    from stack.help import HelpFormatter

    parser = Parser(prog=called("loadgen export"), description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument("report", type=Path, help="the report, as --report wrote it")
    parser.add_argument("file", type=Path, help="the file to write: its suffix sets the format")
    parser.add_argument("--latency", choices=LATENCIES, default="intended", help="which one, for .hgrm")
    arguments = parser.parse_args(argv)
    form = _FORMS.get(arguments.file.suffix)
    if form is None:
        raise UserError(f"{arguments.file} has an unknown suffix: use one of {', '.join(_FORMS)}.")
    check_writable("", arguments.file)
    check_distinct({"the report": arguments.report, "the file": arguments.file})
    save(arguments.file, form(read(arguments.report), arguments.latency).encode())
    say(f"{arguments.file} is written.")
    return 0


def hgrm(buckets: Buckets) -> str:
    """Return the percentiles in ms, in the format of Java's AbstractHistogram.outputPercentileDistribution."""
    total = sum(buckets.values())
    lines = [f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}", ""]
    for value, percentile, count in _steps(buckets, total):
        # Java rounds the shortest decimal of a double, and a tie up: 0.9997802734375 becomes 0.999780273438.
        share = Decimal(str(percentile / 100)).quantize(_TWELVE_DIGITS, ROUND_HALF_UP)
        line = f"{value / _US_PER_MS:12.3f} {share:f} {count:10d}"
        lines.append(line if percentile == 100 else f"{line} {1 / (1 - percentile / 100):14.2f}")
    mean = mean_us(buckets)
    squares = sum((middle(value) - mean) ** 2 * number for value, number in buckets.items())
    deviation = math.sqrt(squares / total) if total else 0.0
    lines += [
        f"#[Mean    = {mean / _US_PER_MS:12.3f}, StdDeviation   = {deviation / _US_PER_MS:12.3f}]",
        f"#[Max     = {max_us(buckets) / _US_PER_MS:12.3f}, Total count    = {total:12d}]",
        f"#[Buckets = {BUCKETS:12d}, SubBuckets     = {SUB_BUCKETS:12d}]",
    ]
    return "\n".join(lines) + "\n"


def _steps(buckets: Buckets, total: int) -> Iterator[tuple[int, float, int]]:
    """Yield values in µs, percentiles and counts: five steps in each half of the distance to 100 %, and 100 %."""
    level, count = 0.0, 0
    for value in sorted(buckets):
        count += buckets[value]
        while count < total and 100 * count / total >= level:
            yield highest(value), level, count
            halves = int(math.log(100 / (100 - level)) / math.log(2)) + 1
            level += 100 / (_TICKS_PER_HALF * 2**halves)
    if total:
        last = highest(max(buckets))
        if level <= 100:
            yield last, level, total
        yield last, 100.0, total


def junit(report: RunReport) -> str:
    """Return JUnit XML with a test case for each threshold and one for the run itself."""
    run = ElementTree.Element("testcase", name="run", classname="loadgen", time=f"{report.elapsed_s:.3f}")
    lost = [f"segment {lost.segment} was lost: {lost.reason}" for lost in report.lost]
    for problem in ([report.failure] if report.failure is not None else []) + lost:
        ElementTree.SubElement(run, "error", message=problem)
    suite = ElementTree.Element("testsuite", name=f"loadgen {report.target.table}", timestamp=report.started_at[:19])
    suite.append(run)
    for threshold in report.thresholds:
        case = ElementTree.SubElement(suite, "testcase", name=threshold.expression, classname="loadgen.threshold")
        if not threshold.met:
            ElementTree.SubElement(case, "failure", message=f"{threshold.expression}: it is {threshold.measured}")
    suite.set("tests", str(1 + len(report.thresholds)))
    suite.set("failures", str(sum(not threshold.met for threshold in report.thresholds)))
    suite.set("errors", str(len(run)))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def seconds(report: RunReport) -> str:
    """Return a CSV line for each second, with the report's names."""
    names = dict.fromkeys(name for second in report.series for name in second)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(names), restval=0, lineterminator="\n")
    writer.writeheader()
    writer.writerows(report.series)
    return out.getvalue()


_FORMS: dict[str, Callable[[RunReport, str], str]] = {
    ".hgrm": lambda report, latency: hgrm(decode(report.latency[latency].histogram)),
    ".xml": lambda report, _: junit(report),
    ".csv": lambda report, _: seconds(report),
}
