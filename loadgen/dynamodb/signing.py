"""AWS Signature Version 4 for one service and one host, with the constant parts cached.

A request's signature takes two SHA-256 hashes over constants of the second and one over the body; the constants are
hashed once and their state is reused.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from loadgen.compiled import native
from loadgen.dynamodb.writes import Call

SERVICE = "dynamodb"
API = "DynamoDB_20120810"
OPERATIONS = (
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "GetItem",
    "Query",
    "TransactWriteItems",
    "BatchGetItem",
    "DescribeTable",
    "DescribeContributorInsights",
)
"""The operations that can be signed."""
CONTENT_TYPE = "application/x-amz-json-1.0"
_BLOCK_BYTES = 64


class Keys(NamedTuple):
    """An access key, its secret, and the session's token if they are temporary."""

    access_key: str
    secret_key: str
    token: str | None = None


class Constants(Protocol):
    """The parts of a signature that are constant for a second, in the form in which they are used."""

    def begin(self, inner: bytes, outer: bytes) -> None:
        """Set the initial data of the HMAC's two hashes for a new second."""
        ...

    def keep(self, operation: str, head: bytes, canonical: bytes) -> None:
        """Store an operation's request up to its signature, and its canonical request up to the body's hash."""
        ...

    def sign(self, calls: list[Call]) -> list[bytes]:
        """Return the signed requests for calls of stored operations."""
        ...


class HashlibConstants:
    """Signs with hashlib, one request after the other."""

    def begin(self, inner: bytes, outer: bytes) -> None:
        """Set the constants of a new second."""
        self._inner, self._outer = sha256(inner), sha256(outer)
        self._operations: dict[str, tuple[bytes, Any]] = {}

    def keep(self, operation: str, head: bytes, canonical: bytes) -> None:
        """Store the constants of an operation."""
        self._operations[operation] = head, sha256(canonical)

    def sign(self, calls: list[Call]) -> list[bytes]:
        """Return the signed requests for calls."""
        return [self._sign(call) for call in calls]

    def _sign(self, call: Call) -> bytes:
        head, canonical = self._operations[call.target]
        body = call.body
        canonical = canonical.copy()
        canonical.update(sha256(body).hexdigest().encode())
        inner = self._inner.copy()
        inner.update(canonical.hexdigest().encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (head, outer.hexdigest().encode(), len(body), body)


class NativeConstants:
    """Signs with the compiled module, two requests at a time. Raises: RuntimeError: nothing is compiled."""

    def __init__(self) -> None:
        if native is None:
            raise RuntimeError("nothing is compiled")
        self._state, self._requests = native.state, native.requests

    def begin(self, inner: bytes, outer: bytes) -> None:
        """Set the constants of a new second."""
        self._inner, self._outer = self._state(inner), self._state(outer)
        self._operations: dict[str, tuple[bytes, bytes]] = {}

    def keep(self, operation: str, head: bytes, canonical: bytes) -> None:
        """Store the constants of an operation."""
        self._operations[operation] = head, self._state(canonical)

    def sign(self, calls: list[Call]) -> list[bytes]:
        """Return the signed requests for calls."""
        return self._requests(calls, self._operations, self._inner, self._outer)


def quickest() -> Constants:
    """Return the fastest implementation on this machine: hashlib's if the processor has no SHA-256 instructions.

    Without them hashlib is two to five times as fast as the compiled module.
    """
    return NativeConstants() if native is not None and native.instructions(True) else HashlibConstants()


class Signer:
    """Signs and renders requests: the bytes that go on the wire.

    `host` is the value of the Host header: with its port unless that is the
    scheme's own. `clock` gives epoch seconds.
    """

    def __init__(
        self,
        keys: Keys,
        region: str,
        host: str,
        *,
        clock: Callable[[], float] = time.time,
        constants: Callable[[], Constants] = quickest,
    ) -> None:
        self._keys = keys
        self._region = region
        self._host = host
        self._clock = clock
        self._constants = constants()
        self._signed_headers = "content-type;host;x-amz-date;x-amz-target"
        if keys.token is not None:
            self._signed_headers = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        self._second = -1
        self._scope = ""
        self._scope_day = ""
        self._signing_key = b""

    def requests(self, calls: list[Call]) -> list[bytes]:
        """Return the signed requests for calls of OPERATIONS."""
        second = int(self._clock())
        if second != self._second:
            self._turn(second)
        return self._constants.sign(calls)

    def _turn(self, second: int) -> None:
        """Compute the constants of a new second."""
        self._second = second
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        day = stamp[:8]
        if day != self._scope_day:
            self._scope_day = day
            self._scope = f"{day}/{self._region}/{SERVICE}/aws4_request"
            key = f"AWS4{self._keys.secret_key}".encode()
            for part in self._scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._signing_key = key.ljust(_BLOCK_BYTES, b"\0")
        self._constants.begin(
            bytes(byte ^ 0x36 for byte in self._signing_key) + f"AWS4-HMAC-SHA256\n{stamp}\n{self._scope}\n".encode(),
            bytes(byte ^ 0x5C for byte in self._signing_key),
        )
        for operation in OPERATIONS:
            self._keep(operation, stamp)

    def _keep(self, operation: str, stamp: str) -> None:
        target = f"{API}.{operation}"
        token = self._keys.token
        canonical = (
            f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{self._host}\nx-amz-date:{stamp}\n"
            + (f"x-amz-security-token:{token}\n" if token is not None else "")
            + f"x-amz-target:{target}\n\n{self._signed_headers}\n"
        )
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {CONTENT_TYPE}\r\nX-Amz-Date: {stamp}\r\n"
            + (f"X-Amz-Security-Token: {token}\r\n" if token is not None else "")
            + f"X-Amz-Target: {target}\r\nAuthorization: AWS4-HMAC-SHA256 "
            f"Credential={self._keys.access_key}/{self._scope}, SignedHeaders={self._signed_headers}, Signature="
        )
        self._constants.keep(operation, head.encode(), canonical.encode())
