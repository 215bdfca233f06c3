"""The replies of one turn of the event loop: all are sent once the changes of their requests are persisted.

Requests that arrive during a turn are handled in the next, so the busier the server, the fewer times it writes. No
other task sends anything in between: the end of a turn is scheduled before its first request is handled.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Protocol

from sandbox.http1.requests import Head


class ReadyReply(Protocol):
    """An immediate reply."""

    @property
    def status(self) -> int:
        """Its status."""
        ...

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its headers, names in lower case, without its length, the date and the connection's."""
        ...

    @property
    def body(self) -> bytes:
        """Its body."""
        ...


class Settling(Protocol):
    """Writes the changes of requests."""

    def settle(self) -> None:
        """Write the changes; replies are sent after this returns."""
        ...

    def failed(self, head: Head, body: bytes, error: Exception) -> ReadyReply:
        """The reply to a request whose changes could not be written."""
        ...


class Waiting(Protocol):
    """A connection whose replies wait for the end of the turn."""

    def send(self, head: Head, answer: ReadyReply) -> None:
        """Send a reply."""
        ...


class _Answered(NamedTuple):
    connection: Waiting
    head: Head
    body: bytes
    reply: ReadyReply


class Turn:
    """The waiting replies of all connections of a server."""

    def __init__(self, application: Settling) -> None:
        self._application = application
        self._answered: list[_Answered] = []
        self._is_begun = False

    def begin(self) -> None:
        """Note that a request is about to be handled."""
        if not self._is_begun:
            self._is_begun = True
            asyncio.get_running_loop().call_soon(self.end)

    def add(self, connection: Waiting, head: Head, body: bytes, reply: ReadyReply) -> None:
        """Add the reply to a handled request."""
        self._answered.append(_Answered(connection, head, body, reply))

    def end(self) -> None:
        """Write all changes, then send the replies."""
        self._is_begun = False
        answered, self._answered = self._answered, []
        failure: Exception | None = None
        try:
            self._application.settle()
        except Exception as error:
            failure = error
        for connection, head, body, reply in answered:
            connection.send(head, reply if failure is None else self._application.failed(head, body, failure))
