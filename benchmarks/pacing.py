"""How punctually writes leave: the lag between a write's planned time and its sending.

    python -m benchmarks.pacing [--quick] [--json PATH]     (make bench-pacing)

The load generator's own path, from the plan to the fast writer's socket and
back, against a null server on the other core; beside it the two usual ways to
keep a rate, with nothing to send: sleeping for the gap, and a tick of 1 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import uvloop

from benchmarks.loadgen import CLIENT_CORE, make_certificate, null_server, pinned
from loadgen.figures import Latencies, Row
from loadgen.histogram import coarse, percentiles
from loadgen.mix import Mix
from loadgen.plan import Plan
from loadgen.profile import Constant
from loadgen.segment import Job, Segment
from loadgen.writer import Endpoint, Limits

CASES = ((500.0, 60.0), (5_000.0, 20.0), (20_000.0, 20.0))
_QUICK_S = 5.0


class Paced(msgspec.Struct):
    """What one way of pacing did: lag in µs, and its share of a core."""

    way: str
    asked_per_s: float
    planned: int
    sent: int
    acked: int
    lag_p50_us: int
    lag_p99_us: int
    lag_max_us: int
    service_p99_us: int
    cpu_share: float


def main() -> None:
    """Measure all cases, each in a process of its own."""
    parser = argparse.ArgumentParser(description="How punctually writes leave.")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_S:g} s a case")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        way, rate, seconds, port = arguments.case
        print(msgspec.json.encode(uvloop.run(WAYS[way](float(rate), float(seconds), int(port)))).decode())
        return
    found: list[Paced] = []
    print(f"{'way':14} {'asked/s':>8} {'planned':>9} {'sent':>9} {'lag p50':>9} {'p99':>9} {'max':>9}  {'core':>6}")
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = make_certificate(Path(directory))
        with null_server(certificate, key, tls=False) as port:
            for rate, seconds in CASES:
                for way in WAYS:
                    found.append(run(way, rate, _QUICK_S if arguments.quick else seconds, port))
                    show(found[-1])
    if arguments.json:
        arguments.json.write_text(json.dumps(msgspec.to_builtins(found), indent=2) + "\n")


def run(way: str, rate: float, seconds: float, port: int) -> Paced:
    """One case in a process of its own, on the clients' core."""
    case = [way, str(rate), str(seconds), str(port)]
    command = [*pinned(CLIENT_CORE), sys.executable, "-m", "benchmarks.pacing", "--case", *case]
    result = subprocess.run(command, capture_output=True, check=True)
    return msgspec.json.decode(result.stdout, type=Paced)


def show(paced: Paced) -> None:
    """One line of the table."""
    print(
        f"{paced.way:14} {paced.asked_per_s:>8,.0f} {paced.planned:>9,} {paced.sent:>9,} {paced.lag_p50_us:>6,} µs "
        f"{paced.lag_p99_us:>6,} µs {paced.lag_max_us:>6,} µs  {paced.cpu_share:>6.1%}",
        flush=True,
    )


async def loadgen(rate: float, seconds: float, port: int) -> Paced:
    """The load generator."""
    rows: list[Row] = []
    plan = Plan(profile=Constant(rate, seconds), seed=1, mix=Mix(60, 30, 10), max_in_flight=4096)
    url = f"http://127.0.0.1:{port}"
    segment = Segment(
        Job(
            plan=plan,
            endpoint=Endpoint(region="eu-west-1", url=url, access_key="AKIDEXAMPLE", secret_key="secret"),  # noqa: S106 - no secret
            table="orders",
            writer="fast",
            keys={"orders": ("order_id",)},
            limits=Limits(connections=4096),
        ),
        rows.append,
    )
    await segment.prepare()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    result = await segment.run(time.time_ns() + 100_000_000)
    await segment.close()
    total = Latencies()
    for row in rows:
        total.add(row.latencies)
    p50, p99, highest = percentiles(total.lag, (50, 99, 100))
    (service,) = percentiles(total.service, (99,))
    counts, share = result.counts, result.cpu_s / result.elapsed_s
    return Paced("loadgen", rate, plan.count, counts.sent, counts.acked, p50, p99, highest, service, share)


async def sleeping(rate: float, seconds: float, _: int) -> Paced:
    """`await asyncio.sleep(1 / rate)` between writes."""
    return await _alone("sleep", rate, seconds, lambda: asyncio.sleep(1 / rate), at_once=1)


async def ticking(rate: float, seconds: float, _: int) -> Paced:
    """A tick every millisecond, that sends all that is due by then."""
    return await _alone("1 ms tick", rate, seconds, lambda: asyncio.sleep(0.001), at_once=1_000_000)


async def _alone(way: str, rate: float, seconds: float, wait: Callable[[], Awaitable[None]], *, at_once: int) -> Paced:
    """Wait, send at most so many of those that are due, and so on."""
    lag: dict[int, int] = {}
    sent, planned = 0, round(rate * seconds)
    begin_ns, cpu_s = time.monotonic_ns(), time.process_time()
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
    p50, p99, highest = percentiles(lag, (50, 99, 100))
    share = (time.process_time() - cpu_s) / (time.monotonic_ns() - begin_ns) * 1e9
    return Paced(way, rate, planned, sent, 0, p50, p99, highest, 0, share)


WAYS = {"sleep": sleeping, "tick": ticking, "loadgen": loadgen}


if __name__ == "__main__":
    main()
