"""HTTP/1.1 over a Unix socket, for the services beside the server; it starts faster than a web framework."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from sandbox.http1.connection import Message, ServerConnection
from sandbox.http1.requests import Head
from sandbox.http1.server import end_connections
from sandbox.http1.turn import ReadyReply, Turn


class ServiceReply(NamedTuple):
    """A reply of a service; names of headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Answer = Callable[[str, bytes], Awaitable[ServiceReply]]
"""Handles a call: X-Amz-Target ("" without it) and the body."""


class UnixService:
    """Serves calls on a Unix socket, each in a task of the event loop."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._turn = Turn(self)
        self._connections: set[ServerConnection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, socket: Path) -> None:
        """Begin to accept connections; the socket's path must be free."""
        self._server = await asyncio.get_running_loop().create_unix_server(
            lambda: ServerConnection(self, self._turn, self._connections, _refuse_http_2), str(socket)
        )

    async def close(self) -> None:
        """Finish the requests in progress, for some seconds, and close."""
        if self._server is not None:
            self._server.close()
        await end_connections(self._connections)

    def at_once(self, head: Head, body: bytes) -> ReadyReply | None:
        """Return None: a task handles every call."""
        del head, body

    def settle(self) -> None:
        """Do nothing: there are no changes to write before a reply."""

    def failed(self, head: Head, body: bytes, error: Exception) -> ReadyReply:
        """Never called: no reply is immediate."""
        raise AssertionError(f"{head.method} of {len(body)} bytes") from error

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Handle one request by ASGI."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body: bytes = (await receive())["body"]
        reply = await self._answer(headers.get(b"x-amz-target", b"").decode("latin-1"), body)
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": fields})
        await send({"type": "http.response.body", "body": reply.body})


def _refuse_http_2(transport: asyncio.Transport, received: bytes) -> None:
    del received
    transport.close()
