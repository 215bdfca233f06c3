"""`python -m sandbox console`: serve the page until Ctrl-C."""

from __future__ import annotations

import asyncio
import secrets
import socket

from aiohttp import web

from sandbox import console
from sandbox.errors import SandboxError
from sandbox.lifecycle import Sandbox
from sandbox.page import access
from sandbox.page.app import application
from sandbox.page.clients import Clients
from sandbox.processes import HOST

DEFAULT_PORT = 4580
_TRIED_PORTS = 20


def serve(sandbox: Sandbox, port: int | None) -> int:
    """Serve the page of a running sandbox on loopback, on `port` or the first free one from DEFAULT_PORT up.

    Raises:
        SandboxError: the sandbox has no stack, or the port is in use.
    """
    clients = Clients(sandbox)
    listener = _listener(port)
    chosen = listener.getsockname()[1]
    token = secrets.token_urlsafe(24)
    app = application(clients, token, chosen)
    console.say(f"The console is at http://{HOST}:{chosen}/?{access.TOKEN}={token} until Ctrl-C.")
    try:
        asyncio.run(_run(app, listener))
    except KeyboardInterrupt:
        return 0
    return 0


async def _run(app: web.Application, listener: socket.socket) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _listener(port: int | None) -> socket.socket:
    for candidate in (port,) if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _TRIED_PORTS):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
        except OSError:
            listener.close()
            continue
        listener.listen()
        return listener
    used = str(port) if port is not None else f"{DEFAULT_PORT} to {DEFAULT_PORT + _TRIED_PORTS - 1}"
    raise SandboxError(f"Port {used} is in use by a different program: choose a free one with --port.")
