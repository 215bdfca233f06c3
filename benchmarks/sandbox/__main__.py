"""The sandbox of this checkout beside that of an earlier commit, and its tables beside DynamoDB Local.

    python -m benchmarks.sandbox [COMMIT] [--rounds 3] [--changes 30000] [--rate 2000] [--seconds 8] [--json PATH]

The commit is checked out and installed in `.build/before`, as `make bench-before` does. Each round starts both
sandboxes and puts each load on one and then immediately on the other: changes at the table's maximum rate, one and 25
per request, until the last can be queried; new orders at a rate; single calls on a table. Their order alternates, so
other load affects both equally, and the ratios are within a round. Three rounds take about six minutes.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from benchmarks.before import ROOT, checkout
from benchmarks.loadgen.machine import facts
from benchmarks.sandbox import local, tables
from benchmarks.sandbox.builds import Running, client_of, cpu_s_of, running
from benchmarks.sandbox.pipeline import Backlog, Paced, backlog, paced, queried
from benchmarks.sandbox.tables import Calls
from benchmarks.terminal import Steps, console, table
from stack.commandline import Parser, UserError, run

BATCH = 25
_BUILDS = ("before", "now")


class Measured(Struct):
    """One round of one build."""

    ready_s: float
    ready_cpu_s: float
    single: Backlog
    batched: Backlog
    paced: Paced
    calls: dict[str, Calls]


class Load(Struct):
    """The load of a round."""

    changes: int
    rate: float
    seconds: float


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.sandbox", description="The sandbox beside that of an earlier commit.")
    parser.add_argument("commit", nargs="?", default="c57f2c6", help="the earlier commit (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--changes", type=int, default=30_000, help="changes of a backlog (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=2000, help="orders a second at a rate (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=8, help="seconds at that rate (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    if not (1 <= chosen.rounds <= 50 and 1000 <= chosen.changes <= 1_000_000):
        parser.error("--rounds is from 1 to 50, --changes from 1,000 to 1,000,000.")
    if not (0 < chosen.rate <= 20_000 and 0 < chosen.seconds <= 120):
        parser.error("--rate is up to 20,000, --seconds up to 120.")
    directory = checkout(chosen.commit)
    load = Load(chosen.changes, chosen.rate, chosen.seconds)
    with Steps("builds") as steps:
        steps.begin(f"installing {chosen.commit}")
        subprocess.run(["make", "install"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        steps.end("installed")
        rounds = _rounds({"before": directory, "now": ROOT}, chosen.rounds, load, steps)
        oracle = _local(load.changes, steps)
    _show(rounds, oracle, chosen.commit)
    if chosen.json:
        report = {"machine": facts(), "commit": chosen.commit, "rounds": rounds, "dynamodb_local": oracle}
        report["ratios"] = {figure: median(ratios) for figure, ratios in _ratios(rounds).items()}
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    return 0


def _rounds(builds: Mapping[str, Path], count: int, load: Load, steps: Steps) -> list[dict[str, Measured]]:
    """Run the rounds, in which the builds' order alternates."""
    rounds: list[dict[str, Measured]] = []
    for number in range(count):
        steps.begin(f"round {number + 1} of {count}")
        names = sorted(builds, reverse=number % 2 == 1)
        rounds.append(found := _round({name: builds[name] for name in names}, load, steps))
        each = (f"{name} {found[name].batched.cpu_us_per_change:.0f} µs" for name in names)
        steps.end(f"a change costs {', '.join(each)} of processor time")
    return rounds


def _round(builds: Mapping[str, Path], load: Load, steps: Steps) -> dict[str, Measured]:
    with ExitStack() as ends:
        sandboxes: dict[str, Running] = {}
        ready_cpu_s: dict[str, float] = {}
        for name, build in builds.items():
            # A Unix socket's path is short: 107 bytes at most.
            state = ends.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp"))
            sandbox = sandboxes[name] = ends.enter_context(running(build, Path(state)))
            ready_cpu_s[name] = sum(sandbox.cpu_s().values())
        single = _each(sandboxes, lambda sandbox: backlog(sandbox, load.changes, 1))
        batched = _each(sandboxes, lambda sandbox: backlog(sandbox, load.changes, BATCH))
        at_rate = _each(sandboxes, lambda sandbox: paced(sandbox, load.rate, load.seconds))
        calls = _each(sandboxes, lambda sandbox: _calls(sandbox, load.changes // 6))
        for name, sandbox in sandboxes.items():
            written = single[name].changes + batched[name].changes + at_rate[name].written
            if (rows := queried(sandbox)) < written:
                raise UserError(f"Athena counts {rows} rows of {written} changes: {builds[name]} loses changes.")
        steps.begin("stopping both")
    return {
        name: Measured(sandbox.ready_s, ready_cpu_s[name], single[name], batched[name], at_rate[name], calls[name])
        for name, sandbox in sandboxes.items()
    }


_T = TypeVar("_T")


def _each(sandboxes: Mapping[str, Running], measure: Callable[[Running], _T]) -> dict[str, _T]:
    return {name: measure(sandbox) for name, sandbox in sandboxes.items()}


def _calls(sandbox: Running, count: int) -> dict[str, Calls]:
    return tables.measure(sandbox.port, sandbox.client("dynamodb"), lambda: sandbox.cpu_s()["server"], count)


def _local(changes: int, steps: Steps) -> dict[str, Calls] | None:
    directory = local.jars()
    steps.begin("DynamoDB Local")
    if directory is None:
        steps.end("left out: there is no Java, or `make test-oracle` has not fetched it yet")
        return None
    with local.running(directory) as (port, pid):
        calls = tables.measure(port, client_of("dynamodb", port, "eu-west-1"), lambda: cpu_s_of(pid), changes // 6)
    steps.end("measured")
    return calls


_FIGURES: dict[str, tuple[str, Callable[[Measured], float]]] = {
    "ready": ("s", lambda m: m.ready_s),
    "ready, processor time": ("s", lambda m: m.ready_cpu_s),
    "backlog, 25 a request": ("changes/s", lambda m: m.batched.per_s),
    "backlog, processor time": ("µs", lambda m: m.batched.cpu_us_per_change),
    "  of the server": ("µs", lambda m: m.batched.cpu_us["server"]),
    "  of the Pipes": ("µs", lambda m: m.batched.cpu_us["pipes"]),
    "  of Firehose": ("µs", lambda m: m.batched.cpu_us["firehose"]),
    "  of the functions": ("µs", lambda m: m.batched.cpu_us["functions"]),
    "backlog, 1 a request": ("changes/s", lambda m: m.single.per_s),
    "backlog of 1, processor time": ("µs", lambda m: m.single.cpu_us_per_change),
    "memory of the server": ("bytes/change", lambda m: m.single.memory_bytes),
    "at a rate, until queryable, p50": ("s", lambda m: m.paced.p50_s),
    "at a rate, until queryable, p99": ("s", lambda m: m.paced.p99_s),
    "at a rate, processor time": ("µs", lambda m: sum(m.paced.cpu_us.values())),
}
_CALLS = ("put", "conditional put", "update", "delete", "query")


def _figures() -> dict[str, tuple[str, Callable[[Measured], float]]]:
    figures = dict(_FIGURES)
    for name in _CALLS:
        figures[name] = ("calls/s", lambda m, name=name: m.calls[name].per_s)
        figures[f"{name}, processor time"] = ("µs", lambda m, name=name: m.calls[name].cpu_us)
    return figures


def _ratios(rounds: list[dict[str, Measured]]) -> dict[str, list[float]]:
    """This checkout's figures over the commit's, round by round."""
    return {
        name: [figure(found["now"]) / (figure(found["before"]) or 1.0) for found in rounds]
        for name, (_, figure) in _figures().items()
    }


class _Target(NamedTuple):
    """A target of a figure, or of its ratio."""

    figure: str
    least: float = 0.0
    most: float = math.inf
    is_ratio: bool = True

    @property
    def target(self) -> str:
        """Describe the bound."""
        bound = f"at least {self.least}" if self.least else f"at most {self.most}"
        return f"{bound} {self.unit}"

    @property
    def unit(self) -> str:
        """Its unit."""
        return "times the earlier commit's" if self.is_ratio else "s"


_TARGETS = (
    _Target("backlog, 1 a request", least=2.5),
    _Target("backlog, 25 a request", least=2.5),
    _Target("at a rate, until queryable, p99", most=3, is_ratio=False),
    _Target("put", least=1),
    _Target("memory of the server", most=0.5),
    _Target("ready", most=4, is_ratio=False),
)


def _show(rounds: list[dict[str, Measured]], oracle: dict[str, Calls] | None, commit: str) -> None:
    lines = table("the sandbox of this checkout and of an earlier one; medians")
    for title in ("", "unit", commit, "now", "ratio", "least to most", "DynamoDB Local"):
        lines.add_column(title)
    ratios, now = _ratios(rounds), dict[str, float]()
    for name, (unit, figure) in _figures().items():
        before, now[name] = (median(figure(found[build]) for found in rounds) for build in _BUILDS)
        known = oracle.get(name.removesuffix(", processor time")) if oracle else None
        beside = "" if known is None else f"{known.cpu_us if 'processor' in name else known.per_s:,.1f}"
        spread = sorted(ratios[name])
        lines.add_row(
            *(name, unit, f"{before:,.1f}", f"{now[name]:,.1f}", f"{median(spread):.2f}"),
            *(f"{spread[0]:.2f} to {spread[-1]:.2f}", beside),
        )
    console().print(lines)
    goals = table("targets")
    for title in ("", "target", "measured", "reached"):
        goals.add_column(title)
    for goal in _TARGETS:
        value = median(ratios[goal.figure]) if goal.is_ratio else now[goal.figure]
        reached = "yes" if goal.least <= value <= goal.most else "no"
        goals.add_row(goal.figure, goal.target, f"{value:.2f} {'times' if goal.is_ratio else 's'}", reached)
    console().print(goals)


if __name__ == "__main__":
    sys.exit(main())
