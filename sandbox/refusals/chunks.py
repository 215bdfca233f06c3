"""Bodies in chunks that a client signs, and the checksum behind the last chunk.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

_END = b"\r\n"


def decoded(body: bytes) -> tuple[bytes, dict[str, str]] | None:
    """The content of a body in chunks, and its trailers by their names in lower case; None for no such body."""
    parts, at = list[bytes](), 0
    while True:
        end = body.find(_END, at)
        try:
            size = int(body[at:end].partition(b";")[0], 16) if end >= 0 else -1
        except ValueError:
            size = -1
        at = end + len(_END)
        if size < 0 or at + size > len(body):
            return None
        if size == 0:
            return b"".join(parts), _trailers(body[at:])
        parts.append(body[at : at + size])
        at += size + len(_END)


def _trailers(lines: bytes) -> dict[str, str]:
    pairs = (line.decode("latin-1").partition(":") for line in lines.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
