"""Requests as they arrive: a head, and a body of known length or in chunks.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

_MAX_HEAD_BYTES = 64 << 10
_MAX_CHUNK_LINE_BYTES = 4096
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ABSOLUTE = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)

Headers = list[tuple[bytes, bytes]]


class BadRequestError(Exception):
    """What arrives is not HTTP/1.1, or more than is taken; `status` is the answer's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


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
        """Whether the connection is kept after the answer."""
        options = self.fields.get(b"connection", b"").lower()
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
    first, *lines = received[:end].split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0") or _METHOD.fullmatch(parts[0]) is None:
        raise BadRequestError(400, "The request line is malformed.")
    target = parts[1]
    if not target.startswith(b"/"):
        # As proxies get it; the endpoint is one for S3 Control, whose hosts have the account in their names.
        target = _ABSOLUTE.sub(b"", target, count=1)
        target = target if target.startswith((b"/", b"*")) else b"/" + target
    path, _, query = target.partition(b"?")
    headers: Headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name[-1] <= 32 or name[0] <= 32:
            raise BadRequestError(400, "A header is malformed.")
        headers.append((name.lower(), value.strip(b" \t")))
    return Head(parts[0].decode("ascii"), path, query, headers, dict(headers), parts[2] == b"HTTP/1.0")


def find_head(received: bytes) -> int:
    """Where the head ends, -1 when it is incomplete; BadRequestError when it is larger than is taken."""
    end = received.find(b"\r\n\r\n")
    if end > _MAX_HEAD_BYTES or (end < 0 and len(received) > _MAX_HEAD_BYTES):
        raise BadRequestError(431, "The request's head is too large.")
    return end


class Body(Protocol):
    """A body that arrives."""

    def feed(self, data: bytes) -> bytes | None:
        """Take what belongs to it; what follows it, or None while it is incomplete."""
        ...

    def content(self) -> bytes:
        """The whole body."""
        ...


def body_of(head: Head) -> Body | None:
    """The body that follows a head; None for no body.

    Raises:
        BadRequestError: its length is not known.
    """
    coding = head.fields.get(b"transfer-encoding")
    if coding is not None:
        if coding.lower() != b"chunked" or b"content-length" in head.fields:
            raise BadRequestError(400, "The body's length is not known.")
        return _Chunked()
    length = length_of(head)
    return None if length == 0 else _Sized(length)


def length_of(head: Head) -> int:
    """The Content-Length, 0 without one; BadRequestError when it is no number or two different ones."""
    given = head.fields.get(b"content-length")
    if given is None:
        return 0
    if not given.isdigit() or any(value != given for name, value in head.headers if name == b"content-length"):
        raise BadRequestError(400, "The Content-Length is not a number.")
    return int(given)


class _Sized:
    """A body of known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> bytes | None:
        part = data[: self._left]
        self._parts.append(part)
        self._left -= len(part)
        return None if self._left else data[len(part) :]

    def content(self) -> bytes:
        return b"".join(self._parts)


class _Chunked:
    """A body in chunks: each with its size before it, up to one of size 0, and lines of trailers."""

    def __init__(self) -> None:
        self._rest = b""
        self._parts: list[bytes] = []
        self._left = 0
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes | None:
        data = self._rest + data if self._rest else data
        self._rest = b""
        while True:
            if self._left:
                # The chunk's data and the line end after it.
                part = data[: self._left]
                self._parts.append(part)
                self._left -= len(part)
                if self._left:
                    return None
                data = data[len(part) :]
                self._parts[-1:] = [self._joined_end()]
            line, end, data = data.partition(b"\r\n")
            if not end:
                if len(line) > _MAX_CHUNK_LINE_BYTES:
                    raise BadRequestError(400, "A chunk's size is malformed.")
                self._rest = line
                return None
            if self._in_trailers:
                if not line:
                    return data
            else:
                self._begin(line)

    def _joined_end(self) -> bytes:
        """The last part without the line end of its chunk, which may have come in two parts."""
        last = self._parts[-1]
        if len(last) == 1:
            last = self._parts.pop(-2) + last
        if not last.endswith(b"\r\n"):
            raise BadRequestError(400, "A chunk is longer than its size says.")
        return last[:-2]

    def _begin(self, line: bytes) -> None:
        size = line.split(b";", 1)[0].strip()
        try:
            length = int(size, 16) if size.isalnum() else -1
        except ValueError:
            length = -1
        if length < 0:
            raise BadRequestError(400, "A chunk's size is malformed.")
        self._in_trailers = length == 0
        self._left = length + 2 if length else 0

    def content(self) -> bytes:
        return b"".join(self._parts)
