"""The heads of requests, and the kinds of their bodies. https://www.rfc-editor.org/rfc/rfc9112"""

from __future__ import annotations

import re
from typing import NamedTuple

from sandbox.compiled import native
from sandbox.http1.bodies import BadRequestError, Body, Chunked, Sized

_MAX_HEAD_BYTES = 64 << 10
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ABSOLUTE = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)

Headers = list[tuple[bytes, bytes]]


class Head(NamedTuple):
    """A request without its body. Names of headers are in lower case, and `path` is percent-encoded."""

    method: str
    path: bytes
    query: bytes
    headers: Headers
    fields: dict[bytes, bytes]
    is_http_1_0: bool

    @property
    def stays_open(self) -> bool:
        """Whether the connection stays open after the reply."""
        options = self.fields.get(b"connection")
        if options is None:
            return not self.is_http_1_0
        options = options.lower()
        return b"keep-alive" in options if self.is_http_1_0 else b"close" not in options

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for "100 Continue" before it sends the body."""
        return self.fields.get(b"expect", b"").lower() == b"100-continue" and not self.is_http_1_0


def parse_head(received: bytes, end: int) -> Head:
    """The head that ends before `end`.

    Raises:
        BadRequestError: it is not HTTP/1.1.
    """
    first_end = received.find(b"\r\n", 0, end)
    first_end = end if first_end < 0 else first_end
    parts = received[:first_end].split(b" ")
    if len(parts) != 3 or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0") or _METHOD.fullmatch(parts[0]) is None:
        raise BadRequestError(400, "The request line is malformed.")
    target = parts[1]
    if not target.startswith(b"/"):
        # The form for proxies; an S3 Control client uses it, whose hosts contain the account.
        target = _ABSOLUTE.sub(b"", target, count=1)
        target = target if target.startswith((b"/", b"*")) else b"/" + target
    path, _, query = target.partition(b"?")
    headers = _headers(received, min(first_end + 2, end), end)
    return Head(parts[0].decode("ascii"), path, query, headers, dict(headers), parts[2] == b"HTTP/1.0")


def _headers(received: bytes, begin: int, end: int) -> Headers:
    usual = None if native is None else native.headers(received, begin, end)
    if usual is not None:
        return usual
    headers: Headers = []
    for line in received[begin:end].split(b"\r\n") if begin < end else ():
        name, colon, value = line.partition(b":")
        if not colon or not name or name[-1] <= 32 or name[0] <= 32:
            raise BadRequestError(400, "A header is malformed.")
        headers.append((name.lower(), value.strip(b" \t")))
    return headers


def find_head(received: bytes) -> int:
    """The end of the head, -1 if it is incomplete.

    Raises:
        BadRequestError: it is too large.
    """
    end = received.find(b"\r\n\r\n")
    if end > _MAX_HEAD_BYTES or (end < 0 and len(received) > _MAX_HEAD_BYTES):
        raise BadRequestError(431, "The request's head is too large.")
    return end


def body_of(head: Head) -> Body | None:
    """The body that follows a head; None for no body.

    Raises:
        BadRequestError: the length is unknown.
    """
    coding = head.fields.get(b"transfer-encoding")
    if coding is not None:
        if coding.lower() != b"chunked" or b"content-length" in head.fields:
            raise BadRequestError(400, "The body's length is unknown.")
        return Chunked()
    length = length_of(head)
    return None if length == 0 else Sized(length)


def length_of(head: Head) -> int:
    """The Content-Length, 0 without one.

    Raises:
        BadRequestError: it is not a number, or has two different values.
    """
    given = head.fields.get(b"content-length")
    if given is None:
        return 0
    others = head.headers if len(head.fields) < len(head.headers) else ()
    if not given.isdigit() or any(value != given for name, value in others if name == b"content-length"):
        raise BadRequestError(400, "The Content-Length is not a number.")
    return int(given)
