"""The load generator's clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import uvloop

from benchmarks.loadgen.clock import CONCURRENCY, Clock, Measured
from benchmarks.loadgen.workload import INSERTS, KEYS, REGION, TABLE, calls, orders
from loadgen.dynamodb.fast import FastWriter
from loadgen.dynamodb.reference import ReferenceWriter
from loadgen.dynamodb.writer import Endpoint, Limits, Writer
from loadgen.dynamodb.writes import Call, Outcome, Reply
from loadgen.engine.engine import Engine
from loadgen.engine.segment import call_source
from loadgen.metrics.counters import Counts, SegmentMetrics
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant

BATCH = 25
_LIMITS = Limits(connections=CONCURRENCY)
# The rate of the whole load generator is raised until it slightly exceeds its capacity: far above, it would spend its
# time counting dropped writes.
_FIRST_ASKED_PER_S = 8_000.0
_MORE = 1.2
_KEPT = 0.97
_TRIAL_S = 0.5
_TRIALS = 2


def fast(url: str, seconds: float) -> Measured:
    """The fast writer."""
    return uvloop.run(_closed_loop(FastWriter, url, seconds, 1))


def fast_batched(url: str, seconds: float) -> Measured:
    """The fast writer, 25 items a request."""
    return uvloop.run(_closed_loop(FastWriter, url, seconds, BATCH))


def reference(url: str, seconds: float) -> Measured:
    """The reference writer on aioboto3."""
    return uvloop.run(_closed_loop(ReferenceWriter, url, seconds, 1))


def whole(url: str, seconds: float) -> Measured:
    """The whole load generator: plan, pacing, life cycles and metrics; acknowledged writes count."""
    return uvloop.run(_whole(url, seconds, 1))


def whole_batched(url: str, seconds: float) -> Measured:
    """The same, 25 items a request."""
    return uvloop.run(_whole(url, seconds, BATCH))


async def _closed_loop(
    kind: Callable[[Endpoint, Limits], Writer], url: str, seconds: float, items_each: int
) -> Measured:
    """A writer that receives the next call after each reply."""
    writer = kind(_endpoint(url), _LIMITS)
    source = calls(items_each)
    await writer.open(CONCURRENCY)
    done = asyncio.get_running_loop().create_future()
    clock = Clock(seconds)

    def send() -> None:
        call = next(source)
        call.sent_ns = time.monotonic_ns()
        writer.send(call)

    def on_reply(calls: Sequence[Call], reply: Reply) -> None:
        for _ in calls:
            if done.done():
                return
            if reply.outcome is not Outcome.OK:
                done.set_exception(RuntimeError(f"{reply.code}: {reply.message}"))
            elif clock.over():
                done.set_result(clock.measured(items_each))
            else:
                send()

    writer.set_reply_handler(on_reply)
    for _ in range(CONCURRENCY):
        send()
    try:
        return await done
    finally:
        await writer.close()


async def _whole(url: str, seconds: float, items_each: int) -> Measured:
    writer = FastWriter(_endpoint(url), _LIMITS)
    await writer.open(CONCURRENCY)
    try:
        clock = Clock(seconds)
        rate = _FIRST_ASKED_PER_S * items_each
        while await _can(writer, rate, items_each):
            rate *= _MORE
        clock.begin()
        counts = await _counts(writer, rate, seconds, items_each)
        clock.requests = counts.requests
        return clock.measured()._replace(items=counts.acked)
    finally:
        await writer.close()


async def _can(writer: FastWriter, rate: float, items_each: int) -> bool:
    """Return whether a plan of this rate is kept; retry on failure, because other load may be the cause."""
    for _ in range(_TRIALS):
        began_s = time.perf_counter()
        acked = (await _counts(writer, rate, _TRIAL_S, items_each)).acked
        if acked >= _KEPT * rate * max(_TRIAL_S, time.perf_counter() - began_s):
            return True
    return False


async def _counts(writer: FastWriter, rate: float, seconds: float, items_each: int) -> Counts:
    """Return the result of a plan with this rate. Writes in flight beyond the connections wait for one."""
    plan = Plan(profile=Constant(rate, seconds), seed=1, mix=INSERTS, batch=items_each)
    start_ns = time.monotonic_ns()
    metrics = SegmentMetrics(start_ns, 0)
    source = call_source(plan, orders(), metrics, start_ns=start_ns)
    await Engine(plan, source, writer, metrics, keys={TABLE: ("order_id",)}).run()
    return metrics.measured.counts()


def _endpoint(url: str) -> Endpoint:
    return Endpoint(
        region=REGION, url=url, access_key=KEYS["aws_access_key_id"], secret_key=KEYS["aws_secret_access_key"]
    )
