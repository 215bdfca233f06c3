"""HTTP/2, which some SDKs use for SubscribeToShard: granian on a Unix socket, started for the first connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CONCURRENT_CALLS = 4096
_TRIES = 500
_BETWEEN_TRIES_S = 0.02


class Http2:
    """Passes connections on to granian, which calls the same application."""

    def __init__(self, application: Callable[..., Any], socket: Path) -> None:
        self._application = application
        self._socket = socket
        self._server: Any = None
        self._serving: asyncio.Task[None] | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.Transport] = set()

    def pass_on(self, transport: asyncio.Transport, received: bytes) -> None:
        """Take over a connection, and the data received so far."""
        transport.pause_reading()
        task = asyncio.ensure_future(self._connect(transport, received))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def close(self) -> None:
        """End the connections, then stop granian."""
        for transport in list(self._open):
            transport.close()
        if self._serving is not None:
            self._server.stop()
            await self._serving

    async def _connect(self, client: asyncio.Transport, received: bytes) -> None:
        try:
            self._start()
            inner = await self._connected(_Pump(client, self._open))
        except OSError:
            client.abort()
            return
        inner.write(received)
        client.set_protocol(_Pump(inner, self._open))
        client.resume_reading()

    def _start(self) -> None:
        if self._serving is None:
            from granian.constants import Interfaces
            from granian.server.embed import Server

            self._socket.unlink(missing_ok=True)
            self._server = Server(
                self._application,
                uds=self._socket,
                interface=Interfaces.ASGINL,
                websockets=False,
                backlog=1024,
                backpressure=_CONCURRENT_CALLS,
                log_enabled=False,
            )
            self._serving = asyncio.ensure_future(self._server.serve())

    async def _connected(self, pump: _Pump) -> asyncio.Transport:
        """Connect to granian, which listens shortly after its start.

        Raises:
            OSError: it does not listen.
        """
        loop = asyncio.get_running_loop()
        for _ in range(_TRIES - 1):
            try:
                return (await loop.create_unix_connection(lambda: pump, str(self._socket)))[0]
            except OSError:
                await asyncio.sleep(_BETWEEN_TRIES_S)
        return (await loop.create_unix_connection(lambda: pump, str(self._socket)))[0]


class _Pump(asyncio.Protocol):
    """Forwards data to a second connection, and closes that when this one ends."""

    def __init__(self, to: asyncio.Transport, open_: set[asyncio.Transport]) -> None:
        self._to = to
        self._open = open_
        open_.add(to)

    def data_received(self, data: bytes) -> None:
        self._to.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open.discard(self._to)
        self._to.close()
