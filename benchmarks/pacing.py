"""How punctually writes leave: the lag between a write's planned time and its sending.

    python -m benchmarks.pacing [--seconds N] [--only loadgen] [--json PATH]     (make bench-pacing)

The load generator's own path, from the plan to the fast writer's socket and
back, against a null server on the other core; beside it the usual ways to keep
a rate, with nothing to send: sleeping for the gap, a tick of 1 ms, spinning.
The processor share is that of the process, as a share of its core; how often
other work took that core away is told beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from benchmarks import terminal
from benchmarks.loadgen.machine import CLIENT_CORE, ROOT, SERVER_CORE, facts, pinned
from benchmarks.loadgen.server import NullServer
from benchmarks.terminal import Steps
from loadgen.figures import Latencies, Row
from loadgen.histogram import coarse, percentiles
from loadgen.mix import Mix
from loadgen.plan import Plan
from loadgen.profile import Constant
from loadgen.segment import Job, Segment
from loadgen.writer import Endpoint, Limits


class Used:
    """What this process has used since this was made."""

    def __init__(self) -> None:
        self._begin = resource.getrusage(resource.RUSAGE_SELF)

    def since(self) -> tuple[float, int]:
        """Processor seconds, and how often the process had to leave its core to another."""
        now = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = now.ru_utime + now.ru_stime - self._begin.ru_utime - self._begin.ru_stime
        return cpu_s, now.ru_nivcsw - self._begin.ru_nivcsw


class Goal(NamedTuple):
    """What the load generator is to keep to at a rate, beside the exact count."""

    lag_p99_us: int
    cpu_share: float


# Rate a second, and for how many seconds.
CASES = ((500.0, 60.0), (5_000.0, 20.0), (20_000.0, 20.0))
GOALS = {500.0: Goal(500, 0.10), 20_000.0: Goal(2_500, 0.50)}


class Paced(msgspec.Struct, kw_only=True):
    """What one way of pacing did: lag in µs, and its share of a core. `acked` is of those that really send."""

    way: str
    asked_per_s: float
    seconds: float
    planned: int
    sent: int
    acked: int | None = None
    lag_p50_us: int
    lag_p99_us: int
    lag_max_us: int
    service_p99_us: int | None = None
    cpu_share: float
    preempted: int

    def misses(self) -> list[str]:
        """Where it is not as it should be."""
        goal = GOALS.get(self.asked_per_s)
        found = [] if self.sent == self.planned and self.acked in (None, self.sent) else ["count"]
        if goal and self.lag_p99_us > goal.lag_p99_us:
            found.append(f"p99 > {goal.lag_p99_us:,} µs")
        if goal and self.cpu_share > goal.cpu_share:
            found.append(f"core > {goal.cpu_share:.0%}")
        return found


def main(argv: list[str] | None = None) -> int:
    """Measure all cases, each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pacing", description="How punctually writes leave.")
    lengths = ", ".join(f"{seconds:g} s at {rate:,.0f}/s" for rate, seconds in CASES)
    parser.add_argument("--seconds", type=float, help=f"how long each case takes (default: {lengths})")
    parser.add_argument("--only", choices=WAYS, help="measure only this way")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
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
                found.append(run(way, rate, seconds, server.port))
                steps.end(f"lag p99 {found[-1].lag_p99_us:,} µs, {found[-1].cpu_share:.0%} of a core")
    show(found)
    if arguments.json:
        report = {"version": 1, "machine": facts(), "cases": found}
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return 0


def run(way: str, rate: float, seconds: float, port: int) -> Paced:
    """One case in a process of its own, on the clients' core."""
    case = [way, str(rate), str(seconds), str(port)]
    command = [*pinned(CLIENT_CORE), sys.executable, "-m", "benchmarks.pacing", "--case", *case]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(result.stdout, type=Paced)


def show(found: list[Paced]) -> None:
    """Print all cases as a table."""
    table = terminal.table("How late writes leave")
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
        console.print(f"to be kept at {rate:,.0f}/s: exact count, {limits}", soft_wrap=True)


async def loadgen(rate: float, seconds: float, port: int) -> Paced:
    """The load generator."""
    rows: list[Row] = []
    plan = Plan(profile=Constant(rate, seconds), seed=1, mix=Mix(60, 30, 10), max_in_flight=4096)
    segment = Segment(job(plan, f"http://127.0.0.1:{port}"), rows.append)
    await segment.prepare()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    used = Used()
    result = await segment.run(time.time_ns() + 100_000_000)
    cpu_s, preempted = used.since()
    await segment.close()
    total = Latencies()
    for row in rows:
        total.add(row.latencies)
    p50, p99, highest = percentiles(total.lag, (50, 99, 100))
    (service,) = percentiles(total.service, (99,))
    return Paced(
        way="loadgen",
        asked_per_s=rate,
        seconds=seconds,
        planned=plan.count,
        sent=result.counts.sent,
        acked=result.counts.acked,
        lag_p50_us=p50,
        lag_p99_us=p99,
        lag_max_us=highest,
        service_p99_us=service,
        cpu_share=cpu_s / result.elapsed_s,
        preempted=preempted,
    )


def job(plan: Plan, url: str) -> Job:
    """Carry out a plan with the fast writer at this endpoint."""
    return Job(
        plan=plan,
        endpoint=Endpoint(region="eu-west-1", url=url, access_key="AKIDEXAMPLE", secret_key="secret"),  # noqa: S106 - no secret
        table="orders",
        writer="fast",
        keys={"orders": ("order_id",)},
        limits=Limits(connections=plan.max_in_flight),
    )


async def sleeping(rate: float, seconds: float, _: int) -> Paced:
    """`await asyncio.sleep(1 / rate)` between writes."""
    return await _alone("sleep", rate, seconds, lambda: asyncio.sleep(1 / rate), at_once=1)


async def ticking(rate: float, seconds: float, _: int) -> Paced:
    """A tick every millisecond, that sends all that is due by then."""
    return await _alone("tick", rate, seconds, lambda: asyncio.sleep(0.001), at_once=sys.maxsize)


async def spinning(rate: float, seconds: float, _: int) -> Paced:
    """No wait at all: the loop goes round and looks what is due."""
    return await _alone("spin", rate, seconds, lambda: asyncio.sleep(0), at_once=sys.maxsize)


async def _alone(way: str, rate: float, seconds: float, wait: Callable[[], Awaitable[None]], *, at_once: int) -> Paced:
    """Wait, send at most so many of those that are due, and so on."""
    lag: dict[int, int] = {}
    sent, planned = 0, round(rate * seconds)
    begin_ns, used = time.monotonic_ns(), Used()
    while sent < planned and time.monotonic_ns() - begin_ns < seconds * 1e9:
        await wait()
        elapsed_ns = time.monotonic_ns() - begin_ns
        for _ in range(at_once):
            due_ns = sent * 1e9 / rate
            if due_ns > elapsed_ns or sent == planned:
                break
            late_us = coarse(int(elapsed_ns - due_ns) // 1000)
            lag[late_us] = lag.get(late_us, 0) + 1
            sent += 1
    cpu_s, preempted = used.since()
    share = cpu_s / (time.monotonic_ns() - begin_ns) * 1e9
    p50, p99, highest = percentiles(lag, (50, 99, 100))
    return Paced(
        way=way,
        asked_per_s=rate,
        seconds=seconds,
        planned=planned,
        sent=sent,
        lag_p50_us=p50,
        lag_p99_us=p99,
        lag_max_us=highest,
        cpu_share=share,
        preempted=preempted,
    )


WAYS = {"sleep": sleeping, "tick": ticking, "spin": spinning, "loadgen": loadgen}


if __name__ == "__main__":
    sys.exit(main())
