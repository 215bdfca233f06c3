"""The listening socket and its connections."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from sandbox.http1.connection import Application, ServerConnection
from sandbox.http1.http2 import Http2
from sandbox.http1.turn import Turn

_BACKLOG = 1024
_END_S = 5.0


class HttpServer:
    """Serves an application on a loopback port; `socket` is the path of the HTTP/2 socket."""

    def __init__(self, application: Application, host: str, port: int, socket: Path) -> None:
        self._application = application
        self._address = (host, port)
        self._turn = Turn(application)
        self._http2 = Http2(application, socket)
        self._connections: set[ServerConnection] = set()
        self._stop = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Begin to accept connections.

        Raises:
            OSError: the port is in use.
        """
        host, port = self._address
        self._server = await asyncio.get_running_loop().create_server(
            lambda: ServerConnection(self._application, self._turn, self._connections, self._http2.pass_on),
            host,
            port,
            backlog=_BACKLOG,
        )

    async def serve(self) -> None:
        """Serve until stopped; requests in progress then have up to five seconds."""
        await self._stop.wait()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.stop()
        await self._http2.close()
        await end_connections(self._connections)

    def stop(self) -> None:
        """End `serve`."""
        self._stop.set()


async def end_connections(connections: set[ServerConnection]) -> None:
    """Close connections after their requests in progress, which have up to five seconds."""
    for connection in list(connections):
        connection.stop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_S):
            for connection in list(connections):
                await connection.gone.wait()
    for connection in list(connections):
        connection.transport.abort()
