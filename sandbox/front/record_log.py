"""A shard's records: appended at one end, trimmed at the other, read from any index.

A record is found by its index, so the cost of a read depends on what it returns and not on the shard's size. The
journal has all records, so that they survive a restart; the newest, which are read most, are also in memory.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakValueDictionary

from sandbox.journal.entries import UID_BYTES
from sandbox.journal.in_use import journal
from sandbox.journal.journal import Journal

_CHUNK_BYTES = 512 << 10
_MEMORY_BYTES = 2 << 20
_MAX_SPREAD = 4
"""The maximum ratio of a span to the records in it at which they are read in one piece."""


class _Chunk:
    """A run of records: their positions in the journal, and the records themselves while they are in memory."""

    __slots__ = ("first", "positions", "records", "size_bytes", "sizes", "times")

    def __init__(self, first: int) -> None:
        self.first = first
        self.records: list[bytes] | None = []
        self.times = array("d")
        self.positions = array("Q")
        self.sizes = array("I")
        self.size_bytes = 0

    @property
    def end(self) -> int:
        return self.first + len(self.times)

    def append(self, size: int, at_s: float, position: int) -> None:
        self.times.append(at_s)
        self.positions.append(position)
        self.sizes.append(size)
        self.size_bytes += size

    def slice(self, start: int, stop: int, source: Journal) -> list[bytes]:
        """The records from `start` to `stop`, indices within the chunk."""
        if self.records is not None:
            return self.records[start:stop]
        positions, sizes = self.positions[start:stop], self.sizes[start:stop]
        if not positions:
            return []
        first = positions[0]
        span = positions[-1] + sizes[-1] - first
        if span > _MAX_SPREAD * sum(sizes) or not source.is_in_one(first, span):
            return [source.read(position, size) for position, size in zip(positions, sizes, strict=True)]
        content = source.read(first, span)
        return [content[at - first : at - first + size] for at, size in zip(positions, sizes, strict=True)]


class RecordLog:
    """Records with their arrival times (epoch seconds), which never decrease.

    Indices start at 0 and are never reused. `memory_bytes` bounds the records in memory, within one chunk. `uid` is the
    log's name in the journal.
    """

    def __init__(
        self, memory_bytes: int = _MEMORY_BYTES, chunk_bytes: int = _CHUNK_BYTES, uid: bytes | None = None
    ) -> None:
        self.uid = uid or os.urandom(UID_BYTES)
        self._chunks = deque([_Chunk(0)])
        self._memory_bytes = memory_bytes
        self._chunk_bytes = chunk_bytes
        self._held_bytes = 0
        _logs[self.uid] = self

    def __reduce__(self) -> tuple[Callable[[bytes], RecordLog], tuple[Any, ...]]:
        """Pickle a log as its name; the journal has the records."""
        return _named, (self.uid,)

    @property
    def first(self) -> int:
        """The index of the oldest record, or of the next one if the log is empty."""
        return self._chunks[0].first

    @property
    def end(self) -> int:
        """The index that the next record will get."""
        return self._chunks[-1].end

    @property
    def last_time(self) -> float:
        """The arrival time of the newest record; 0 without one."""
        return next((chunk.times[-1] for chunk in reversed(self._chunks) if chunk.times), 0.0)

    @property
    def last_position(self) -> int:
        """The journal position of the newest record."""
        return self._chunks[-1].positions[-1]

    def append(self, record: bytes, at_s: float) -> int:
        """Append a record, also to the journal; return its index."""
        chunk = self._writable()
        index = chunk.first + len(chunk.times)
        chunk.append(len(record), at_s, journal().add_record(self.uid, index, at_s, record))
        if chunk.records is not None:
            chunk.records.append(record)
            self._held_bytes += len(record)
        return index

    def adopt(self, index: int, at_s: float, position: int, size: int) -> None:
        """Add a record that is already in the journal; the records of a gap before it have been trimmed.

        Raises:
            ValueError: its index is not after the last one.
        """
        if index < self.end:
            raise ValueError(f"record {index} of a shard follows record {self.end - 1}")
        if index > self.end:
            self._chunks = deque([_Chunk(index)])
        chunk = self._writable()
        chunk.records = None
        chunk.append(size, at_s, position)

    def read(self, start: int, limit: int, max_bytes: int) -> list[bytes]:
        """Return up to `limit` records from index `start`, or from the oldest, of together at most `max_bytes`.

        The first is returned whatever its size.
        """
        start = max(start, self.first)
        stop = start
        size = 0
        for each in self._sizes(start):
            size += each
            if stop - start >= limit or (size > max_bytes and stop > start):
                break
            stop += 1
        records: list[bytes] = []
        while start < stop:
            chunk = self._chunk_of(start)
            records += chunk.slice(start - chunk.first, stop - chunk.first, journal())
            start = chunk.end
        return records

    def time_of(self, index: int) -> float:
        """The arrival time of the record at an index that is not trimmed."""
        chunk = self._chunk_of(index)
        return chunk.times[index - chunk.first]

    def index_at(self, at_s: float) -> int:
        """The index of the first record that arrived at or after a time."""
        for chunk in self._chunks:
            if chunk.times and chunk.times[-1] >= at_s:
                return chunk.first + bisect_left(chunk.times, at_s)
        return self.end

    def trim(self, before_s: float) -> None:
        """Delete the records that arrived before a time, in whole chunks."""
        while len(self._chunks) > 1 and self._chunks[0].times[-1] < before_s:
            chunk = self._chunks.popleft()
            if chunk.records is not None:
                self._held_bytes -= chunk.size_bytes

    def spans(self) -> Iterator[tuple[int, int]]:
        """The journal positions of the first and the last record of each run."""
        for chunk in self._chunks:
            if chunk.positions:
                yield chunk.positions[0], chunk.positions[-1]

    def _sizes(self, start: int) -> Iterator[int]:
        while start < self.end:
            chunk = self._chunk_of(start)
            yield from chunk.sizes[start - chunk.first :]
            start = chunk.end

    def _writable(self) -> _Chunk:
        """The last chunk, or a new one if the last is full."""
        chunk = self._chunks[-1]
        if chunk.size_bytes >= self._chunk_bytes:
            chunk = _Chunk(chunk.end)
            self._chunks.append(chunk)
            self._drop_from_memory()
        return chunk

    def _chunk_of(self, index: int) -> _Chunk:
        return self._chunks[bisect_right(self._chunks, index, key=_first) - 1]

    def _drop_from_memory(self) -> None:
        """Drop the oldest chunks' records from memory until the rest fits."""
        for chunk in self._chunks:
            if self._held_bytes <= self._memory_bytes or chunk is self._chunks[-1]:
                return
            if chunk.records is not None:
                chunk.records = None
                self._held_bytes -= chunk.size_bytes


_logs: WeakValueDictionary[bytes, RecordLog] = WeakValueDictionary()


def all_logs() -> list[RecordLog]:
    """The logs of all existing shards."""
    return list(_logs.values())


def log_of(uid: bytes) -> RecordLog | None:
    """The log with a name; None if its stream is deleted."""
    return _logs.get(uid)


def _named(uid: bytes) -> RecordLog:
    return _logs.get(uid) or RecordLog(uid=uid)


def _first(chunk: _Chunk) -> int:
    return chunk.first
