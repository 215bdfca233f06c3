"""`make test-capacity`: `python -m tests.capacity [STAGE ...]`.

Limits one stage of a running pipeline after another, runs `python -m loadgen capacity`, and checks the stage that it
names and the rate that it finds. About three minutes per stage.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from capacity.report import CapacityReport, read
from loadgen.cli import main as loadgen
from tests.capacity.limits import LIMITS, StageLimit
from tests.conftest import free_port
from tests.e2e.pipeline import Pipeline

_OFF_BY = 0.1
_FROM, _PRECISION, _LONGEST = "60", "5%", "45s"
out = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run every stage, or the named ones; return 1 if a stage or a limit is not found."""
    parser = ArgumentParser(prog="python -m tests.capacity", description="Find a limit on each stage of a pipeline.")
    names = [limit.stage for limit in LIMITS]
    parser.add_argument("stage", nargs="*", choices=[*names, []], help=f"of {', '.join(names)} (default: all)")
    parser.add_argument("--reports", type=Path, metavar="DIR", help="keep the reports here")
    chosen = parser.parse_args()
    with ExitStack() as ends:
        # A short path, because a Unix socket's path has at most 107 bytes.
        directory = Path(ends.enter_context(TemporaryDirectory(prefix="capacity-")))
        reports = chosen.reports or directory
        reports.mkdir(parents=True, exist_ok=True)
        pipeline = Pipeline(directory / "state", free_port())
        started = pipeline.up()
        if started.code:
            sys.stderr.write(started.err)
            return 1
        ends.callback(pipeline.down)
        found = [
            (limit, _found(pipeline, limit, reports / f"capacity-{limit.stage}.json"))
            for limit in LIMITS
            if not chosen.stage or limit.stage in chosen.stage
        ]
    return _shown(found)


def _found(pipeline: Pipeline, limit: StageLimit, path: Path) -> CapacityReport:
    out.print(f"the {limit.stage} has a limit", style="bold")
    # No latency objective, because a busy machine's latency is independent of the limit.
    search = ["--objective", "failed==0", "--from", _FROM, "--precision", _PRECISION, "--longest", _LONGEST]
    given = [*search, *limit.options, "--report", str(path), "--state-dir", str(pipeline.state_dir)]
    with limit.is_set(pipeline):
        loadgen(["capacity", *given])
    return read(path)


def _shown(found: list[tuple[StageLimit, CapacityReport]]) -> int:
    table = Table("stage", "limit", "found", "off by", "named", "steps")
    wrong = 0
    for limit, report in found:
        taken = report.takes_per_s or 0.0
        named = "none" if report.bottleneck is None else report.bottleneck.stage
        known, off = "", ""
        if limit.per_s is not None:
            per_s = limit.per_s(report)
            known, off = f"{per_s:,.1f}/s", f"{taken / per_s - 1:+.1%}"
            wrong += abs(taken / per_s - 1) > _OFF_BY
        wrong += named != limit.stage
        table.add_row(limit.stage, known, f"{taken:,.1f}/s", off, named, str(len(report.steps)))
    out.print(table)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
