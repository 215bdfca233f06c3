"""One connection: its requests in order, each with an immediate reply or one from a task.

While a task handles a request, later requests wait, so replies have the order of their requests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, cast
from urllib.parse import unquote_to_bytes

from sandbox.http1 import replies
from sandbox.http1.bodies import BadRequestError, Body
from sandbox.http1.requests import Head, Headers, body_of, find_head, length_of, parse_head
from sandbox.http1.turn import ReadyReply, Settling, Turn

log = logging.getLogger(__name__)

HTTP_2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""https://www.rfc-editor.org/rfc/rfc9113#section-3.4"""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MAX_WAITING_BYTES = 1 << 20
_WRITTEN_TOGETHER_BYTES = 64 << 10

Message = MutableMapping[str, Any]


class Application(Settling, Protocol):
    """Handles requests."""

    def at_once(self, head: Head, body: bytes) -> ReadyReply | None:
        """Return a reply that needs no waiting; None if the application must be called by ASGI.

        The reply is sent after a call of `settle`.
        """
        ...

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Handle a request by ASGI."""
        ...


class ServerConnection(asyncio.Protocol):
    """A client's connection. `pass_on` takes over one that begins with HTTP/2's preface, and its received data."""

    def __init__(
        self,
        application: Application,
        turn: Turn,
        connections: set[ServerConnection],
        pass_on: Callable[[asyncio.Transport, bytes], None],
    ) -> None:
        self._application = application
        self._turn = turn
        self._connections = connections
        self._pass_on = pass_on
        self._rest = b""
        self._head: Head | None = None
        self._body: Body | None = None
        self._exchange: Exchange | None = None
        self._is_first = True
        self._is_stopping = False
        self._is_last = False
        self._unsent = 0
        self.gone = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Mark the connection as closed; a running task is notified that its client has disconnected."""
        self._connections.discard(self)
        self.gone.set()
        self.writable.set()

    def pause_writing(self) -> None:
        """Pause the sending: the client reads more slowly than it is sent to."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Resume the sending."""
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        """Process received data."""
        self._rest = self._rest + data if self._rest else data
        if self._exchange is not None:
            if len(self._rest) > _MAX_WAITING_BYTES:
                self.transport.pause_reading()
            return
        if self._is_first and self._is_http_2():
            return
        self._go_on()

    def stop(self) -> None:
        """Accept no further request; close once the current one is answered."""
        self._is_stopping = True
        if self._exchange is None and not self._unsent:
            self.transport.close()

    def send(self, head: Head, answer: ReadyReply) -> None:
        """Send an immediate reply at the end of its turn."""
        self._unsent -= 1
        stays_open = head.stays_open
        start = replies.ready_head(answer.status, answer.headers, len(answer.body), closes=not stays_open)
        write(self.transport, start, b"" if head.method == "HEAD" else answer.body)
        if not stays_open or (self._is_stopping and self._exchange is None and not self._unsent):
            self.transport.close()

    def finished(self, *, stays_open: bool) -> None:
        """Continue after the task that handled a request."""
        self._exchange = None
        if not stays_open or self._is_stopping:
            self.transport.close()
            return
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._go_on()

    def _is_http_2(self) -> bool:
        received = self._rest
        if received.startswith(HTTP_2_PREFACE):
            self._connections.discard(self)
            self._pass_on(self.transport, received)
            return True
        if HTTP_2_PREFACE.startswith(received):
            return True  # possibly incomplete: more data may follow
        self._is_first = False
        return False

    def _go_on(self) -> None:
        try:
            while self._rest and self._exchange is None and not self._is_last and not self.transport.is_closing():
                if not self._take():
                    return
        except BadRequestError as error:
            self._turn.end()
            body = str(error).encode()
            headers = [(b"content-type", b"text/plain")]
            self.transport.write(replies.head(error.status, headers, len(body), "", closes=True) + body)
            self.transport.close()

    def _take(self) -> bool:
        """Process the next request, or the available part of it; return False if more data is needed."""
        head = self._head
        if head is None:
            # https://www.rfc-editor.org/rfc/rfc9112#section-2.2-6
            self._rest = self._rest.removeprefix(b"\r\n")
            end = find_head(self._rest)
            if end < 0:
                return False
            head = parse_head(self._rest, end)
            rest = self._rest[end + 4 :]
            if b"transfer-encoding" not in head.fields and len(rest) >= (length := length_of(head)):
                self._rest = rest[length:]
                self._answer(head, rest[:length])
                return True
            self._head, self._body, self._rest = head, body_of(head), rest
            if head.expects_continue and not rest:
                self.transport.write(_CONTINUE)
        if self._body is None:
            raise AssertionError("a request without a body is complete with its head")
        left = self._body.feed(self._rest)
        self._rest = left or b""
        if left is None:
            return False
        content = self._body.content()
        self._head = self._body = None
        self._answer(head, content)
        return True

    def _answer(self, head: Head, body: bytes) -> None:
        self._turn.begin()
        answer = self._application.at_once(head, body)
        if answer is None:
            self._exchange = Exchange(self, self._application, head, body)
            return
        self._is_last = not head.stays_open
        self._unsent += 1
        self._turn.add(self, head, body, answer)


def write(transport: asyncio.Transport, *parts: bytes) -> None:
    """Write parts in one call; large ones are not first copied together."""
    if sum(map(len, parts)) <= _WRITTEN_TOGETHER_BYTES:
        transport.write(b"".join(parts))
    else:
        transport.writelines(parts)


class Exchange:
    """One request that the application handles by ASGI, in a task.
    https://asgi.readthedocs.io/en/latest/specs/www.html
    """

    def __init__(self, connection: ServerConnection, application: Application, head: Head, body: bytes) -> None:
        self._connection = connection
        self._head = head
        self._body: bytes | None = body
        self._start: Message | None = None
        self._is_chunked = False
        self._is_ended = False
        self._stays_open = head.stays_open
        scope = _scope(connection.transport, head)
        self._task = asyncio.ensure_future(self._run(application, scope))

    async def _run(self, application: Application, scope: Message) -> None:
        try:
            await application(scope, self._receive, self._send)
        except Exception:
            log.exception("%s %s failed", self._head.method, scope["path"])
        finally:
            # The client recognizes a missing or incomplete reply by the end of the connection.
            self._connection.finished(stays_open=self._stays_open and self._is_ended)

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._connection.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._write(message.get("body", b""), more=message.get("more_body", False))
        if not self._connection.writable.is_set():
            await self._connection.writable.wait()

    def _write(self, body: bytes, *, more: bool) -> None:
        transport = self._connection.transport
        if self._start is not None:
            start = self._begin(self._start, None if more else len(body))
            self._start = None
            if not self._is_chunked:
                write(transport, start, b"" if self._head.method == "HEAD" else body)
            else:
                write(transport, start, _chunk(body))
        elif self._is_chunked:
            write(transport, _chunk(body) + (b"" if more else b"0\r\n\r\n"))
        else:
            transport.write(body)
        self._is_ended = not more

    def _begin(self, message: Message, length: int | None) -> bytes:
        headers: Headers = list(message["headers"])
        if any(name == b"connection" and value.lower() == b"close" for name, value in headers):
            self._stays_open = False
        if length is None and self._head.is_http_1_0:
            self._stays_open = False
        # If the connection ends with the reply, its end is the body's.
        self._is_chunked = length is None and self._stays_open
        return replies.head(message["status"], headers, length, self._head.method, closes=not self._stays_open)


def _chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body) if body else b""


def _scope(transport: asyncio.Transport, head: Head) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.0" if head.is_http_1_0 else "1.1",
        "method": head.method,
        "scheme": "http",
        "path": unquote_to_bytes(head.path).decode("utf-8", "replace"),
        "raw_path": head.path,
        "query_string": head.query,
        "root_path": "",
        "headers": head.headers,
        "client": transport.get_extra_info("peername"),
        "server": transport.get_extra_info("sockname"),
    }
