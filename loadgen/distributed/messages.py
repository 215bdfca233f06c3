"""The messages between the coordinator and its workers, as MessagePack in frames that begin with their length."""

from __future__ import annotations

import asyncio

import msgspec
from msgspec import Struct

from loadgen.job import Job, SegmentTotals
from loadgen.metrics.counters import MetricsRow

_LENGTH_BYTES = 4


class Prepare(Struct, frozen=True, tag=True):
    """To a worker: get ready for this job."""

    job: Job


class Start(Struct, frozen=True, tag=True):
    """To a worker: carry out the plan from this wall time on."""

    epoch_ns: int


class Stop(Struct, frozen=True, tag=True):
    """To a worker: the first time, send no more; the second time, wait for nothing."""


class Ready(Struct, frozen=True, tag=True):
    """From a worker: prepared."""


class RowReady(Struct, frozen=True, tag=True):
    """From a worker: a second is over."""

    row: MetricsRow


class Done(Struct, frozen=True, tag=True):
    """From a worker: the segment is carried out."""

    result: SegmentTotals


class JobRefused(Struct, frozen=True, tag=True):
    """From a worker: it cannot be done; the sentence is for the user."""

    sentence: str


Command = Prepare | Start | Stop
WorkerMessage = Ready | RowReady | Done | JobRefused

_ENCODER = msgspec.msgpack.Encoder()
_COMMANDS = msgspec.msgpack.Decoder(Command)
_WORKER_MESSAGES = msgspec.msgpack.Decoder(WorkerMessage)


def encode(message: Command | WorkerMessage) -> bytes:
    """A message's bytes."""
    return _ENCODER.encode(message)


def decode_worker_message(data: bytes) -> WorkerMessage:
    """The message from a worker that the bytes are."""
    return _WORKER_MESSAGES.decode(data)


def write(stream: asyncio.StreamWriter, message: Command | WorkerMessage) -> None:
    """Send a message."""
    data = encode(message)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)


async def read_command(stream: asyncio.StreamReader) -> Command | None:
    """The next message to a worker; None when the coordinator is gone."""
    data = await _read(stream)
    return None if data is None else _COMMANDS.decode(data)


async def read_worker_message(stream: asyncio.StreamReader) -> WorkerMessage | None:
    """The next message from a worker; None when it is gone."""
    data = await _read(stream)
    return None if data is None else decode_worker_message(data)


async def _read(stream: asyncio.StreamReader) -> bytes | None:
    try:
        length = int.from_bytes(await stream.readexactly(_LENGTH_BYTES), "big")
        return await stream.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
