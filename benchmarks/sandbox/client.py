"""A client with little overhead: prepared requests over kept-alive connections, each with one request in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple, cast

import uvloop

_TICK_S = 0.001


class Sent(NamedTuple):
    """The send time of each request (epoch seconds, in the requests' order), and the duration of all."""

    at_s: list[float]
    elapsed_s: float


def closed_loop(port: int, requests: Sequence[bytes], connections: int = 16) -> Sent:
    """Send all requests, the next over each connection after its reply."""
    return uvloop.run(_send(port, requests, connections, None))


def paced(port: int, requests: Sequence[bytes], per_s: float, connections: int = 64) -> Sent:
    """Send all requests at a rate, independent of replies; a request without a free connection waits for one."""
    return uvloop.run(_send(port, requests, connections, per_s))


class _Load:
    def __init__(self, requests: Sequence[bytes], done: asyncio.Future[None]) -> None:
        self.requests = requests
        self.done = done
        self.allowed = 0
        self.sent_s: list[float] = []
        self.idle: list[_Connection] = []
        self.answered = 0

    def next(self, connection: _Connection) -> None:
        """Send a connection's next request, or mark the connection as free."""
        number = len(self.sent_s)
        if number < min(self.allowed, len(self.requests)):
            self.sent_s.append(time.time())
            connection.send(self.requests[number])
        else:
            self.idle.append(connection)

    def allow(self, count: int) -> None:
        """Raise the total number of requests that may be sent."""
        self.allowed = count
        while self.idle and len(self.sent_s) < min(count, len(self.requests)):
            self.next(self.idle.pop())

    def answer(self, connection: _Connection) -> None:
        """Handle one reply."""
        self.answered += 1
        if self.answered == len(self.requests):
            self.done.set_result(None)
        else:
            self.next(connection)

    def fail(self, reason: str) -> None:
        """Fail: a reply is not 200, or a connection ended."""
        if not self.done.done():
            self.done.set_exception(RuntimeError(reason))


class _Connection(asyncio.Protocol):
    def __init__(self, load: _Load) -> None:
        self._load = load
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.fail(f"a connection ended: {exc}")

    def send(self, request: bytes) -> None:
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = received[:end].lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(received) < end + 4 + length:
            return
        self._received = b""
        if not head.startswith(b"http/1.1 200"):
            self._load.fail(received.decode(errors="replace")[:500])
            return
        self._load.answer(self)


async def _send(port: int, requests: Sequence[bytes], connections: int, per_s: float | None) -> Sent:
    loop = asyncio.get_running_loop()
    load = _Load(requests, loop.create_future())
    opened = [await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port) for _ in range(connections)]
    begun_s = time.monotonic()
    load.idle = [connection for _, connection in opened]
    if per_s is None:
        load.allow(len(requests))
    while per_s is not None and load.allowed < len(requests) and not load.done.done():
        load.allow(int((time.monotonic() - begun_s) * per_s))
        await asyncio.sleep(_TICK_S)
    await load.done
    elapsed_s = time.monotonic() - begun_s
    for transport, _ in opened:
        transport.abort()
    return Sent(load.sent_s, elapsed_s)
