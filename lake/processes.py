"""Processes of this machine that digest parts of a table, each a `python -m lake.part_worker`."""

from __future__ import annotations

import os
import queue
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from typing import IO, cast

import msgspec

from lake.parts import DigestedPart, TablePart
from stack import UserError

_LENGTH = struct.Struct(">I")
_MOST = 8


def cores() -> int:
    """Return the number of processes that are worthwhile: one for each core, up to eight."""
    return min(_MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def write_message(stream: IO[bytes], message: bytes) -> None:
    """Write a message with its length before it."""
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes | None:
    """Return the next message; None at the end."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None


class PartProcesses:
    """So many processes. Ctrl-C does not reach them; `close` ends them."""

    def __init__(self, count: int) -> None:
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "lake.part_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            for _ in range(count)
        ]
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        for process in self.processes:
            self._idle.put(process)

    @property
    def count(self) -> int:
        """The number of processes."""
        return len(self.processes)

    def digested(self, parts: list[TablePart]) -> Iterator[DigestedPart]:
        """Digest these parts. Raises: UserError: a process has ended."""
        with ThreadPoolExecutor(self.count, thread_name_prefix="part") as pool:
            try:
                for done in as_completed([pool.submit(self._digest, part) for part in parts]):
                    yield done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                self.close()

    def close(self) -> None:
        """End them."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    cast("IO[bytes]", stream).close()

    def _digest(self, part: TablePart) -> DigestedPart:
        process = self._idle.get()
        try:
            write_message(cast("IO[bytes]", process.stdin), msgspec.msgpack.encode(part))
            reply = read_message(cast("IO[bytes]", process.stdout))
        except (BrokenPipeError, ValueError):
            reply = None
        finally:
            self._idle.put(process)
        if reply is None:
            raise UserError(f"A process that reads the table has ended (exit code {process.wait()}): run again.")
        return msgspec.msgpack.decode(reply, type=DigestedPart)
