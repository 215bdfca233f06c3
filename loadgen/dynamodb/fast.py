"""The fast writer: DynamoDB's protocol directly on sockets.

For each request it does only the necessary work: one signature, one write, one check of the response. On the wire its
requests have the headers, the body and the signature that botocore's have, except those that botocore adds for itself
(its user agent, the attempt's id).
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from loadgen.dynamodb.callbacks import raise_error
from loadgen.dynamodb.credentials import CredentialSource, discover
from loadgen.dynamodb.dial import Address
from loadgen.dynamodb.pool import ConnectionPool
from loadgen.dynamodb.signing import Keys, Signer
from loadgen.dynamodb.writer import Endpoint, Limits, OnReply
from loadgen.dynamodb.writes import Call, Outcome, Reply
from stack import UserError

_REFRESH_S = 15.0
_PORTS = {"http": 80, "https": 443}


class FastWriter:
    """Signs and sends calls over a pool of connections, with credentials that stay valid."""

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._on_reply: OnReply | None = None
        # With its call, whose id no other call then has.
        self._asked: dict[int, tuple[Call, asyncio.Future[Reply]]] = {}
        self._pool: ConnectionPool | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._rejected = asyncio.Event()
        self._refresh_failure = ""

    async def open(self, warm: int) -> None:
        """Find the credentials and open `warm` connections.

        UserError when there are no credentials, or when only a proxy leads to the endpoint.
        """
        source, url = await discover(self._endpoint)
        address, host = locate(url)
        keys = await source.current()
        signer = Signer(keys, self._endpoint.region, host)
        self._pool = ConnectionPool(address, self._limits, signer, self._answered, self._fail_asked)
        self._keeper = asyncio.create_task(self._keep(source, keys, host))
        self._keeper.add_done_callback(raise_error)
        await self._pool.warm(warm)

    def set_reply_handler(self, on_reply: OnReply) -> None:
        """Set the handler of replies."""
        self._on_reply = on_reply

    async def ask(self, operation: str, parameters: dict[str, object]) -> Reply:
        """Make one call and wait for its reply. Raises the error that keeps the writer from sending it."""
        call = Call(operation, (msgspec.json.encode(parameters),), sent_ns=time.monotonic_ns())
        answer = asyncio.get_running_loop().create_future()
        self._asked[id(call)] = call, answer
        try:
            self.send(call)
            return await answer
        finally:
            answer.cancel()

    def send(self, *calls: Call) -> None:
        """Send calls now."""
        if self._pool is None:
            raise RuntimeError("the writer is not open")
        self._pool.send(*calls)

    def poll(self) -> None:
        """Handle the replies that have come."""
        if self._pool is not None:
            self._pool.run(self._pool.poll)

    def pause(self, paused: bool) -> None:
        """Handle replies only in `poll`, or as soon as they arrive."""
        if self._pool is not None:
            self._pool.pause(paused)

    async def close(self) -> None:
        """Close all connections. Calls in flight get no reply."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._pool is not None:
            await self._pool.close()

    def _answered(self, calls: Sequence[Call], reply: Reply) -> None:
        if reply.outcome is Outcome.CREDENTIALS:
            self._rejected.set()
            reply = Reply(reply.outcome, reply.code, reply.message + self._refresh_failure)
        if self._asked:
            calls = [call for call in calls if not self._asked_for(call, reply)]
        if calls and self._on_reply is not None:
            self._on_reply(calls, reply)

    def _asked_for(self, call: Call, reply: Reply) -> bool:
        """Pass the reply of a call outside the plan to its caller; return whether it is such a call."""
        _, answer = self._asked.pop(id(call), (None, None))
        if answer is not None and not answer.done():
            answer.set_result(reply)
        return answer is not None

    def _fail_asked(self, error: Exception) -> None:
        """End the calls outside the plan by an error in what the event loop called."""
        for _, answer in self._asked.values():
            if not answer.done():
                answer.set_exception(error)

    async def _keep(self, source: CredentialSource, keys: Keys, host: str) -> None:
        """Refresh the signing credentials from their source, periodically and when the service rejects them."""
        while True:
            with suppress(TimeoutError):
                # Not wait_for, which in Python 3.11 can swallow the cancellation that ends this task.
                async with asyncio.timeout(_REFRESH_S):
                    await self._rejected.wait()
            self._rejected.clear()
            try:
                current = await source.current()
            except Exception as error:  # of any kind: the old keys are tried until the service rejects them
                self._refresh_failure = f"; they could not be refreshed: {error}"
                continue
            self._refresh_failure = ""
            if current != keys and self._pool is not None:
                keys = current
                self._pool.signer = Signer(keys, self._endpoint.region, host)


def locate(url: str) -> tuple[Address, str]:
    """Return the address of an endpoint's URL and its Host header.

    Raises: UserError: it is no such URL, only a proxy reaches it, or AWS_CA_BUNDLE cannot be used.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host:
        raise UserError(f"{url!r} is not an endpoint: write it as https://host or http://host:port.")
    if parts.scheme in getproxies() and not proxy_bypass(host):
        raise UserError(
            f"A proxy is configured for {url}, and only the other writer can use it: add --writer aioboto3."
        )
    port = parts.port or _PORTS[parts.scheme]
    tls = _trusting(os.environ.get("AWS_CA_BUNDLE")) if parts.scheme == "https" else None
    bare = f"[{host}]" if ":" in host else host
    return Address(host, port, tls), bare if port == _PORTS[parts.scheme] else f"{bare}:{port}"


def _trusting(bundle: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:  # an SSLError is one
        raise UserError(
            f"AWS_CA_BUNDLE names {bundle}, which cannot be used ({error.strerror}): correct it."
        ) from error
