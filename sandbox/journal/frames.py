"""Frames: runs of entries that are on file either whole or not at all.

A frame is the length of its content and a checksum, four bytes each and little-endian, and its content. What a process
that was killed, or a machine that lost power, left half written fails one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple
from zlib import crc32

_HEADER = Struct("<II")
HEADER_BYTES = _HEADER.size


class Span(NamedTuple):
    """The bytes from `start` up to, but not at, `end`."""

    start: int
    end: int


def framed(content: bytes) -> bytes:
    """A frame with a content, which is not empty."""
    return _HEADER.pack(len(content), crc32(content)) + content


def contents(file: memoryview) -> Iterator[Span]:
    """Where the contents of the whole frames at the beginning of a file are. The rest is no frame, or torn."""
    start, size = 0, len(file)
    while start + HEADER_BYTES <= size:
        length, checksum = _HEADER.unpack_from(file, start)
        begin = start + HEADER_BYTES
        start = begin + length
        # Where a file system wrote the length of a file but not its content, there are zeros.
        if length == 0 or start > size or crc32(file[begin:start]) != checksum:
            return
        yield Span(begin, start)
