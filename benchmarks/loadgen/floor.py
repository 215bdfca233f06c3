"""The floor of a client in Python: one request, built and signed in advance, sent repeatedly.

Plain sockets and epoll, no event loop; over TLS, OpenSSL on the socket itself. A real client builds, signs and records
an order in the time above this floor.
"""

from __future__ import annotations

import select
import socket
import ssl
from urllib.parse import urlsplit

from benchmarks.loadgen.clock import CONCURRENCY, Clock, Measured
from benchmarks.loadgen.workload import KEYS, REGION, calls
from loadgen.dynamodb.signing import Keys, Signer

_ANSWER_BYTES = 1 << 16
_SUCCESS = b"HTTP/1.1 200 "


def single(url: str, seconds: float) -> Measured:
    """PutItem."""
    return _measure(url, seconds, 1)


def batched(url: str, seconds: float) -> Measured:
    """BatchWriteItem of 25 items."""
    return _measure(url, seconds, 25)


def _measure(url: str, seconds: float, items_each: int) -> Measured:
    parts = urlsplit(url)
    call = next(calls(items_each))
    signer = Signer(Keys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"]), REGION, parts.netloc)
    (request,) = signer.requests([call])
    context = ssl.create_default_context() if parts.scheme == "https" else None
    sockets = [_connect(parts.hostname or "", parts.port or 0, context) for _ in range(CONCURRENCY)]
    poll = select.epoll()
    for one in sockets:
        poll.register(one, select.EPOLLIN)
        one.send(request)
    by_number = {one.fileno(): one for one in sockets}
    clock = Clock(seconds)
    try:
        while True:
            for number, _ in poll.poll():
                one = by_number[number]
                try:
                    answer = one.recv(_ANSWER_BYTES)
                except ssl.SSLWantReadError:
                    continue  # A ticket for the next session.
                if not answer.startswith(_SUCCESS):
                    raise RuntimeError(f"not a null server's answer: {answer[:40]!r}")
                if clock.over():
                    return clock.measured(items_each)
                one.send(request)
    finally:
        poll.close()
        for one in sockets:
            one.close()


def _connect(host: str, port: int, context: ssl.SSLContext | None) -> socket.socket:
    """A connection that is non-blocking after the handshake."""
    connected = socket.create_connection((host, port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one = connected if context is None else context.wrap_socket(connected, server_hostname=host)
    one.setblocking(False)
    return one
