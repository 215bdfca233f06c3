"""Carries out a segment on a Dask worker: prepare, wait for the common start, run, and send each row."""

from __future__ import annotations

import asyncio
import importlib
import secrets
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from loadgen.distributed import messages
from loadgen.distributed.messages import Done, Ready, RowReady
from loadgen.engine.segment import Segment
from loadgen.job import Job
from loadgen.metrics.counters import MetricsRow

_POLL_S = 0.3
# A scheduler that does not respond for this long counts as gone.
_ANSWER_TIMEOUT_S = 10.0


class Coordination(Protocol):
    """The channel between an execution and the coordinator."""

    is_revoked: bool
    """Whether the task has been taken from this worker; the segment is then lost, and its result is not sent."""

    def tell(self, message: messages.WorkerMessage) -> None:
        """Send a message to the coordinator."""
        ...

    def start_epoch_ns(self) -> int:
        """The start of the plan; 0 while it is unknown, negative when this execution is not admitted."""
        ...

    def stops(self) -> int:
        """The number of stop requests; from 2 on, the execution does not wait for its writes."""
        ...


class _Dask:
    """Communicates through the scheduler: events of the topic `run`, and its variables."""

    def __init__(self, run: str, segment: int) -> None:
        self._distributed: Any = importlib.import_module("distributed")
        self._run, self._segment = run, segment
        self._execution = secrets.token_hex(8)
        self._worker, self._client = self._distributed.get_worker(), self._distributed.get_client()
        self._key = self._worker.get_current_task()
        self.is_revoked = False

    def tell(self, message: messages.WorkerMessage) -> None:
        content = {"segment": self._segment, "execution": self._execution, "message": messages.encode(message)}
        self._worker.log_event(self._run, content)

    def start_epoch_ns(self) -> int:
        epoch_ns, admitted = self._variable("start")
        return -1 if epoch_ns and self._execution not in admitted else int(epoch_ns)

    def stops(self) -> int:
        task = self._worker.state.tasks.get(self._key)
        if task is None or task.state != "executing":
            # The coordinator is gone, or Dask has moved the task to another worker.
            self.is_revoked = True
            return 2
        return int(self._variable("stops"))

    def _variable(self, name: str) -> Any:
        return self._distributed.Variable(f"{self._run}-{name}", client=self._client).get(timeout=_ANSWER_TIMEOUT_S)


def carry_out(run: str, encoded_job: bytes) -> None:
    """Carry out a segment in the calling thread. Every message is an event of the topic `run`."""
    import uvloop

    job = msgspec.msgpack.decode(encoded_job, type=Job)
    uvloop.run(execute(job, _Dask(run, job.plan.segment)))


async def execute(job: Job, coordination: Coordination) -> None:
    """Prepare, wait for the start, run, and send each row and the result."""

    def on_row(row: MetricsRow) -> None:
        coordination.tell(RowReady(row))

    segment = Segment(job, on_row)
    try:
        await segment.prepare()
        coordination.tell(Ready())
        start_epoch_ns = 0
        while not start_epoch_ns:
            await asyncio.sleep(_POLL_S / 3)
            start_epoch_ns = await asyncio.to_thread(coordination.start_epoch_ns)
        if start_epoch_ns < 0:
            return
        listener = asyncio.create_task(_obey(segment, coordination))
        result = await segment.run(start_epoch_ns)
        if not coordination.is_revoked:
            coordination.tell(Done(result))
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener
    finally:
        await segment.close()


async def _obey(segment: Segment, coordination: Coordination) -> None:
    """Stop on the coordinator's request, and when the coordinator or the scheduler is gone."""
    obeyed = 0
    while obeyed < 2:
        await asyncio.sleep(_POLL_S)
        try:
            asked = await asyncio.to_thread(coordination.stops)
        except Exception:
            asked = 2
        while obeyed < asked:
            segment.stop()
            obeyed += 1
