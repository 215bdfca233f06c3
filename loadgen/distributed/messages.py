"""The messages between the coordinator and its workers, as MessagePack in frames that begin with their length."""

from __future__ import annotations

import asyncio

import msgspec
from msgspec import Struct

from loadgen.job import Job, SegmentTotals
from loadgen.metrics.counters import MetricsRow

_LENGTH_BYTES = 4


class Prepare(Struct, frozen=True, tag=True):
    """Command to a worker: prepare this job."""

    job: Job


class Start(Struct, frozen=True, tag=True):
    """Command to a worker: carry out the plan, which starts at this wall time."""

    epoch_ns: int


class Stop(Struct, frozen=True, tag=True):
    """Command to a worker: stop sending; when repeated, stop waiting for replies too."""


class Ready(Struct, frozen=True, tag=True):
    """From a worker: the job is prepared."""


class RowReady(Struct, frozen=True, tag=True):
    """From a worker: the row of a second that has ended."""

    row: MetricsRow


class Done(Struct, frozen=True, tag=True):
    """From a worker: the result of the segment."""

    result: SegmentTotals


class JobRefused(Struct, frozen=True, tag=True):
    """From a worker: the segment failed; the sentence is for the user."""

    sentence: str


Command = Prepare | Start | Stop
WorkerMessage = Ready | RowReady | Done | JobRefused

_ENCODER = msgspec.msgpack.Encoder()
_COMMANDS = msgspec.msgpack.Decoder(Command)
_WORKER_MESSAGES = msgspec.msgpack.Decoder(WorkerMessage)


def encode(message: Command | WorkerMessage) -> bytes:
    """Encode a message."""
    return _ENCODER.encode(message)


def decode_worker_message(data: bytes) -> WorkerMessage:
    """Decode a message from a worker."""
    return _WORKER_MESSAGES.decode(data)


def write(stream: asyncio.StreamWriter, message: Command | WorkerMessage) -> None:
    """Send a message."""
    data = encode(message)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)


async def read_command(stream: asyncio.StreamReader) -> Command | None:
    """Receive the next message to a worker; None when the coordinator is gone."""
    data = await _read(stream)
    return None if data is None else _COMMANDS.decode(data)


async def read_worker_message(stream: asyncio.StreamReader) -> WorkerMessage | None:
    """Receive the next message from a worker; None when the worker is gone."""
    data = await _read(stream)
    return None if data is None else decode_worker_message(data)


async def _read(stream: asyncio.StreamReader) -> bytes | None:
    try:
        length = int.from_bytes(await stream.readexactly(_LENGTH_BYTES), "big")
        return await stream.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
