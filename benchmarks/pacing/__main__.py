"""Measure every way of pacing at every rate, each in its own process, and print a table."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import msgspec
import uvloop

from benchmarks import terminal
from benchmarks.loadgen.machine import CLIENT_CORE, ROOT, SERVER_CORE, facts, pinned
from benchmarks.loadgen.server import NullServer
from benchmarks.pacing.paced import GOALS, Paced
from benchmarks.pacing.ways import WAYS
from benchmarks.terminal import Steps
from stack.commandline import Parser, run

# Rate per second, and the duration in seconds.
CASES = ((500.0, 60.0), (5_000.0, 20.0), (20_000.0, 20.0))


def main(argv: list[str] | None = None) -> int:
    """Measure all cases, each in its own process."""
    return run(lambda: _main(argv))


def _main(argv: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.pacing", description="The lag of writes at a fixed rate.")
    lengths = ", ".join(f"{seconds:g} s at {rate:,.0f}/s" for rate, seconds in CASES)
    parser.add_argument("--seconds", type=float, help=f"how long each case takes (default: {lengths})")
    parser.add_argument("--only", choices=WAYS, help="measure only this way")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.case:
        way, rate, seconds, port = arguments.case
        paced = uvloop.run(WAYS[way](float(rate), float(seconds), int(port)))
        sys.stdout.write(msgspec.json.encode(paced).decode() + "\n")
        return 0
    found: list[Paced] = []
    with NullServer(prefix=pinned(SERVER_CORE)) as server, Steps("pacing") as steps:
        for rate, usual_s in CASES:
            for way in [arguments.only] if arguments.only else WAYS:
                seconds = arguments.seconds or usual_s
                steps.begin(f"{way}, {rate:,.0f}/s for {seconds:g} s")
                found.append(measure(way, rate, seconds, server.port))
                steps.end(f"lag p99 {found[-1].lag_p99_us:,} µs, {found[-1].cpu_share:.0%} of a core")
    show(found)
    if arguments.json:
        report = {"version": 1, "machine": facts(), "cases": found}
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return 0


def measure(way: str, rate: float, seconds: float, port: int) -> Paced:
    """One case in its own process, on the clients' core."""
    case = [way, str(rate), str(seconds), str(port)]
    command = [*pinned(CLIENT_CORE), sys.executable, "-m", "benchmarks.pacing", "--case", *case]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(result.stdout, type=Paced)


def show(found: list[Paced]) -> None:
    """Print all cases as a table."""
    table = terminal.table("Lag of writes")
    table.add_column("way")
    for heading in ("asked/s", "planned", "sent", "acked", "lag p50 µs", "p99 µs", "max µs", "its core", "preempted"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("missed")
    for paced in found:
        table.add_row(
            paced.way,
            f"{paced.asked_per_s:,.0f}",
            f"{paced.planned:,}",
            f"{paced.sent:,}",
            "-" if paced.acked is None else f"{paced.acked:,}",
            *(f"{lag:,}" for lag in (paced.lag_p50_us, paced.lag_p99_us, paced.lag_max_us)),
            f"{paced.cpu_share:.1%}",
            f"{paced.preempted:,}",
            ", ".join(paced.misses()) or "-",
        )
    console = terminal.console()
    console.print(table)
    for rate, goal in GOALS.items():
        limits = f"lag p99 ≤ {goal.lag_p99_us:,} µs, ≤ {goal.cpu_share:.0%} of a core"
        console.print(f"target at {rate:,.0f}/s: exact count, {limits}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
