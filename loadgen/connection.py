"""One connection of the fast writer: one call in flight at a time."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from loadgen.http import Answer, HttpError, is_plain_success, parse, reply_of
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
    """Sends a request, gathers the answer, and tells the pool."""

    __slots__ = ("_data", "_pool", "_transport", "call", "open")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self.call: Call | None = None
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands, and TLS with it."""
        self._transport = cast("asyncio.Transport", transport)
        self.open = True

    def send(self, call: Call, request: bytes) -> None:
        """Send the request of a call."""
        self.call = call
        cast("asyncio.Transport", self._transport).write(request)

    def data_received(self, data: bytes) -> None:
        """Leave the data for when all that has come in this turn of the loop is handled."""
        self._pool.received(self, data)

    def handle(self, data: bytes) -> None:
        """Gather the answer."""
        if self._data:
            data = self._data + data
        elif is_plain_success(data):
            call, self.call = self.call, None
            if call is None:
                self.close()  # An answer that nobody asked for: the connection cannot be trusted.
            else:
                self._pool.answered(self, call, OK)
            return
        try:
            answer = parse(data)
        except HttpError as error:
            self.fail(Outcome.CORRUPT, "HttpError", str(error))
            return
        if answer is None:
            self._data = data
        else:
            self._finish(answer)

    def eof_received(self) -> None:
        """The other side sends no more: an answer without a length ends here."""
        self._pool.handle_received()
        if self._data:
            answer = parse(self._data, ended=True)
            if answer is not None:
                self._finish(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever was in flight gets no answer."""
        self._pool.handle_received()
        self.fail(Outcome.RESET, type(exc).__name__ if exc else "ConnectionClosed", str(exc or "the connection closed"))
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

    def _finish(self, answer: Answer) -> None:
        call, self.call, self._data = self.call, None, b""
        if not answer.reusable or call is None:
            self.open = False
            cast("asyncio.Transport", self._transport).close()
        if call is not None:
            self._pool.answered(self, call, reply_of(answer))
