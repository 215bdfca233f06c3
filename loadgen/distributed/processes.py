"""A worker pool of processes on this machine, which lets the sender use several cores."""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from typing import NamedTuple

from loadgen.distributed import messages
from loadgen.distributed.messages import JobRefused, Prepare, Ready, Start, Stop, WorkerMessage
from loadgen.distributed.worker_pool import Seconds, follow, not_started
from loadgen.job import Job, SegmentResult
from loadgen.metrics.counters import MetricsRow
from stack import UserError

_LIMIT_BYTES = 1 << 20
_GRACE_S = 5.0


class _Worker(NamedTuple):
    process: Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> WorkerMessage:
        """Return the worker's next message; JobRefused, with the reason, when the worker is gone."""
        return await messages.read_worker_message(self.reader) or JobRefused(await self.end())

    async def end(self) -> str:
        """Return why a worker ended."""
        code = await self.process.wait()
        return f"its process was ended by signal {-code}" if code < 0 else f"its process ended with exit code {code}"


class Processes:
    """Carries out each segment in a separate process. Call `launch` first."""

    def __init__(self, segments: int) -> None:
        self._segments = segments
        self._workers: list[_Worker] = []

    @property
    def segments(self) -> int:
        """The number of processes."""
        return self._segments

    @property
    def lead_s(self) -> float:
        """How long before the start the workers must receive it."""
        return 0.1

    async def launch(self) -> None:
        """Start the processes; their imports take a while."""
        for _ in range(self._segments):
            self._workers.append(await _launch())

    async def prepare(self, jobs: list[Job]) -> None:
        """Prepare every segment."""
        for worker, job in zip(self._workers, jobs, strict=True):
            messages.write(worker.writer, Prepare(job))
        for worker in self._workers:
            match await messages.read_worker_message(worker.reader):
                case Ready():
                    pass
                case JobRefused(sentence):
                    raise UserError(sentence)
                case _:
                    raise not_started(f"a worker is gone, and {await worker.end()}")

    async def run(self, start_epoch_ns: int, on_row: Callable[[MetricsRow], None]) -> list[SegmentResult]:
        """Carry out the plan, which starts at this wall time."""
        seconds = Seconds(self._segments, on_row)
        for worker in self._workers:
            messages.write(worker.writer, Start(start_epoch_ns))
        parts = (follow(segment, worker.answer, seconds) for segment, worker in enumerate(self._workers))
        return await asyncio.gather(*parts)

    def stop(self) -> None:
        """Stop sending and wait for replies; when called again, stop waiting too."""
        for worker in self._workers:
            messages.write(worker.writer, Stop())

    async def close(self) -> None:
        """End the processes: close their sockets, and kill those that remain."""
        for worker in self._workers:
            worker.writer.close()
        for worker in self._workers:
            try:
                await asyncio.wait_for(worker.process.wait(), _GRACE_S)
            except TimeoutError:
                worker.process.kill()
                await worker.process.wait()


async def _launch() -> _Worker:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "loadgen.distributed.worker",
            str(theirs.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            # Ctrl-C reaches all processes of a terminal's group; only the coordinator reacts to it.
            start_new_session=True,
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=_LIMIT_BYTES)
    return _Worker(process, reader, writer)
