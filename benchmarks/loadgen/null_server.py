"""A null server: answers every DynamoDB call immediately and stores nothing, so that clients are measured.

    python -m benchmarks.loadgen.null_server [--port 9000] [--tls CERTIFICATE KEY]

It reads each whole request, by its length, and sends a real reply's headers: a request id and the body's CRC-32. It
first prints its port; for each line on its standard input it prints a `Usage`, and it ends at the end of standard
input.

TLS is OpenSSL on memory buffers, not the event loop's transport, which is several times slower and would limit the
clients.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import ssl
import sys
import time
import zlib
from collections.abc import Callable
from typing import Protocol, cast

import msgspec
import uvloop

_TARGET = b"DynamoDB_20120810."
_LENGTH = b"\r\nContent-Length: "
_ANY_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_RECORD_BYTES = 1 << 14


class Usage(msgspec.Struct):
    """The server's processor seconds so far, and its clock."""

    cpu_s: float
    at_s: float


def answer(body: bytes) -> bytes:
    """A complete reply with this body in DynamoDB's form."""
    return (
        b"HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\nConnection: keep-alive\r\n"
        b"x-amzn-RequestId: B8OMN3E4FPKE1V6HHF2J8T3S0NVV4KQNSO5AEMVJF66Q9ASUAAJG\r\nx-amz-crc32: %d\r\n\r\n%b"
    ) % (len(body), zlib.crc32(body), body)


SINGLE = answer(b"{}")
BATCH = answer(b'{"UnprocessedItems":{}}')
DESCRIBE = answer(
    b'{"Table":{"TableName":"orders","TableStatus":"ACTIVE",'
    b'"KeySchema":[{"AttributeName":"order_id","KeyType":"HASH"}]}}'
)


class UnreadableError(Exception):
    """The input is not a request, not TLS, or the client's close notification."""


class Session(Protocol):
    """One connection without a socket: bytes in, bytes out."""

    def turn(self, data: bytes) -> bytes:
        """The output for an input. Raises UnreadableError when the connection must be closed."""
        ...


class Plain:
    """Answers each complete request."""

    def __init__(self) -> None:
        self._data = b""

    def turn(self, data: bytes) -> bytes:
        """The replies to the complete requests."""
        if self._data:
            data = self._data + data
        answers = b""
        while data:
            end = data.find(b"\r\n\r\n")
            size = end + 4 + _length(data, end) if end >= 0 else len(data) + 1
            if size > len(data):
                break
            answers += _answer(data, end)
            # Almost always one complete request: then no rest is copied.
            data = data[size:] if size < len(data) else b""
        self._data = data
        return answers


class Encrypted:
    """A plain session inside TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._established = False
        self._plain = Plain()

    def turn(self, data: bytes) -> bytes:
        """TLS records of the replies to the complete requests, or the next part of the handshake."""
        incoming, tls = self._incoming, self._tls
        incoming.write(data)
        try:
            if not self._established:
                tls.do_handshake()
                self._established = True
            while incoming.pending:
                request = tls.read(_RECORD_BYTES)
                if not request:
                    raise UnreadableError
                answers = self._plain.turn(request)
                if answers:
                    tls.write(answers)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            raise UnreadableError from None
        return self._outgoing.read()


def _length(data: bytes, end: int) -> int:
    """The length of the body after the head that ends at `end`. Botocore's spelling of the header is tried first.

    Raises UnreadableError without the header.
    """
    at = data.find(_LENGTH, 0, end)
    if at >= 0:
        at += len(_LENGTH)
        digits = data[at : data.find(b"\r", at)]
    else:
        found = _ANY_LENGTH.search(data, 0, end)
        digits = found[1] if found else b""
    if not digits.isdigit():
        raise UnreadableError
    return int(digits)


def _answer(data: bytes, end: int) -> bytes:
    operation = data.find(_TARGET, 0, end) + len(_TARGET)
    if data.startswith(b"BatchWriteItem", operation):
        return BATCH
    return DESCRIBE if data.startswith(b"DescribeTable", operation) else SINGLE


class Server:
    """Answers on all its connections: the input of one loop iteration is handled together, which is cheaper."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self.session = session
        self._received: list[tuple[Connection, bytes]] = []
        self._loop = asyncio.get_running_loop()

    def connection(self) -> Connection:
        """A new connection."""
        return Connection(self)

    def received(self, connection: Connection, data: bytes) -> None:
        """Queue data until the loop has read from all connections."""
        if not self._received:
            self._loop.call_soon(self._handle)
        self._received.append((connection, data))

    def _handle(self) -> None:
        received, self._received = self._received, []
        for connection, data in received:
            connection.handle(data)


class Connection(asyncio.Protocol):
    """Connects a session to a transport."""

    __slots__ = ("_server", "_transport", "_turn")

    def __init__(self, server: Server) -> None:
        self._server = server
        self._turn = server.session().turn
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a client."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Queue the data for the end of the loop iteration."""
        self._server.received(self, data)

    def handle(self, data: bytes) -> None:
        """Reply, or close the connection."""
        transport = cast("asyncio.Transport", self._transport)
        try:
            answers = self._turn(data)
        except UnreadableError:
            transport.close()
            return
        if answers:
            transport.write(answers)


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS as a server speaks it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def serve(port: int, tls: ssl.SSLContext | None) -> None:
    """Serve on the loopback address until standard input ends. Several servers may share a port."""
    loop = asyncio.get_running_loop()
    server = Server(Plain if tls is None else lambda: Encrypted(tls))
    listener = await loop.create_server(server.connection, "127.0.0.1", port, backlog=4096, reuse_port=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, _obey, ended)
    _say(str(listener.sockets[0].getsockname()[1]))
    await ended.wait()
    loop.remove_reader(sys.stdin)


def _obey(ended: asyncio.Event) -> None:
    if sys.stdin.readline():
        _say(msgspec.json.encode(Usage(time.process_time(), time.monotonic())).decode())
    else:
        ended.set()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(description="A DynamoDB endpoint that answers immediately and stores nothing.")
    parser.add_argument("--port", type=int, default=0, help="the port (default: a free one)")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    arguments = parser.parse_args()
    # Ctrl-C reaches all processes of the terminal; this one ends at the end of standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    uvloop.run(serve(arguments.port, server_context(*arguments.tls) if arguments.tls else None))


if __name__ == "__main__":
    main()
