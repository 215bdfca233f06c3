"""`make test-capacity`: `python -m tests.capacity [--only STAGE ...]`.

Limits one stage of a running pipeline after another, runs `python -m loadgen capacity`, and checks the stage that it
names and the rate that it finds. A stage takes about two minutes. Ctrl-C and SIGTERM end the sandbox too; what
was found until then is shown, and the exit code is 130.
"""

from __future__ import annotations

import signal
import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from capacity.report import CapacityReport, read
from loadgen.cli import main as loadgen
from stack import Exit, UserError, run
from tests.capacity.limits import LIMITS, StageLimit
from tests.conftest import free_port
from tests.e2e.pipeline import Pipeline

_OFF_BY = 0.1
# Above the limits, and not so far that the cool-down takes long.
_FROM, _LONGEST = "120", "30s"
out = Console(highlight=False, soft_wrap=True)


class Found(NamedTuple):
    """What a run found of a limit, and how long it took in seconds; `report` is None if the run failed."""

    limit: StageLimit
    report: CapacityReport | None
    took_s: float

    @property
    def per_s(self) -> float | None:
        """The limit in changes per second; None when it is not known."""
        return None if self.report is None or self.limit.per_s is None else self.limit.per_s(self.report)

    @property
    def off_by(self) -> float | None:
        """The relative error of the rate found; None when the limit is not known."""
        return None if self.report is None or not self.per_s else (self.report.takes_per_s or 0.0) / self.per_s - 1

    @property
    def named(self) -> str:
        """The stage that the report names."""
        return "none" if self.report is None or self.report.bottleneck is None else self.report.bottleneck.stage

    @property
    def right(self) -> bool:
        """Whether the stage is named and its limit is found."""
        return self.named == self.limit.stage and abs(self.off_by or 0.0) <= _OFF_BY

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        return (
            self.limit.stage,
            "" if self.per_s is None else f"{self.per_s:,.1f}/s",
            "" if self.report is None else f"{self.report.takes_per_s or 0.0:,.1f}/s",
            "" if self.off_by is None else f"{self.off_by:+.1%}",
            self.named,
            "" if self.report is None else str(len(self.report.steps)),
            f"{self.took_s:.0f} s",
        )


_COLUMNS = ("stage", "limit", "found", "off by", "named", "steps", "took")


def main() -> int:
    """Run every stage, or the named ones; return 1 if a stage or a limit is not found, 130 when stopped."""
    parser = ArgumentParser(prog="python -m tests.capacity", description="Find a limit on each stage of a pipeline.")
    names = [limit.stage for limit in LIMITS]
    parser.add_argument("--only", action="append", choices=names, metavar="STAGE", help=f"of {', '.join(names)}")
    parser.add_argument("--reports", type=Path, metavar="DIR", help="keep the reports here")
    chosen = parser.parse_args()
    limits = [limit for limit in LIMITS if not chosen.only or limit.stage in chosen.only]
    found: list[Found] = []
    # A shell's background job ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _run(limits, chosen.reports, found)
    except KeyboardInterrupt:
        out.print(f"Stopped after {len(found)} of {len(limits)} stages; the sandbox is down.")
    _show(found)
    if len(found) < len(limits):
        return Exit.INTERRUPTED
    return Exit.OK if all(one.right for one in found) else Exit.NOT_AS_WANTED


def _run(limits: list[StageLimit], kept: Path | None, found: list[Found]) -> None:
    """Append what is found of each limit, and print it at once."""
    with ExitStack() as ends:
        # A short path, because a Unix socket's path has at most 107 bytes.
        directory = Path(ends.enter_context(TemporaryDirectory(prefix="capacity-")))
        reports = kept or directory
        reports.mkdir(parents=True, exist_ok=True)
        pipeline = Pipeline(directory / "state", free_port())
        ends.callback(_end, pipeline)
        out.print("starting a sandbox")
        started = pipeline.up()
        if started.code:
            raise UserError(started.err.rstrip())
        for number, limit in enumerate(limits, 1):
            out.print(f"{number} of {len(limits)}: the {limit.stage} has a limit", style="bold")
            found.append(_found(pipeline, limit, reports / f"capacity-{limit.stage}.json"))
            words = zip(_COLUMNS, found[-1].cells, strict=True)
            out.print(
                "; ".join(f"{name} {cell}" for name, cell in words if cell), style="" if found[-1].right else "red"
            )


def _end(pipeline: Pipeline) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    pipeline.down()


def _found(pipeline: Pipeline, limit: StageLimit, path: Path) -> Found:
    # No latency objective, because a busy machine's latency is independent of the limit.
    search = ["--objective", "failed==0", "--from", _FROM, "--longest", _LONGEST]
    given = [*search, *limit.options, "--report", str(path), "--state-dir", str(pipeline.state_dir)]
    began = time.monotonic()
    with limit.is_set(pipeline):
        code = loadgen(["capacity", *given])
    if code == Exit.INTERRUPTED:
        raise KeyboardInterrupt
    report = read(path) if code in (Exit.OK, Exit.NOT_AS_WANTED) else None
    return Found(limit, report, time.monotonic() - began)


def _show(found: list[Found]) -> None:
    if not found:
        return
    table = Table(*_COLUMNS)
    for one in found:
        table.add_row(*one.cells, style="" if one.right else "red")
    out.print(table)


if __name__ == "__main__":
    sys.exit(run(main))
