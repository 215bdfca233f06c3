"""AWS Signature Version 4 for one service and one host, with all that does not change kept.

A request's signature is made of two SHA-256 over constants of the second and
one over the body; the constants are hashed once and their state is copied.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, Protocol

SERVICE = "dynamodb"
API = "DynamoDB_20120810"
CONTENT_TYPE = "application/x-amz-json-1.0"
_BLOCK_BYTES = 64


class Keys(NamedTuple):
    """An access key, its secret, and the session's token if they are temporary."""

    access_key: str
    secret_key: str
    token: str | None = None


class _Hash(Protocol):
    def copy(self) -> _Hash: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


class _Operation(NamedTuple):
    """The constants of an operation within one second: the request up to the signature, and the hash's state."""

    head: bytes
    canonical: _Hash


class Signer:
    """Signs and renders requests: `request` gives the bytes that go on the wire.

    `host` is the value of the Host header: with its port unless that is the
    scheme's own. `clock` gives epoch seconds.
    """

    def __init__(self, keys: Keys, region: str, host: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._region = region
        self._host = host
        self._clock = clock
        self._signed_headers = "content-type;host;x-amz-date;x-amz-target"
        if keys.token is not None:
            self._signed_headers = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        self._second = -1
        self._stamp = ""
        self._scope = ""
        self._scope_day = ""
        self._signing_key = b""
        self._operations: dict[str, _Operation] = {}
        self._inner: _Hash = sha256()
        self._outer: _Hash = sha256()

    def request(self, operation: str, body: bytes) -> bytes:
        """The signed request for one call of `operation`."""
        second = int(self._clock())
        if second != self._second:
            self._turn(second)
        constants = self._operations.get(operation) or self._prepare(operation)
        canonical = constants.canonical.copy()
        canonical.update(sha256(body).hexdigest().encode())
        inner = self._inner.copy()
        inner.update(canonical.hexdigest().encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (constants.head, outer.hexdigest().encode(), len(body), body)

    def _turn(self, second: int) -> None:
        """Make the constants of a new second: the HMAC's two states, with the string to sign up to its hash."""
        self._second = second
        self._stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        self._operations = {}
        day = self._stamp[:8]
        if day != self._scope_day:
            self._scope_day = day
            self._scope = f"{day}/{self._region}/{SERVICE}/aws4_request"
            key = f"AWS4{self._keys.secret_key}".encode()
            for part in self._scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._signing_key = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in self._signing_key))
        self._inner.update(f"AWS4-HMAC-SHA256\n{self._stamp}\n{self._scope}\n".encode())
        self._outer = sha256(bytes(byte ^ 0x5C for byte in self._signing_key))

    def _prepare(self, operation: str) -> _Operation:
        target = f"{API}.{operation}"
        token = self._keys.token
        canonical = (
            f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{self._host}\nx-amz-date:{self._stamp}\n"
            + (f"x-amz-security-token:{token}\n" if token is not None else "")
            + f"x-amz-target:{target}\n\n{self._signed_headers}\n"
        )
        head = (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {CONTENT_TYPE}\r\nX-Amz-Date: {self._stamp}\r\n"
            + (f"X-Amz-Security-Token: {token}\r\n" if token is not None else "")
            + f"X-Amz-Target: {target}\r\nAuthorization: AWS4-HMAC-SHA256 "
            f"Credential={self._keys.access_key}/{self._scope}, SignedHeaders={self._signed_headers}, Signature="
        )
        constants = _Operation(head.encode(), sha256(canonical.encode()))
        self._operations[operation] = constants
        return constants
