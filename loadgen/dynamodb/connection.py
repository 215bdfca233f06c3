"""One connection of the fast writer: one call in flight at a time."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Callable
from typing import Protocol

from loadgen.dynamodb.http import HttpError, ResponseTemplate, parse, reply_of
from loadgen.dynamodb.tls import Tls
from loadgen.dynamodb.writes import Call, Outcome, Reply

# The socket's buffer is full, or a signal came.
_LATER = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR})


class ConnectionOwner(Protocol):
    """The owner of connections, which receives the replies to their calls."""

    def answered(self, connection: Connection, call: Call, reply: Reply) -> None:
        """Handle a reply that is not a plain success; the connection may be lost with it."""
        ...

    def lost(self, connection: Connection) -> None:
        """Remove a connection that is about to close."""
        ...

    @property
    def run(self) -> Callable[[Callable[[], None]], None]:
        """Run what the event loop calls, and pass an error on."""
        ...

    @property
    def calls(self) -> list[Call | None]:
        """The calls of whose responses nothing has arrived, by the descriptors of their sockets."""
        ...


class Connection:
    """Sends a request, gathers the response, and hands the reply to the pool.

    `tls` is the connection's TLS after its handshake, None for plain HTTP. `template` recognizes the usual response.
    """

    __slots__ = (
        "_begun",
        "_calls",
        "_data",
        "_is_plain_success",
        "_pool",
        "_tls",
        "_unsent",
        "number",
        "open",
        "socket",
    )

    def __init__(
        self, pool: ConnectionOwner, connected: socket.socket, template: ResponseTemplate, tls: Tls | None
    ) -> None:
        self._pool = pool
        self._calls = pool.calls
        self._is_plain_success = template.is_plain_success
        self._tls = tls
        self._data = self._unsent = b""
        self.socket = connected
        self.number = connected.fileno()
        """The socket's descriptor."""
        # The call of whose response a part has arrived.
        self._begun: Call | None = None
        self.open = True

    @property
    def call(self) -> Call | None:
        """The call in flight."""
        return self._begun or self._calls[self.number]

    def seal(self, request: bytes) -> bytes:
        """The bytes of a request on the wire: its TLS records if there is TLS."""
        return request if self._tls is None else self._tls.encrypt(request)

    def finish(self, sealed: bytes, sent: int) -> None:
        """Send the rest of a request of which this many bytes are sent; a negative number is an error's."""
        if sent < 0 and -sent not in _LATER:
            error = OSError(-sent, os.strerror(-sent))
            self.fail(Outcome.RESET, type(error).__name__, str(error))
            return
        self._unsent = sealed[max(sent, 0) :]
        asyncio.get_running_loop().add_writer(self.socket, self._pool.run, self._go_on)

    def handle(self, data: bytes | int | None, at_ns: int) -> Call | None:
        """Read a part of the response that arrived at this time: bytes, b"" at the end, or an error number.

        None is a whole response where none can be, or only the rest of one. Returns the call if it has succeeded; any
        other reply goes to the pool.
        """
        if data is None:
            self.fail(Outcome.CORRUPT, "HttpError", "a response within a response")
            return None
        if not data or isinstance(data, int):
            self._end(data or 0, at_ns)
            return None
        if self._tls is not None:
            try:
                data = self._tls.decrypt(data)
            except ssl.SSLError as error:
                self.fail(Outcome.RESET, type(error).__name__, str(error))
                return None
        if self._data:
            data = self._data + data
        elif self._is_plain_success(data):
            # As `_take`, where nothing has begun.
            call, self._calls[self.number] = self._calls[self.number], None
            if call is None:
                self.close()  # A response without a request: the connection cannot be trusted.
            else:
                call.answered_ns = at_ns
            return call
        if data:
            self._gather(data, at_ns, ended=False)
        if self._tls is not None and self._tls.ended and self.open:
            self._end(0, at_ns)
        return None

    def fail(self, outcome: Outcome, code: str, message: str) -> None:
        """Abandon the call in flight and its connection."""
        call = self._take()
        self.close()
        if call is not None:
            call.answered_ns = time.monotonic_ns()
            self._pool.answered(self, call, Reply(outcome, code, message))

    def close(self) -> None:
        """Close without a reply to the call in flight."""
        if not self.open:
            return
        self.open = False
        self._take()
        self._data = b""
        if self._unsent:
            asyncio.get_running_loop().remove_writer(self.socket)
            self._unsent = b""
        self._pool.lost(self)
        self.socket.close()

    def _take(self) -> Call | None:
        """Return the call in flight, which then is so no longer."""
        call, self._begun = self._begun, None
        if call is None:
            call, self._calls[self.number] = self._calls[self.number], None
        return call

    def _go_on(self) -> None:
        """Send more of a request when the socket is writable."""
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.fail(Outcome.RESET, type(error).__name__, str(error))
            return
        if not self._unsent:
            asyncio.get_running_loop().remove_writer(self.socket)

    def _end(self, error: int, at_ns: int) -> None:
        """Handle the end of the stream, which ends a response without a length unless TLS lacks its close_notify."""
        if self._data and not error and (self._tls is None or self._tls.ended):
            self._gather(self._data, at_ns, ended=True)
        if error:
            self.fail(Outcome.RESET, errno.errorcode.get(error, "OSError"), os.strerror(error))
        else:
            self.fail(Outcome.RESET, "ConnectionClosed", "the connection closed")

    def _gather(self, data: bytes, at_ns: int, *, ended: bool) -> None:
        """Parse the response in `data`, or wait for more."""
        try:
            answer = parse(data, ended=ended)
        except HttpError as error:
            self.fail(Outcome.CORRUPT, "HttpError", str(error))
            return
        if answer is None:
            self._data, self._begun = data, self._take()
            if self._begun is None:
                self.close()
            return
        call, self._data = self._take(), b""
        if not answer.reusable or call is None:
            self.close()
        if call is not None:
            call.answered_ns = at_ns
            self._pool.answered(self, call, reply_of(answer))
