"""A null server: answers every DynamoDB call at once and keeps nothing, so that clients are what is measured.

    python -m benchmarks.loadgen_null --port 9000 [--tls CERTIFICATE KEY]

It reads each request whole, by its length, and answers with a real answer's
headers: a request id and the body's CRC-32.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import ssl
import zlib
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def answer(body: bytes) -> bytes:
    """A whole answer with this body, as DynamoDB sends it."""
    return (
        b"HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\nConnection: keep-alive\r\n"
        b"x-amzn-RequestId: B8OMN3E4FPKE1V6HHF2J8T3S0NVV4KQNSO5AEMVJF66Q9ASUAAJG\r\nx-amz-crc32: %d\r\n\r\n%b"
    ) % (len(body), zlib.crc32(body), body)


_SINGLE = answer(b"{}")
_BATCH = answer(b'{"UnprocessedItems":{}}')
_DESCRIBE = answer(
    b'{"Table":{"TableName":"orders","TableStatus":"ACTIVE",'
    b'"KeySchema":[{"AttributeName":"order_id","KeyType":"HASH"}]}}'
)


class NullProtocol(asyncio.Protocol):
    """Answers each request of a connection."""

    def __init__(self) -> None:
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connects."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        data = self._data + data if self._data else data
        while data:
            end = data.find(b"\r\n\r\n")
            match = _LENGTH.search(data, 0, end + 2) if end >= 0 else None
            size = end + 4 + int(match[1]) if match else len(data) + 1
            if size > len(data):
                break
            target = data.find(b"DynamoDB_20120810.", 0, end) + len(b"DynamoDB_20120810.")
            kind = data[target : target + 1]
            reply = _BATCH if kind == b"B" else _SINGLE
            if data.startswith(b"DescribeTable", target):
                reply = _DESCRIBE
            cast("asyncio.Transport", self._transport).write(reply)
            data = data[size:]
        self._data = data


async def serve(port: int, tls: ssl.SSLContext | None) -> None:
    """Serve on the loopback address for good."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(NullProtocol, "127.0.0.1", port, ssl=tls, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(description="A DynamoDB that answers at once and keeps nothing.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    arguments = parser.parse_args()
    tls = None
    if arguments.tls:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*arguments.tls)
    uvloop.run(serve(arguments.port, tls))


if __name__ == "__main__":
    main()
