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
from sandbox.faults import Active, Fault
from sandbox.faults.kinds import checked
from tests.chaos.faults import KILLED, all_faults, seeded
from tests.chaos.run import ChaoticRun, described

_FAULTS_AT_A_TIME = 3
_FAULT_S = 4.0
_LONGEST_FAULT_S = 40.0
_ENOUGH_STRIKES = 3
_LOOK_EVERY_S = 0.5
_KILL_EVERY_S = 7.0
_PLAN_S = 15
_IN_FLIGHT = 16
out = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run, print the faults' strikes and the losses; return 1 if anything is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=200_000, help="how many at least (default: %(default)s)")
    parser.add_argument("--rps", type=int, default=2000, help="planned writes per second (default: %(default)s)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=60,
        help="for which it writes at most; fewer writes than asked for is a failure",
    )
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the plan and of every fault")
    options = parser.parse_args()
    out.print(f"seed {options.seed}")
    with TemporaryDirectory(prefix="chaos-") as directory, CdcSandbox.started() as sandbox:
        run = ChaoticRun(sandbox)
        _capture_natively_too(sandbox)
        load = Load(run, Path(directory), options.rps, options.writes, options.seed, 60 * options.minutes)
        load.start()
        with run.healing():
            _disturb(run, Random(options.seed), load)
        out.print("delivering what is left")
        run.settle(out.print)
        report = run.verified(load.ledger)
        _show(run, report)
    return 0 if report.ok and (report.writes or 0) >= options.writes else 1


class Load(threading.Thread):
    """Writes until a number of writes is acknowledged: single items and batches together, a new plan every few seconds.

    The number of unanswered requests is small, so that the server has time for the workers, too.
    """

    def __init__(self, run: ChaoticRun, directory: Path, rps: int, writes: int, seed: int, longest_s: float) -> None:
        super().__init__(daemon=True)
        self._run = run
        self.ledger = directory / "acknowledged.ledger"
        self._directory = directory
        self._rps = rps
        self._writes = writes
        self._seed = seed
        self._until_s = time.monotonic() + longest_s
        self._ended = threading.Event()

    def run(self) -> None:
        """Write."""
        try:
            self._write()
        finally:
            self._ended.set()

    def _write(self) -> None:
        for number in itertools.count():
            self._run.wait_until_alive()
            plans = [self._plan(batch, self._seed + 2 * number + (batch > 1)) for batch in (1, 25)]
            for plan in plans:
                plan.wait()
            acknowledged = self.acknowledged()
            out.print(f"{acknowledged:,} writes are acknowledged, {self._run.struck.total():,} strikes so far")
            if acknowledged >= self._writes or time.monotonic() > self._until_s:
                break

    @property
    def is_running(self) -> bool:
        """Whether the load still runs."""
        return not self._ended.is_set()

    def acknowledged(self) -> int:
        """The number of writes in the ledger."""
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
    """Enable the native capture too: each change is in the log twice, and the view is the same."""
    described = sandbox.client("kinesis").describe_stream_summary(StreamName=sandbox.outputs.require("stream_name"))
    sandbox.client("dynamodb").enable_kinesis_streaming_destination(
        TableName=sandbox.outputs.require("table_name"),
        StreamArn=described["StreamDescriptionSummary"]["StreamARN"],
        EnableKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MICROSECOND"},
    )


def _disturb(run: ChaoticRun, random: Random, load: Load) -> None:
    """Switch on every fault in a random order, repeatedly, and kill processes, until the load ends.

    A fault of rare calls, such as those to S3, stays on until it has struck, while others alternate.
    """
    waiting: list[Fault] = []
    begun: dict[str, float] = {}
    killing = threading.Thread(target=_kill, args=(run, load), daemon=True)
    killing.start()
    while load.is_running:
        while len(begun) < _FAULTS_AT_A_TIME:
            waiting = waiting or random.sample(all_faults(), len(all_faults()))
            begun[run.on(seeded(waiting.pop(), random.randrange(1 << 30))).id] = time.monotonic()
        load.join(_LOOK_EVERY_S)
        # Including a fault that was switched on by a server that died before its reply.
        ended = [
            each.id for each in run.listed() if _has_had_its_time(each, begun.setdefault(each.id, time.monotonic()))
        ]
        if ended:
            run.off(ended)
        for each in ended:
            del begun[each]
    killing.join()


def _has_had_its_time(active: Active, begun_s: float) -> bool:
    passed_s = time.monotonic() - begun_s
    enough = min(_ENOUGH_STRIKES, active.fault.count or _ENOUGH_STRIKES)
    return passed_s > (_FAULT_S if active.struck >= enough else _LONGEST_FAULT_S)


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
    kinds = {described(checked(fault)) for fault in all_faults()}
    never = sorted(kind for kind in kinds if not run.struck[kind]) + sorted(set(KILLED) - set(run.killed))
    out.print(f"never struck or killed: {', '.join(never) or 'none'}", style="bold yellow" if never else "")
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
