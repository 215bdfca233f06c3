"""One connection of the fast writer: one call in flight at a time."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Protocol, cast

from loadgen.http import Familiar, HttpError, parse, reply_of
from loadgen.tls import Tls
from loadgen.writes import OK, Call, Outcome, Reply


class Pool(Protocol):
    """Who owns connections and hears of their calls."""

    def received(self, connection: Connection, data: bytes) -> None:
        """Data has come on a connection; `connection.handle` is to get it soon."""
        ...

    def handle_received(self) -> None:
        """Let connections handle what they have received up to now."""
        ...

    def answered(self, connection: Connection, call: Call, reply: Reply) -> None:
        """The call on a connection has its reply. The connection may have been lost with it."""
        ...

    def lost(self, connection: Connection) -> None:
        """A connection is gone."""
        ...


class Connection(asyncio.Protocol):
    """Sends a request, gathers the answer, and tells the pool, from when it is established.

    `tls` is the connection's TLS, None for plain HTTP; the transport is plain in both cases.
    `familiar` knows the usual answer.
    """

    __slots__ = ("_data", "_is_plain_success", "_pool", "_tls", "_transport", "call", "established", "open")

    def __init__(self, pool: Pool, familiar: Familiar, tls: Tls | None) -> None:
        self._pool = pool
        self._is_plain_success = familiar.is_plain_success
        self._tls = tls
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self.call: Call | None = None
        self.established: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection stands, and TLS with it; OSError when that fails."""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; TLS is still to come."""
        self._transport = cast("asyncio.Transport", transport)
        self._establish(b"")

    def seal(self, request: bytes) -> bytes:
        """What of a request goes on the wire."""
        return request if self._tls is None else self._tls.encrypt(request)

    def send(self, call: Call, sealed: bytes) -> None:
        """Send the request of a call, and note when."""
        self.call = call
        call.sent_ns = time.monotonic_ns()
        cast("asyncio.Transport", self._transport).write(sealed)

    def data_received(self, data: bytes) -> None:
        """Leave the data for when all that has come in this turn of the loop is handled."""
        if self.open:
            self._pool.received(self, data)
        elif not self.established.done():
            self._establish(data)

    def handle(self, data: bytes) -> None:
        """Gather the answer."""
        if self._tls is not None:
            try:
                data = self._tls.decrypt(data)
            except ssl.SSLError as error:
                self.fail(Outcome.RESET, type(error).__name__, str(error))
                return
        if self._data:
            data = self._data + data
        elif self._is_plain_success(data):
            call, self.call = self.call, None
            if call is None:
                self.close()  # An answer that nobody asked for: the connection cannot be trusted.
            else:
                self._pool.answered(self, call, OK)
            return
        if data:
            self._gather(data, ended=False)
        if self._tls is not None and self._tls.ended:
            self._end()

    def eof_received(self) -> None:
        """The other side sends no more: an answer without a length ends here, unless TLS did not say so."""
        self._pool.handle_received()
        if self._tls is None:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever was in flight gets no answer."""
        message = str(exc or "the connection closed")
        if not self.established.done():
            self.established.set_exception(exc if isinstance(exc, OSError) else ConnectionResetError(message))
            return
        self._pool.handle_received()
        self.fail(Outcome.RESET, type(exc).__name__ if exc else "ConnectionClosed", message)
        self._pool.lost(self)

    def fail(self, outcome: Outcome, code: str, message: str) -> None:
        """Give up the call in flight, and the connection with it."""
        self.open = False
        if self._transport is not None:
            self._transport.abort()
        call, self.call, self._data = self.call, None, b""
        if call is not None:
            self._pool.answered(self, call, Reply(outcome, code, message))

    def close(self) -> None:
        """Close without a word to the pool about the call in flight."""
        self.call = None
        self.open = False
        if self._transport is not None:
            self._transport.abort()

    def _establish(self, received: bytes) -> None:
        """Go on with the TLS handshake, if there is to be one."""
        transport = cast("asyncio.Transport", self._transport)
        try:
            self.open = self._tls is None or self._tls.handshake(received)
        except ssl.SSLError as error:
            self.established.set_exception(error)
        else:
            if self.open:
                self.established.set_result(None)
        if self._tls is not None:
            transport.write(self._tls.unsent())

    def _end(self) -> None:
        """Nothing more will come."""
        if self._data:
            self._gather(self._data, ended=True)
        if self._transport is not None:
            self._transport.close()

    def _gather(self, data: bytes, *, ended: bool) -> None:
        """The answer in `data`, or more to come."""
        try:
            answer = parse(data, ended=ended)
        except HttpError as error:
            self.fail(Outcome.CORRUPT, "HttpError", str(error))
            return
        if answer is None:
            self._data = data
            return
        call, self.call, self._data = self.call, None, b""
        if not answer.reusable or call is None:
            self.open = False
            cast("asyncio.Transport", self._transport).close()
        if call is not None:
            self._pool.answered(self, call, reply_of(answer))
