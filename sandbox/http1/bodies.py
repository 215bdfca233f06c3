"""Bodies as they arrive: of known length, or in chunks. https://www.rfc-editor.org/rfc/rfc9112#section-6"""

from __future__ import annotations

from typing import Protocol

_MAX_CHUNK_LINE_BYTES = 4096


class BadRequestError(Exception):
    """The received data is not HTTP/1.1, or too large; `status` is the reply's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Body(Protocol):
    """A request body while it is received."""

    def feed(self, data: bytes) -> bytes | None:
        """Consume the body's part of the data; return what follows the body, or None while it is incomplete."""
        ...

    def content(self) -> bytes:
        """The whole body."""
        ...


class Sized:
    """A body of known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> bytes | None:
        """See `Body`."""
        part = data[: self._left]
        self._parts.append(part)
        self._left -= len(part)
        return None if self._left else data[len(part) :]

    def content(self) -> bytes:
        """See `Body`."""
        return b"".join(self._parts)


class Chunked:
    """A body in chunks: each has its size before it, up to one of size 0, and lines of trailers."""

    def __init__(self) -> None:
        self._rest = b""
        self._parts: list[bytes] = []
        self._left = 0
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes | None:
        """See `Body`."""
        data = self._rest + data if self._rest else data
        self._rest = b""
        while True:
            if self._left:
                # the chunk's data and its line end
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
        """Return the last part without its chunk's line end, which may have arrived in two parts."""
        last = self._parts[-1]
        if len(last) == 1:
            last = self._parts.pop(-2) + last
        if not last.endswith(b"\r\n"):
            raise BadRequestError(400, "A chunk is longer than its size.")
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
        """See `Body`."""
        return b"".join(self._parts)
