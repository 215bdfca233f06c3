"""A worker pool on a Dask cluster: each of its workers carries out one segment.

Any cluster works (local, Kubernetes, Fargate by dask-cloudprovider): only the scheduler's address is needed. This
module uploads loadgen to the workers; its dependencies must be installed there, and AWS credentials come from the
workers' environment unless the endpoint has explicit ones.

A segment is never carried out twice, although Dask reruns a task when its worker is restarted, retired or lost
(`retries=0` covers errors only). Each execution of a task has a random name, which its messages contain. The start
message lists the executions that it admits, one per segment, and no other execution ever sends a write. When the worker
of a segment is lost, or Dask takes the segment's task from it, the segment is lost.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from loadgen.distributed import bundle, cluster_task, messages
from loadgen.distributed.messages import JobRefused, Ready
from loadgen.distributed.worker_pool import Seconds, follow, not_started
from loadgen.job import Job, SegmentResult
from loadgen.metrics.counters import MetricsRow
from loadgen.schedule.keys import LANES
from stack import UserError, cluster, explain

_POLL_S = 0.5
# How long after the end of a task its last message may arrive.
_LAST_MESSAGE_S = 10.0
_SCHEDULER_TIMEOUT_S = 10.0
# The errors of a call when the scheduler is gone: CommClosedError and FatalCommClosedError are OSErrors.
_LOST_SCHEDULER = (OSError, TimeoutError, RuntimeError, ValueError)


class _Received(NamedTuple):
    execution: str
    message: messages.WorkerMessage


class Cluster:
    """Carries out each segment on a worker of a Dask cluster. Call `launch` first."""

    def __init__(
        self, address: str, script: str | None = None, *, connect_timeout_s: float = cluster.CONNECT_TIMEOUT_S
    ) -> None:
        self._address = address
        self._script = script
        self._connect_timeout_s = connect_timeout_s
        self._run = f"loadgen-{secrets.token_hex(8)}"
        self._distributed: Any = None
        self._client: Any = None
        self._workers: list[str] = []
        self._futures: list[Any] = []
        self._received: list[asyncio.Queue[_Received]] = []
        self._admitted: list[str] = []
        self._stops = 0
        self._stopping: set[asyncio.Task[None]] = set()

    @property
    def segments(self) -> int:
        """The number of workers."""
        return len(self._workers)

    @property
    def lead_s(self) -> float:
        """How long before the start the workers must receive it."""
        return 2.0

    async def launch(self) -> None:
        """Connect to the scheduler and send this package to the workers. Raises: UserError: either fails."""
        self._distributed = cluster.dask(self._address)
        try:
            self._client = await self._distributed.Client(
                self._address, asynchronous=True, timeout=self._connect_timeout_s, set_as_default=False
            )
        except cluster.CONNECT_ERRORS as error:
            raise cluster.no_scheduler(self._address, error) from None
        self._workers = sorted(await self._living())[:LANES]
        if not self._workers:
            raise cluster.no_workers(self._address)
        with TemporaryDirectory() as directory:
            await self._send(bundle.build(Path(directory), self._script))

    async def prepare(self, jobs: list[Job]) -> None:
        """Prepare every segment."""
        self._received = [asyncio.Queue() for _ in jobs]
        self._client.subscribe_topic(self._run, self._hear)
        await self._variable("start").set((0, []))
        await self._variable("stops").set(0)
        for worker, job in zip(self._workers, jobs, strict=True):
            self._futures.append(
                self._client.submit(
                    cluster_task.carry_out,
                    self._run,
                    msgspec.msgpack.encode(job),
                    workers=[worker],
                    allow_other_workers=False,
                    pure=False,
                    retries=0,
                )
            )
        for segment in range(self.segments):
            execution, message = await self._next(segment)
            match message:
                case Ready():
                    self._admitted.append(execution)
                case JobRefused(sentence):
                    # A message without an execution is not the worker's: it is gone.
                    raise UserError(sentence) if execution else not_started(sentence)
                case _:
                    raise RuntimeError("a worker sent an unexpected message")

    async def run(self, start_epoch_ns: int, on_row: Callable[[MetricsRow], None]) -> list[SegmentResult]:
        """Carry out the plan, which starts at this wall time."""
        seconds = Seconds(self.segments, on_row)
        await self._variable("start").set((start_epoch_ns, self._admitted))
        parts = (follow(segment, partial(self._next_admitted, segment), seconds) for segment in range(self.segments))
        return await asyncio.gather(*parts)

    def stop(self) -> None:
        """Stop sending and wait for replies; when called again, stop waiting too."""
        self._stops += 1
        task = asyncio.create_task(self._variable("stops").set(self._stops))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def close(self) -> None:
        """Remove everything that this run left on the cluster."""
        if self._client is None:
            return
        await asyncio.gather(*self._stopping, return_exceptions=True)
        if self._futures:
            with suppress(*_LOST_SCHEDULER):
                async with asyncio.timeout(_SCHEDULER_TIMEOUT_S):
                    # This ends a task that waits for its start or is running; cancelling does not end a running task.
                    await self._variable("stops").set(2)
                    await self._variable("start").set((-1, []))
                    await self._client.cancel(self._futures)
        await self._client.close(timeout=_SCHEDULER_TIMEOUT_S)

    async def _send(self, file: Path) -> None:
        """Put a bundle on the scheduler and on each worker, including workers that start later."""
        for plugin in cluster.uploads(file):
            await self._client.register_plugin(plugin, name=file.name)

    def _variable(self, name: str) -> Any:
        return self._distributed.Variable(f"{self._run}-{name}", client=self._client)

    async def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, content = event
        message = messages.decode_worker_message(content["message"])
        self._received[int(content["segment"])].put_nowait(_Received(content["execution"], message))

    async def _living(self) -> set[str]:
        """Return the addresses of the workers. Raises: UserError: the scheduler does not respond any more."""
        try:
            async with asyncio.timeout(_SCHEDULER_TIMEOUT_S):
                identity = await self._client.scheduler.identity(n_workers=-1)
        except _LOST_SCHEDULER:
            raise UserError(f"the scheduler at {self._address} is gone") from None
        return set(identity["workers"])

    async def _next_admitted(self, segment: int) -> messages.WorkerMessage:
        """Return a segment's next message from the execution that was started."""
        while True:
            execution, message = await self._next(segment)
            if isinstance(message, JobRefused) or execution == self._admitted[segment]:
                return message

    async def _next(self, segment: int) -> _Received:
        """Return a segment's next message; JobRefused when its worker is gone or its task has failed."""
        messages, future = self._received[segment], self._futures[segment]
        silent_s = 0.0
        while True:
            try:
                async with asyncio.timeout(_POLL_S):
                    return await messages.get()
            except TimeoutError:
                lost = await self._lost(segment)
                silent_s = silent_s + _POLL_S if future.done() else 0.0
                if lost is None and silent_s > _LAST_MESSAGE_S:
                    lost = f"worker {self._workers[segment]} did not send its result"
                if lost is not None:
                    return _Received("", JobRefused(lost))

    async def _lost(self, segment: int) -> str | None:
        """Return why a segment is lost; None while its worker and its task are alive."""
        worker, future = self._workers[segment], self._futures[segment]
        try:
            if worker not in await self._living():
                await self._client.cancel([future])
                return f"worker {worker} is gone"
        except UserError as error:
            return str(error)
        if future.status in ("cancelled", "lost"):
            return f"Dask cancelled the task of worker {worker}, as when its workers are restarted"
        return _reason(await future.exception()) if future.status == "error" else None


def _reason(error: BaseException) -> str:
    return explain(error) or f"{type(error).__name__}: {error}"
