"""Requests to the services beside the server, over persistent connections to their Unix sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast

from sandbox.http1.bodies import BadRequestError, Body, Chunked, Sized

_CONNECT_TIMEOUT_S = 5.0


class Response(NamedTuple):
    """A response; names of headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class UnixClient:
    """A client of one service. For one event loop."""

    def __init__(self, socket: Path) -> None:
        self._socket = str(socket)
        self._idle: list[_Connection] = []

    async def request(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Response:
        """Send a request and wait for its response, without a timeout.

        Raises:
            OSError: the service does not respond.
        """
        connection = self._idle.pop() if self._idle else await self._connect()
        lines = [f"{method} {target} HTTP/1.1", "host: localhost", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join([*lines, f"content-length: {len(body)}", "\r\n"]).encode("latin-1")
        try:
            response = await connection.exchange(head, body)
        except BaseException:
            connection.transport.abort()
            raise
        if connection.is_kept:
            self._idle.append(connection)
        else:
            connection.transport.close()
        return response

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.transport.close()
        self._idle.clear()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            _, connection = await loop.create_unix_connection(lambda: _Connection(self._idle), self._socket)
        return connection


class _Connection(asyncio.Protocol):
    """A connection with at most one request in flight. It is removed from `idle` when the service closes it."""

    def __init__(self, idle: list[_Connection]) -> None:
        self.is_kept = False
        self._idle = idle
        self._waiting: asyncio.Future[Response] | None = None
        self._rest = b""
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body: Body | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        self._fail(exc or ConnectionResetError("The service closed the connection."))

    async def exchange(self, head: bytes, body: bytes) -> Response:
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.writelines([head, body])
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        try:
            self._take(data)
        except (BadRequestError, ValueError, IndexError) as error:
            self._fail(ConnectionError(f"The service's answer is malformed: {error}"))
            self.transport.abort()

    def _take(self, data: bytes) -> None:
        if self._body is None:
            self._rest += data
            end = self._rest.find(b"\r\n\r\n")
            if end < 0:
                return
            self._body = self._begin(self._rest[:end].decode("latin-1"))
            data, self._rest = self._rest[end + 4 :], b""
        if self._body.feed(data) is None:
            return
        content, self._body = self._body.content(), None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Response(self._status, self._headers, content))

    def _begin(self, head: str) -> Body:
        first, *lines = head.split("\r\n")
        self._status = int(first.split(" ", 2)[1])
        pairs = (line.partition(":") for line in lines)
        self._headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        fields = dict(self._headers)
        self.is_kept = first.startswith("HTTP/1.1") and fields.get("connection", "").lower() != "close"
        if fields.get("transfer-encoding", "").lower() == "chunked":
            return Chunked()
        return Sized(0 if self._status in (204, 304) else int(fields["content-length"]))

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
