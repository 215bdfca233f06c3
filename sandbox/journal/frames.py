"""Frames: runs of entries that are either completely in the file or absent.

A frame is the length of its content and a checksum, four bytes each and little-endian, and its content. A frame that a
killed process, or a machine without power, has left incomplete fails one of the two checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple
from zlib import crc32

_HEADER = Struct("<II")
HEADER_BYTES = _HEADER.size


class Span(NamedTuple):
    """The bytes from `start` (inclusive) to `end` (exclusive)."""

    start: int
    end: int


def framed(content: bytes) -> bytes:
    """The frame of a content, which is not empty."""
    return _HEADER.pack(len(content), crc32(content)) + content


def contents(file: memoryview) -> Iterator[Span]:
    """The contents of the complete frames at the beginning of a file; the rest is not a frame, or incomplete."""
    start, size = 0, len(file)
    while start + HEADER_BYTES <= size:
        length, checksum = _HEADER.unpack_from(file, start)
        begin = start + HEADER_BYTES
        start = begin + length
        # If a file system wrote a file's length but not its content, the content is zeros.
        if length == 0 or start > size or crc32(file[begin:start]) != checksum:
            return
        yield Span(begin, start)
