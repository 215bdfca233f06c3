"""`make chaos`: at least 200,000 writes under every fault, with kill -9 of every process in turn, then the proof."""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from lake.verification import Report
from pytest_cdc_sandbox.pipeline import CdcSandbox
from sandbox.faults import Fault
from tests.chaos.faults import KILLED, all_faults, seeded
from tests.chaos.run import ChaoticRun

_FAULTS_AT_A_TIME = 3
_FAULT_S = 4.0
_KILL_EVERY_S = 7.0
_PLAN_S = 15
_IN_FLIGHT = 16
out = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run, print what struck and what is lost; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=200_000, help="how many at least (default: %(default)s)")
    parser.add_argument("--rps", type=int, default=2000, help="planned writes per second (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the plan and of every fault")
    options = parser.parse_args()
    out.print(f"seed {options.seed}")
    with TemporaryDirectory(prefix="chaos-") as directory, CdcSandbox.started() as sandbox:
        run = ChaoticRun(sandbox)
        _capture_natively_too(sandbox)
        load = Load(run, Path(directory), options.rps, options.writes, options.seed)
        load.start()
        with run.healing():
            _disturb(run, Random(options.seed), load)
        out.print("delivering what is left")
        run.settle(out.print)
        report = run.verified(load.ledger)
        _show(run, report)
    return 0 if report.ok and (report.writes or 0) >= options.writes else 1


class Load(threading.Thread):
    """Writes until so many are acknowledged: single items and batches at the same time, a new plan every few seconds.

    The number of unanswered requests is small, so that the server has time for the workers, too.
    """

    def __init__(self, run: ChaoticRun, directory: Path, rps: int, writes: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._run = run
        self.ledger = directory / "acknowledged.ledger"
        self._directory = directory
        self._rps = rps
        self._writes = writes
        self._seed = seed
        self._ended = threading.Event()

    def run(self) -> None:
        """Write."""
        for number in itertools.count():
            self._run.wait_until_alive()
            plans = [self._plan(batch, self._seed + 2 * number + (batch > 1)) for batch in (1, 25)]
            for plan in plans:
                plan.wait()
            acknowledged = self.acknowledged()
            out.print(f"{acknowledged:,} writes are acknowledged")
            if acknowledged >= self._writes:
                break
        self._ended.set()

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return not self._ended.is_set()

    def acknowledged(self) -> int:
        """How many writes are in the ledger."""
        if not self.ledger.exists():
            return 0
        return sum(not line.startswith(b'{"ledger"') for line in self.ledger.open("rb"))

    def _plan(self, batch: int, seed: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "loadgen", "--state-dir", str(self._run.sandbox.state_dir), "--quiet"]
        command += ["--rps", str(self._rps // 2), "--duration", f"{_PLAN_S}s", "--seed", str(seed)]
        if batch == 1:
            command += ["--keys", "hot:keys=50,share=0.5"]
        command += ["--batch", str(batch), "--max-in-flight", str(_IN_FLIGHT)]
        command += ["--ledger", str(self.ledger), "--report", str(self._directory / f"{batch}.json")]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _capture_natively_too(sandbox: CdcSandbox) -> None:
    """Let the table write to the stream itself, too: each change is in the log twice, and the view is the same."""
    described = sandbox.client("kinesis").describe_stream_summary(StreamName=sandbox.outputs.require("stream_name"))
    sandbox.client("dynamodb").enable_kinesis_streaming_destination(
        TableName=sandbox.outputs.require("table_name"),
        StreamArn=described["StreamDescriptionSummary"]["StreamARN"],
        EnableKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"},
    )


def _disturb(run: ChaoticRun, random: Random, load: Load) -> None:
    """Switch every fault on in a random order, again and again, and kill processes, until the load ends."""
    waiting: list[Fault] = []
    killing = threading.Thread(target=_kill, args=(run, load), daemon=True)
    killing.start()
    while load.is_running:
        if len(waiting) < _FAULTS_AT_A_TIME:
            waiting += random.sample(all_faults(), len(all_faults()))
        chosen, waiting = waiting[:_FAULTS_AT_A_TIME], waiting[_FAULTS_AT_A_TIME:]
        for fault in chosen:
            run.on(seeded(fault, random.randrange(1 << 30)))
        load.join(_FAULT_S)
        run.off()
    killing.join()


def _kill(run: ChaoticRun, load: Load) -> None:
    for name in itertools.cycle(KILLED):
        run.wait_until_alive()
        load.join(_KILL_EVERY_S)
        if not load.is_running:
            return
        run.kill(name)


def _show(run: ChaoticRun, report: Report) -> None:
    table = Table("fault", "struck", box=None)
    for what, times in sorted(run.struck.items()):
        table.add_row(what, f"{times:,}")
    out.print(table)
    for title, counted in (("kill -9", run.killed), ("restarted", run.restarted)):
        out.print(f"{title}: " + ", ".join(f"{name} {times}" for name, times in sorted(counted.items())))
    out.print(
        f"writes acknowledged: {report.writes:,}; items: {report.items:,}; changes in the log: {report.changes:,}"
    )
    out.print(f"duplicates in the log: {report.duplicates:,}")
    out.print(
        f"missing {report.missing}, extra {report.extra}, different {report.different}, lost {report.lost}",
        style="bold green" if report.ok else "bold red",
    )


if __name__ == "__main__":
    raise SystemExit(main())
