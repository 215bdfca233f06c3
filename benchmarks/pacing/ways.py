"""The compared ways to keep a rate."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from benchmarks.pacing.floor import floor
from benchmarks.pacing.paced import Paced, Schedule, Used
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.engine import memory
from loadgen.engine.segment import Segment
from loadgen.job import Job
from loadgen.metrics.counters import Latencies, MetricsRow
from loadgen.metrics.histogram import percentiles
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant


async def loadgen(rate: float, seconds: float, port: int) -> Paced:
    """The load generator."""
    rows: list[MetricsRow] = []
    plan = Plan(profile=Constant(rate, seconds), seed=1, mix=Mix(60, 30, 10), max_in_flight=4096)
    segment = Segment(job(plan, f"http://127.0.0.1:{port}"), rows.append)
    await segment.prepare()
    memory.tune()
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
    """A tick every millisecond that sends all due writes."""
    return await _alone("tick", rate, seconds, lambda: asyncio.sleep(0.001), at_once=sys.maxsize)


async def spinning(rate: float, seconds: float, _: int) -> Paced:
    """No wait: a busy loop."""
    return await _alone("spin", rate, seconds, lambda: asyncio.sleep(0), at_once=sys.maxsize)


async def _alone(way: str, rate: float, seconds: float, wait: Callable[[], Awaitable[None]], *, at_once: int) -> Paced:
    """Wait, send up to a maximum of due writes, repeat."""
    schedule = Schedule(way, rate, seconds)
    while not schedule.over:
        await wait()
        schedule.due(at_once)
    return schedule.paced()


WAYS = {"sleep": sleeping, "tick": ticking, "spin": spinning, "floor": floor, "loadgen": loadgen}
