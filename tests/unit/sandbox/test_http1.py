from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.front.reply import HttpReply
from sandbox.http1.connection import HTTP_2_PREFACE, Message, ServerConnection
from sandbox.http1.requests import Head
from sandbox.http1.turn import Turn


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, parts: list[bytes]) -> None:
        self.written += b"".join(parts)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_extra_info(self, name: str) -> tuple[str, int]:
        del name
        return ("127.0.0.1", 1)


class Echo:
    """Answers with the method, the path, the query and the body; by ASGI where the path is /later or /parts.

    `settled` counts what was to be written; it cannot be while `is_full`.
    """

    def __init__(self) -> None:
        self.settled = 0
        self.is_full = False

    def settle(self) -> None:
        self.settled += 1
        if self.is_full:
            raise OSError("No space left on device")

    def failed(self, head: Head, body: bytes, error: Exception) -> HttpReply:
        return HttpReply(501, [], b"%b %b %b" % (head.path, body, str(error).encode()))

    def at_once(self, head: Head, body: bytes) -> HttpReply | None:
        if head.path in (b"/later", b"/parts"):
            return None
        said = b"%b %b %b %b" % (head.method.encode(), head.path, head.query, body)
        return HttpReply(200, [("x-said", "yes")], said)

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        body: bytes = (await receive())["body"]
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-said", b"later")]})
        if scope["path"] == "/parts":
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"end"})
        else:
            await send({"type": "http.response.body", "body": body})


def ignored(transport: asyncio.Transport, received: bytes) -> None:
    del transport, received


def opened(passed_on: Callable[[asyncio.Transport, bytes], None] | None = None) -> tuple[ServerConnection, Wire]:
    wire, application = Wire(), Echo()
    connection = ServerConnection(application, Turn(application), set(), passed_on or ignored)
    connection.connection_made(cast("Any", wire))
    return connection, wire


async def answered(connection: ServerConnection, *pieces: bytes) -> None:
    for piece in pieces:
        connection.data_received(piece)
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)


def replies(wire: Wire) -> list[tuple[bytes, bytes]]:
    """Each reply's status line and body."""
    found: list[tuple[bytes, bytes]] = []
    rest = wire.written
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in lines)
        if b"transfer-encoding" in fields:
            body = b""
            while not rest.startswith(b"0\r\n\r\n"):
                size, _, rest = rest.partition(b"\r\n")
                body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
            rest = rest[5:]
        else:
            length = int(fields.get(b"content-length", b"0"))
            body, rest = rest[:length], rest[length:]
        found.append((status, body))
    return found


async def sent_together(application: Echo, *bodies_: bytes) -> list[Wire]:
    """The replies to requests that arrive in one turn, each over its own connection, the first with two."""
    turn, wires = Turn(application), [Wire() for _ in bodies_]
    for wire, body in zip(wires, bodies_, strict=True):
        connection = ServerConnection(application, turn, set(), ignored)
        connection.connection_made(cast("Any", wire))
        connection.data_received(sized(b"/a", body) * (1 + (wire is wires[0])))
    assert not any(wire.written for wire in wires)
    await asyncio.sleep(0)
    return wires


def test_the_replies_of_a_turn_are_sent_when_all_its_changes_are_written() -> None:
    application = Echo()

    first, second = asyncio.run(sent_together(application, b"one", b"two"))

    assert application.settled == 1
    assert [body for _, body in replies(first)] == [b"POST /a  one"] * 2
    assert [body for _, body in replies(second)] == [b"POST /a  two"]


def test_what_cannot_be_written_is_answered_as_failed() -> None:
    application = Echo()
    application.is_full = True

    first, second = asyncio.run(sent_together(application, b"one", b"two"))

    failed = b"HTTP/1.1 501 Not Implemented"
    assert replies(first) == [(failed, b"/a one No space left on device")] * 2
    assert replies(second) == [(failed, b"/a two No space left on device")]


def sized(path: bytes, body: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (path, len(body), body)


def chunked(path: bytes, parts: list[bytes]) -> bytes:
    body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in parts if part)
    return b"PUT %b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\nTrailer: t\r\n\r\n" % (path, body)


bodies = st.binary(max_size=40)
paths = st.sampled_from([b"/a", b"/later", b"/parts"])
Sent = tuple[bytes, bytes, bytes, bytes]


def in_one(path: bytes, body: bytes) -> Sent:
    return sized(path, body), b"POST", path, body


def in_chunks(path: bytes, parts: list[bytes]) -> Sent:
    return chunked(path, parts), b"PUT", path, b"".join(parts)


def after_an_empty_line(sent: Sent) -> Sent:
    return b"\r\n" + sent[0], *sent[1:]


plain = st.one_of(st.builds(in_one, paths, bodies), st.builds(in_chunks, paths, st.lists(bodies, max_size=3)))
requests = plain | st.builds(after_an_empty_line, plain)


def expected(method: bytes, path: bytes, body: bytes) -> bytes:
    return {b"/a": b"%b /a  %b" % (method, body), b"/later": body, b"/parts": body + b"end"}[path]


@given(sent=st.lists(requests, min_size=1, max_size=4), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_replies_have_the_order_of_requests_however_these_arrive(sent: list[Sent], cuts: list[int]) -> None:
    connection, wire = opened()
    whole = b"".join(request for request, *_ in sent)
    places = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(places)]

    asyncio.run(answered(connection, *pieces))

    bodies_expected = [expected(method, path, body) for _, method, path, body in sent]
    assert [body for _, body in replies(wire)] == bodies_expected
    assert not wire.closed


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/3.0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nname : value\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nlong: " + b"x" * 70_000, b"431"),
    ],
)
def test_what_is_no_request_ends_the_connection(request_: bytes, status: bytes) -> None:
    connection, wire = opened()

    asyncio.run(answered(connection, request_))

    assert wire.written.startswith(b"HTTP/1.1 " + status)
    assert wire.closed


@pytest.mark.parametrize(
    ("lines", "closes"),
    [
        (b"HTTP/1.1\r\n", False),
        (b"HTTP/1.1\r\nConnection: close\r\n", True),
        (b"HTTP/1.0\r\n", True),
        (b"HTTP/1.0\r\nConnection: keep-alive\r\n", False),
    ],
)
@pytest.mark.parametrize("path", [b"/a", b"/later", b"/parts"])
def test_a_connection_stays_open_as_its_client_says(lines: bytes, closes: bool, path: bytes) -> None:
    connection, wire = opened()

    asyncio.run(answered(connection, b"GET %b %b\r\n" % (path, lines)))

    # Without chunks, which HTTP/1.0 does not have, only the end of the connection ends a body of unknown length.
    assert wire.closed == (closes or (path == b"/parts" and lines.startswith(b"HTTP/1.0")))


def test_a_proxy_is_asked_for_a_whole_address() -> None:
    connection, wire = opened()

    asyncio.run(answered(connection, b"GET http://123456789012.127.0.0.1:4566/v20180820/tags?a=b HTTP/1.1\r\n\r\n"))

    assert replies(wire) == [(b"HTTP/1.1 200 OK", b"GET /v20180820/tags a=b ")]


def test_the_head_of_a_reply_has_the_length_of_the_body_that_it_does_not_send() -> None:
    connection, wire = opened()

    asyncio.run(answered(connection, b"HEAD /a HTTP/1.1\r\n\r\n"))

    assert b"\r\nx-said: yes\r\n" in wire.written
    assert wire.written.endswith(b"\r\n\r\n")


def test_a_client_that_waits_for_it_is_asked_for_the_body() -> None:
    connection, wire = opened()

    asyncio.run(answered(connection, b"PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"))
    assert wire.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    asyncio.run(answered(connection, b"body"))

    assert wire.written.endswith(b"PUT /a  body")


def test_http_2_is_passed_on_with_all_that_has_arrived() -> None:
    passed: list[bytes] = []
    connection, wire = opened(lambda transport, received: passed.append(received))

    asyncio.run(answered(connection, HTTP_2_PREFACE[:10], HTTP_2_PREFACE[10:] + b"frames"))

    assert passed == [HTTP_2_PREFACE + b"frames"]
    assert wire.written == b""
