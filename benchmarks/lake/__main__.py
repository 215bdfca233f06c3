"""Measure `lake verify` of this checkout and of an earlier commit on the same items, and of this checkout on more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.before import checkout
from benchmarks.lake.filled import FilledSandbox
from benchmarks.loadgen.machine import ROOT
from benchmarks.terminal import Steps, console, table
from stack.commandline import Parser, UserError, run

_BEFORE = "c57f2c6"
"""A commit whose verification compared row by row."""
_LOOK_S = 0.2


class Measured(NamedTuple):
    """One verification: times in seconds; `sandbox_s` is the processor time of the sandbox's processes.

    `peak_mb` is the most memory that the command's processes have had together, looked at five times a second.
    """

    build: str
    items: int
    elapsed_s: float
    command_s: float
    sandbox_s: float
    peak_mb: float

    def each_us(self, seconds: float) -> float:
        """Microseconds an item."""
        return seconds / self.items * 1e6


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.lake", description="What lake verify costs, beside an earlier commit's.")
    parser.add_argument("commit", nargs="?", default=_BEFORE, help="the earlier build (default: %(default)s)")
    parser.add_argument("--items", type=int, default=250_000, help="items for both builds (default: %(default)s)")
    parser.add_argument("--large", type=int, default=1_000_000, help="items for this checkout (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    before = checkout(chosen.commit)
    measured: list[Measured] = []
    with (
        Steps("lake verify") as steps,
        tempfile.TemporaryDirectory(prefix="bench-lake-") as directory,
        FilledSandbox(Path(directory)) as sandbox,
    ):
        for build, name, items in (
            (before, chosen.commit, chosen.items),
            (ROOT, "now", chosen.items),
            (ROOT, "now", chosen.large),
        ):
            if items < chosen.items:
                continue
            steps.begin(f"{name}, about {items:,} items")
            count = sandbox.grow(items)
            # The log is written again, and Athena's first read of an object loads it: neither build pays for that.
            _verify(ROOT, "load", count, sandbox)
            measured.append(_verify(build, name, count, sandbox))
            steps.end(f"{measured[-1].elapsed_s:.1f} s")
    _show(measured, chosen.commit)
    if chosen.json:
        chosen.json.write_text(json.dumps([line._asdict() for line in measured], indent=1))
    return 0


def _verify(build: Path, name: str, items: int, sandbox: FilledSandbox) -> Measured:
    """One verification by a build's own code, with this environment's packages."""
    environment = os.environ | {"PYTHONPATH": str(build)}
    sandbox_s, began_s = sandbox.processor_s(), time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lake", "verify", "--state-dir", str(sandbox.state_dir), "--settle", "1"],
            cwd=build,
            env=environment,
            stdout=output,
            stderr=output,
        )
        peak_mb = 0.0
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak_mb = max(peak_mb, sum(map(_resident_mb, (process.pid, *_children(process.pid)))))
            time.sleep(_LOOK_S)
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise UserError(f"lake verify of {name} failed: {output.read().decode(errors='replace')[-500:]}")
    return Measured(
        name,
        items,
        time.monotonic() - began_s,
        usage.ru_utime + usage.ru_stime,
        sandbox.processor_s() - sandbox_s,
        peak_mb,
    )


def _resident_mb(pid: int) -> float:
    """A process's resident memory."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        # The parent is the second field after the command's name, which can have spaces.
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def _show(measured: list[Measured], commit: str) -> None:
    lines = table("lake verify")
    for title in ("", "items", "elapsed, s", "command, µs of processor an item", "with the sandbox", "peak, MB"):
        lines.add_column(title)
    for line in measured:
        both_s = line.command_s + line.sandbox_s
        lines.add_row(
            *(line.build, f"{line.items:,}", f"{line.elapsed_s:.1f}", f"{line.each_us(line.command_s):.1f}"),
            *(f"{line.each_us(both_s):.1f}", f"{line.peak_mb:.0f}"),
        )
    console().print(lines)
    before, now = measured[:2]
    both = (before.command_s + before.sandbox_s) / (now.command_s + now.sandbox_s)
    console().print(
        f"{commit} takes {before.command_s / now.command_s:.1f} times the command's processor time, {both:.1f} times "
        f"that with the sandbox, and {before.elapsed_s / now.elapsed_s:.1f} times as long."
    )


if __name__ == "__main__":
    sys.exit(main())
