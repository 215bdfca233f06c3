"""A new counter needs one entry: a copy of the package with another field in the registry shows it everywhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import loadgen
from loadgen.metrics.counters import METRICS, Counts, SegmentMetrics

_REGISTRY = "class CounterFields(Struct, kw_only=True):"
_FIELDS = """
    hedged: Annotated[int, Shown("problem", "sent twice")] = 0
    evicted: Annotated[dict[str, int], Shown("cost")] = field(default_factory=_by_class)
"""
_SCRIPT = """
import io, sys
from pathlib import Path
from rich.console import Console
from loadgen.cli.progress import JsonLines
from loadgen.distributed.messages import RowReady, decode_worker_message, encode
from loadgen.dynamodb.writer import Endpoint
from loadgen.job import Job, SegmentResult, SegmentTotals
from loadgen.metrics.counters import Counts, SegmentMetrics
from loadgen.report import compare, page, report as reports, summary
from loadgen.report.live import LiveView
from loadgen.report.threshold import Threshold
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant

plan = Plan(profile=Constant(10.0, 1.0), seed=1)
job = Job(plan=plan, endpoint=Endpoint(region="eu-west-1"), table="orders", writer="fast", keys={})

def segment(number):
    metrics = SegmentMetrics(0, 0.0)
    metrics.measured.writes.due += 5
    metrics.measured.writes.hedged += 3
    metrics.measured.writes.evicted["cold"] += 2
    row = decode_worker_message(encode(RowReady(metrics.turn(10**9, 0)))).row
    counts = metrics.measured.counts()
    totals = SegmentTotals(segment=number, counts=counts, warm_up=Counts(), elapsed_s=1.0, cpu_s=0.1)
    return SegmentResult(number, [row], totals)

row = segment(0).rows[0]
report = reports.build(job, [segment(0), segment(1)], start_epoch_ns=0, interrupted=False)
report.save(Path("report.json"))
report = reports.load(Path("report.json"))
screen = Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
view = LiveView(plan, "orders", screen)
view.row(row)
screen.print(view._problems(None))
lines = io.StringIO()
JsonLines(stream=lines).row(row)

assert (row.counts.hedged, row.counts.evicted) == (3, {"cold": 2}), "a row, also from another process"
assert '"hedged":3' in lines.getvalue() and '"evicted":2' in lines.getvalue(), "the line of a second"
assert (report.counts.hedged, report.counts.evicted) == (6, {"cold": 4}), "the totals of all segments"
assert (report.series[0]["hedged"], report.series[0]["evicted"]) == (6, 4), "the report's seconds"
assert Threshold.parse("hedged<7").check(report).met and not Threshold.parse("evicted==0").check(report).met
worse = {line.name: line.worse for line in compare.lines(report, report)}
assert worse["hedged"] == worse["evicted"] == 0, "the comparison"
assert any("hedged 6" in line for line in summary.lines(report)), "the summary"
assert "hedged 3" in screen.file.getvalue(), "the live view"
assert "sent twice" in page.render(report) and "evicted: cold" in page.render(report), "the page"
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package with two more counters."""
    root = Path(loadgen.__file__).resolve().parents[1]
    for name in ("loadgen", "stack"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "native", "*.so*"))
    counters = tmp_path / "loadgen" / "metrics" / "counters.py"
    text = counters.read_text()
    assert text.count("    due: int = 0\n") == text.count(_REGISTRY) == 1
    counters.write_text(text.replace("    due: int = 0\n", f"    due: int = 0{_FIELDS}"))
    return tmp_path


def test_a_counter_that_is_registered_is_seen_everywhere(copied: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], cwd=copied, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_counter_adds_up_over_seconds() -> None:
    metrics = SegmentMetrics(0, 0.0)
    total = Counts()
    for second in range(1, 4):
        metrics.measured.writes.due += 10 * second
        metrics.measured.writes.dropped += second
        metrics.measured.writes.acked_by_op["insert"] += second
        metrics.measured.writes.throttled["ThrottlingException"] += second
        total.add(metrics.turn(second * 10**9, 0).counts)
    final = metrics.measured.counts()
    final.planned = final.due
    assert total == final
    assert METRICS["throttled"].number(total) == 6
    assert total.sent == 54
