"""What a Dask worker does with a segment: prepare, wait for the common start, run, and report as it goes."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from loadgen.distributed import messages
from loadgen.distributed.messages import Done, Ready, RowReady
from loadgen.engine.segment import Segment
from loadgen.job import Job
from loadgen.metrics.counters import MetricsRow

_POLL_S = 0.3
# The segments that this process has begun: the scheduler must not make it begin one again.
_begun: set[tuple[str, int]] = set()


def carry_out(run: str, encoded_job: bytes) -> None:
    """Carry out a segment in the calling thread. Every message is an event of the topic `run`."""
    import uvloop

    job = msgspec.msgpack.decode(encoded_job, type=Job)
    identity = (run, job.plan.segment)
    if identity in _begun:
        raise RuntimeError(f"segment {job.plan.segment} has been begun before")
    _begun.add(identity)
    distributed: Any = importlib.import_module("distributed")
    worker, client = distributed.get_worker(), distributed.get_client()

    def tell(message: messages.WorkerMessage) -> None:
        worker.log_event(run, {"segment": job.plan.segment, "message": messages.encode(message)})

    def poll(name: str) -> int:
        return distributed.Variable(f"{run}-{name}", client=client).get()

    uvloop.run(_carry_out(job, tell, poll))


async def _carry_out(job: Job, tell: Callable[[messages.WorkerMessage], None], poll: Callable[[str], int]) -> None:
    def on_row(row: MetricsRow) -> None:
        tell(RowReady(row))

    segment = Segment(job, on_row)
    try:
        await segment.prepare()
        tell(Ready())
        start_epoch_ns = 0
        while not start_epoch_ns:
            await asyncio.sleep(_POLL_S / 3)
            start_epoch_ns = await asyncio.to_thread(poll, "start")
        if start_epoch_ns < 0:
            return
        listener = asyncio.create_task(_obey(segment, poll))
        tell(Done(await segment.run(start_epoch_ns)))
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener
    finally:
        await segment.close()


async def _obey(segment: Segment, poll: Callable[[str], int]) -> None:
    """Stop when the coordinator says so."""
    obeyed = 0
    while obeyed < 2:
        await asyncio.sleep(_POLL_S)
        asked = await asyncio.to_thread(poll, "stops")
        while obeyed < asked:
            segment.stop()
            obeyed += 1
