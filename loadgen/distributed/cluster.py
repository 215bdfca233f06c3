"""A worker pool on a Dask cluster: one segment on each of its workers, wherever they run.

Any cluster will do (local, Kubernetes, Fargate by dask-cloudprovider): only the
scheduler's address is needed. The workers get this package from here; what it
depends on must be installed on them, and AWS credentials come from where they
run, unless the endpoint has its own.

A segment is never carried out twice, though Dask runs a task again when its
worker is restarted, retired or lost (`retries=0` is about errors only). Each
execution of a task has a random name, which comes with its messages. The start
names the executions that it admits, one a segment, and no other execution ever
sends a write. When the worker of a segment is lost, so is the segment.
"""

from __future__ import annotations

import asyncio
import importlib
import re
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
from loadgen.distributed.worker_pool import Seconds, follow
from loadgen.job import Job, SegmentResult
from loadgen.metrics.counters import MetricsRow
from loadgen.schedule.keys import LANES
from stack import UserError, explain

_ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx|ucxx)://)?(?:\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):\d{1,5}")
_CONNECT_TIMEOUT_S = 10.0
_POLL_S = 0.5
# From the end of a task until its last message must have come.
_LAST_MESSAGE_S = 10.0
_SCHEDULER_TIMEOUT_S = 10.0
# What a call raises whose scheduler is gone: CommClosedError and FatalCommClosedError are OSErrors.
_LOST_SCHEDULER = (OSError, TimeoutError, RuntimeError, ValueError)


class _Told(NamedTuple):
    execution: str
    message: messages.WorkerMessage


class Cluster:
    """Each segment on a worker of a Dask cluster. Call `launch` first."""

    def __init__(
        self, address: str, script: str | None = None, *, connect_timeout_s: float = _CONNECT_TIMEOUT_S
    ) -> None:
        self._address = address
        self._script = script
        self._connect_timeout_s = connect_timeout_s
        self._run = f"loadgen-{secrets.token_hex(8)}"
        self._distributed: Any = None
        self._client: Any = None
        self._workers: list[str] = []
        self._futures: list[Any] = []
        self._told: list[asyncio.Queue[_Told]] = []
        self._admitted: list[str] = []
        self._stops = 0
        self._stopping: set[asyncio.Task[None]] = set()

    @property
    def segments(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    @property
    def lead_s(self) -> float:
        """How long before the start the workers must know it."""
        return 2.0

    async def launch(self) -> None:
        """Connect to the scheduler and send the workers this package. UserError when that is not possible."""
        if _ADDRESS.fullmatch(self._address) is None:
            raise UserError(f"{self._address!r} is no address of a Dask scheduler: write --cluster as tcp://HOST:PORT.")
        try:
            self._distributed = importlib.import_module("distributed")
        except ModuleNotFoundError:
            raise UserError("--cluster needs Dask: install the project's extra `cluster`.") from None
        try:
            self._client = await self._distributed.Client(
                self._address, asynchronous=True, timeout=self._connect_timeout_s, set_as_default=False
            )
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise UserError(f"No Dask scheduler answers at {self._address} ({reason}): check --cluster.") from None
        self._workers = sorted(await self._living())[:LANES]
        if not self._workers:
            raise UserError(f"The Dask cluster at {self._address} has no workers: start some, then run again.")
        with TemporaryDirectory() as directory:
            await self._send(bundle.build(Path(directory), self._script))

    async def prepare(self, jobs: list[Job]) -> None:
        """Get every segment ready."""
        self._told = [asyncio.Queue() for _ in jobs]
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
                    raise UserError(sentence)
                case _:
                    raise RuntimeError("a worker sent an unexpected message")

    async def run(self, start_epoch_ns: int, on_row: Callable[[MetricsRow], None]) -> list[SegmentResult]:
        """Carry out the plan from this wall time on."""
        seconds = Seconds(self.segments, on_row)
        await self._variable("start").set((start_epoch_ns, self._admitted))
        parts = (follow(segment, partial(self._next_admitted, segment), seconds) for segment in range(self.segments))
        return await asyncio.gather(*parts)

    def stop(self) -> None:
        """The first time: send no more, and wait for replies. The second time: wait for nothing."""
        self._stops += 1
        task = asyncio.create_task(self._variable("stops").set(self._stops))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def close(self) -> None:
        """Leave the cluster as it was."""
        if self._client is None:
            return
        await asyncio.gather(*self._stopping, return_exceptions=True)
        if self._futures:
            with suppress(*_LOST_SCHEDULER):
                async with asyncio.timeout(_SCHEDULER_TIMEOUT_S):
                    # A task that waits for its start, or goes on, ends by this; cancelling does not end a running task.
                    await self._variable("stops").set(2)
                    await self._variable("start").set((-1, []))
                    await self._client.cancel(self._futures)
        await self._client.close(timeout=_SCHEDULER_TIMEOUT_S)

    async def _send(self, file: Path) -> None:
        """Put a bundle on the scheduler and on each worker, those that start later included.

        `Client.upload_file` registers each upload under a random name. A worker that starts then carries out every
        upload that there ever was, all at once, and may import the file while another upload of it truncates it.
        Here the name is the bundle's, which follows its contents, so that a bundle is registered once.
        """
        plugins: Any = importlib.import_module("distributed.diagnostics.plugin")
        for plugin in (plugins.SchedulerUploadFile(str(file)), plugins.UploadFile(str(file))):
            plugin.idempotent = True
            await self._client.register_plugin(plugin, name=file.name)

    def _variable(self, name: str) -> Any:
        return self._distributed.Variable(f"{self._run}-{name}", client=self._client)

    async def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        _, content = event
        message = messages.decode_worker_message(content["message"])
        self._told[int(content["segment"])].put_nowait(_Told(content["execution"], message))

    async def _living(self) -> set[str]:
        """The addresses of the workers. UserError when the scheduler does not answer any more."""
        try:
            async with asyncio.timeout(_SCHEDULER_TIMEOUT_S):
                identity = await self._client.scheduler.identity(n_workers=-1)
        except _LOST_SCHEDULER:
            raise UserError(f"the scheduler at {self._address} is gone") from None
        return set(identity["workers"])

    async def _next_admitted(self, segment: int) -> messages.WorkerMessage:
        """A segment's next message from the execution that was started."""
        while True:
            execution, message = await self._next(segment)
            if isinstance(message, JobRefused) or execution == self._admitted[segment]:
                return message

    async def _next(self, segment: int) -> _Told:
        """A segment's next message; Refused when its worker is gone or its task has failed."""
        told, future = self._told[segment], self._futures[segment]
        silent_s = 0.0
        while True:
            try:
                async with asyncio.timeout(_POLL_S):
                    return await told.get()
            except TimeoutError:
                lost = await self._lost(segment)
                silent_s = silent_s + _POLL_S if future.done() else 0.0
                if lost is None and silent_s > _LAST_MESSAGE_S:
                    lost = f"worker {self._workers[segment]} did not send its result"
                if lost is not None:
                    return _Told("", JobRefused(lost))

    async def _lost(self, segment: int) -> str | None:
        """Why a segment is lost; None when its worker and its task are alive."""
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
