"""One process of the load generator compared with several: the cost of a write, and whether the plan is kept.

    python -m benchmarks.loadgen.processes [--processes 1,2] [--seconds 5] [--json PATH]     (make bench-loadgen)

Each run is `--processes N` of the load generator, with the same rate for each process. The null servers need cores too,
about as many as the processes; so each process runs at the share of its capacity that the cores allow for all.
`scaling` is the rate relative to N times that of one process. With such bounded rates, the processor time per write is
more telling: if a process costs no more beside others, N of them do N times as much on N cores.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import sys
import time
from pathlib import Path

import msgspec

from benchmarks import terminal
from benchmarks.loadgen.clock import CONCURRENCY
from benchmarks.loadgen.machine import cores, facts
from benchmarks.loadgen.measure import UNDISTURBED_SHARE
from benchmarks.loadgen.server import LIMIT_SHARE, NullServer, share
from benchmarks.terminal import Steps
from loadgen.distributed.processes import Processes
from loadgen.distributed.worker_pool import split
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.job import Job
from loadgen.metrics.counters import Latencies, MetricsRow
from loadgen.metrics.histogram import percentiles
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant

# More than a process's capacity, to measure the capacity.
_FIRST_ASKED_PER_S = 8_000.0
_MORE = 1.2
_KEPT = 0.97
_PROBE_S = 1.0
_WARM_UP_S = 1.0
# The used share of all cores; the rest is for other load, and for the higher cost per write below a process's capacity,
# where each wake-up finds fewer writes.
_USABLE = 0.6


class Scaled(msgspec.Struct, kw_only=True):
    """The result of several processes: rates in writes per second, processor time of all processes in µs per write."""

    processes: int
    asked_per_s: float
    acked_per_s: float
    dropped: int
    cpu_us_per_write: float
    coordinator_us_per_write: float
    server_us_per_write: float
    server_share: float
    lag_p99_us: int


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loadgen.processes",
        description="One process of the load generator compared with several.",
    )
    numbers = [1, 2, 4, 8, 16, 32]
    parser.add_argument(
        "--processes",
        type=lambda text: [int(number) for number in text.split(",")],
        default=[number for number in numbers if number <= max(2, cores() // 2)],
        help="numbers of processes, comma-separated (default: 1, 2, … up to half the cores)",
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds per run (default: 5)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    arguments = parser.parse_args(argv)
    most = max(arguments.processes)
    with contextlib.ExitStack() as stack:
        steps = stack.enter_context(Steps("processes"))
        servers = _servers(stack, max(1, min(most, cores() // 2)))
        steps.begin("what one process can do")
        alone = _alone(servers)
        steps.end(f"{alone.acked_per_s:,.0f} writes/s")
        rate = part(alone, most, cores()) * alone.acked_per_s
        runs: list[Scaled] = []
        for number in arguments.processes:
            steps.begin(f"{number} of {rate:,.0f} writes/s each")
            runs.append(asyncio.run(_run(servers, number, rate, arguments.seconds)))
            steps.end(f"{runs[-1].acked_per_s:,.0f} writes/s, {runs[-1].cpu_us_per_write:.1f} µs of CPU a write")
    show(alone, runs)
    if arguments.json:
        report = {"version": 1, "machine": facts(), "servers": len(servers), "alone": alone, "runs": runs}
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return 0


def _alone(servers: list[NullServer]) -> Scaled:
    """One process at increasing rates, until they slightly exceed its capacity.

    Counting dropped writes also takes time, so far above the capacity it would do less.
    """
    rate = _FIRST_ASKED_PER_S
    while (run := asyncio.run(_run(servers, 1, rate, _PROBE_S))).acked_per_s >= _KEPT * rate:
        rate *= _MORE
    return run


def part(alone: Scaled, processes: int, cores: int) -> float:
    """The share of one process's capacity that the cores allow for each of several, including the servers."""
    busy = alone.acked_per_s * (alone.cpu_us_per_write + alone.coordinator_us_per_write + alone.server_us_per_write)
    return min(0.8, _USABLE * cores / (processes * busy / 1e6))


def _servers(stack: contextlib.ExitStack, number: int) -> list[NullServer]:
    """Null servers that share a port."""
    servers = [stack.enter_context(NullServer(prefix=[]))]
    while len(servers) < number:
        servers.append(stack.enter_context(NullServer(prefix=[], port=servers[0].port)))
    return servers


async def _run(servers: list[NullServer], processes: int, rate: float, seconds: float) -> Scaled:
    """Some processes, each at this rate. The numbers are of the time after the warm-up, except processor times."""
    whole_s = _WARM_UP_S + seconds
    plan = Plan(
        profile=Constant(rate * processes, whole_s),
        seed=1,
        mix=Mix(60, 30, 10),
        warm_up_s=_WARM_UP_S,
        max_in_flight=4 * CONCURRENCY * processes,
    )
    job = Job(
        plan=plan,
        endpoint=Endpoint(region="eu-west-1", url=servers[0].url, access_key="AKIDEXAMPLE", secret_key="secret"),  # noqa: S106 - no secret
        table="orders",
        writer="fast",
        keys={"orders": ("order_id",)},
        limits=Limits(connections=plan.max_in_flight),
    )
    rows: list[MetricsRow] = []
    workers = Processes(processes)
    try:
        await workers.launch()
        await workers.prepare(split(job, processes))
        before, own_s = [server.usage() for server in servers], _own_s()
        parts = await workers.run(time.time_ns() + round(workers.lead_s * 1e9), rows.append)
        after, own_s = [server.usage() for server in servers], _own_s() - own_s
    finally:
        await workers.close()
    results = [part.result for part in parts if part.result is not None]
    if len(results) < processes:
        raise RuntimeError("; ".join(part.lost or "" for part in parts))
    writes = sum(result.counts.acked + result.warm_up.acked for result in results)
    lag = Latencies()
    for row in rows:
        if row.second >= 0:
            lag.add(row.latencies)
    return Scaled(
        processes=processes,
        asked_per_s=rate * processes,
        acked_per_s=sum(result.counts.acked / (result.elapsed_s - _WARM_UP_S) for result in results),
        dropped=sum(result.counts.dropped for result in results),
        cpu_us_per_write=sum(result.cpu_s for result in results) / writes * 1e6,
        coordinator_us_per_write=own_s / writes * 1e6,
        server_us_per_write=sum(b.cpu_s - a.cpu_s for a, b in zip(before, after, strict=True)) / writes * 1e6,
        server_share=max(share(a, b) for a, b in zip(before, after, strict=True)),
        lag_p99_us=percentiles(lag.lag, (99,))[0],
    )


def _own_s() -> float:
    """Processor seconds of this process, the coordinator."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def show(alone: Scaled, runs: list[Scaled]) -> None:
    """Print a table, and the limits of this machine's result."""
    table = terminal.table("Processes of the load generator, at the same rate each")
    for heading in ("processes", "asked/s", "acked/s", "scaling", "dropped", "lag p99 µs", "CPU µs/ write", "to one"):
        table.add_column(heading, justify="right", overflow="fold")
    for heading in ("coordinator µs/ write", "server's core"):
        table.add_column(heading, justify="right", overflow="fold")
    one = runs[0]
    for run in runs:
        table.add_row(
            str(run.processes),
            f"{run.asked_per_s:,.0f}",
            f"{run.acked_per_s:,.0f}",
            f"{run.acked_per_s * one.processes / one.acked_per_s:.2f}",
            f"{run.dropped:,}",
            f"{run.lag_p99_us:,}",
            f"{run.cpu_us_per_write:.1f}",
            f"{run.cpu_us_per_write / one.cpu_us_per_write:.2f}",
            f"{run.coordinator_us_per_write:.2f}",
            f"{'! ' if run.server_share > LIMIT_SHARE else ''}{run.server_share:.0%}",
        )
    console = terminal.console()
    console.print(table)
    console.print(_words(alone, max(run.processes for run in runs)), soft_wrap=True)


def _words(alone: Scaled, most: int) -> str:
    """The limits of the machine's result."""
    asked = part(alone, most, cores())
    used = alone.acked_per_s * alone.cpu_us_per_write / 1e6
    found = [
        f"One process above its capacity did {alone.acked_per_s:,.0f} writes/s with {used:.0%} of a core.",
        f"{most} processes and the server share {cores()} cores: each ran at {asked:.0%} of that.",
    ]
    if used < UNDISTURBED_SHARE and alone.server_share < LIMIT_SHARE:
        found.append("Other load used part of the cores: the rates are lower than possible.")
    if cores() < 2 * most:
        found.append(
            f"This shows whether {most} processes keep their plan, and the cost per write; a proof of {most} times the "
            f"rate with a core for each needs {2 * most} cores."
        )
    return " ".join(found)


if __name__ == "__main__":
    sys.exit(main())
