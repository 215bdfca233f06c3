"""What the coordinator and its workers say to each other, as MessagePack in frames that begin with their length."""

from __future__ import annotations

import asyncio

import msgspec
from msgspec import Struct

from loadgen.job import Job, Result
from loadgen.metrics.counters import Row

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


class Second(Struct, frozen=True, tag=True):
    """From a worker: a second is over."""

    row: Row


class Done(Struct, frozen=True, tag=True):
    """From a worker: the segment is carried out."""

    result: Result


class Refused(Struct, frozen=True, tag=True):
    """From a worker: it cannot be done; the sentence is for the user."""

    sentence: str


Order = Prepare | Start | Stop
Answer = Ready | Second | Done | Refused

_ENCODER = msgspec.msgpack.Encoder()
_ORDERS = msgspec.msgpack.Decoder(Order)
_ANSWERS = msgspec.msgpack.Decoder(Answer)


def encode(message: Order | Answer) -> bytes:
    """A message's bytes."""
    return _ENCODER.encode(message)


def decode_answer(data: bytes) -> Answer:
    """The message from a worker that the bytes are."""
    return _ANSWERS.decode(data)


def write(stream: asyncio.StreamWriter, message: Order | Answer) -> None:
    """Send a message."""
    data = encode(message)
    stream.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)


async def read_order(stream: asyncio.StreamReader) -> Order | None:
    """The next message to a worker; None when the coordinator is gone."""
    data = await _read(stream)
    return None if data is None else _ORDERS.decode(data)


async def read_answer(stream: asyncio.StreamReader) -> Answer | None:
    """The next message from a worker; None when it is gone."""
    data = await _read(stream)
    return None if data is None else decode_answer(data)


async def _read(stream: asyncio.StreamReader) -> bytes | None:
    try:
        length = int.from_bytes(await stream.readexactly(_LENGTH_BYTES), "big")
        return await stream.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
