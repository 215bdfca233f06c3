"""A shard's records: appended at one end, trimmed at the other, read from anywhere.

A record is found by its index, so a read costs what it returns, however much
the shard holds. All of them are in the journal, where a restart finds them;
the newest are also in memory, because they are what is read most.
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
"""Records are read at once when what is between them is at most so many times as large as they are."""


class _Chunk:
    """A run of records: where the journal has them, and while they are in memory the records themselves."""

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
        """Records by their index in the chunk."""
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
    """Records with the time (epoch seconds) at which each arrived; times do not decrease.

    Indices count from 0 and are never used again. `memory_bytes` bounds what is held in memory, give or take a chunk.
    `uid` is its name in the journal.
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
        """A saved log is its name: the journal has the records."""
        return _named, (self.uid,)

    @property
    def first(self) -> int:
        """The index of the oldest record that is kept, or the one that the next record will get."""
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
        """Where the journal has the newest record."""
        return self._chunks[-1].positions[-1]

    def append(self, record: bytes, at_s: float) -> int:
        """Add a record, also to the journal; returns its index."""
        chunk = self._writable()
        index = chunk.first + len(chunk.times)
        chunk.append(len(record), at_s, journal().add_record(self.uid, index, at_s, record))
        if chunk.records is not None:
            chunk.records.append(record)
            self._held_bytes += len(record)
        return index

    def adopt(self, index: int, at_s: float, position: int, size: int) -> None:
        """Take a record that the journal has. What is before a gap was trimmed, or the gap would have been kept, too.

        Raises:
            ValueError: it comes before the last.
        """
        if index < self.end:
            raise ValueError(f"record {index} of a shard follows record {self.end - 1}")
        if index > self.end:
            self._chunks = deque([_Chunk(index)])
        chunk = self._writable()
        chunk.records = None
        chunk.append(size, at_s, position)

    def read(self, start: int, limit: int, max_bytes: int) -> list[bytes]:
        """Up to `limit` records from index `start`, or from the oldest kept, together no larger than `max_bytes`.

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
        """When the record at an index that is kept arrived."""
        chunk = self._chunk_of(index)
        return chunk.times[index - chunk.first]

    def index_at(self, at_s: float) -> int:
        """The index of the first record that arrived at a time or later."""
        for chunk in self._chunks:
            if chunk.times and chunk.times[-1] >= at_s:
                return chunk.first + bisect_left(chunk.times, at_s)
        return self.end

    def trim(self, before_s: float) -> None:
        """Forget what arrived before a time, in whole chunks."""
        while len(self._chunks) > 1 and self._chunks[0].times[-1] < before_s:
            chunk = self._chunks.popleft()
            if chunk.records is not None:
                self._held_bytes -= chunk.size_bytes

    def spans(self) -> Iterator[tuple[int, int]]:
        """Where the journal has what is kept: the positions of the first and the last record of each run."""
        for chunk in self._chunks:
            if chunk.positions:
                yield chunk.positions[0], chunk.positions[-1]

    def _sizes(self, start: int) -> Iterator[int]:
        while start < self.end:
            chunk = self._chunk_of(start)
            yield from chunk.sizes[start - chunk.first :]
            start = chunk.end

    def _writable(self) -> _Chunk:
        """The last chunk, or a new one when that is full."""
        chunk = self._chunks[-1]
        if chunk.size_bytes >= self._chunk_bytes:
            chunk = _Chunk(chunk.end)
            self._chunks.append(chunk)
            self._leave_to_journal()
        return chunk

    def _chunk_of(self, index: int) -> _Chunk:
        return self._chunks[bisect_right(self._chunks, index, key=_first) - 1]

    def _leave_to_journal(self) -> None:
        """Let go of the oldest chunks' records until the rest fits in memory."""
        for chunk in self._chunks:
            if self._held_bytes <= self._memory_bytes or chunk is self._chunks[-1]:
                return
            if chunk.records is not None:
                chunk.records = None
                self._held_bytes -= chunk.size_bytes


_logs: WeakValueDictionary[bytes, RecordLog] = WeakValueDictionary()


def all_logs() -> list[RecordLog]:
    """The logs of all shards there are."""
    return list(_logs.values())


def log_of(uid: bytes) -> RecordLog | None:
    """The log of a name; None when its stream is gone."""
    return _logs.get(uid)


def _named(uid: bytes) -> RecordLog:
    return _logs.get(uid) or RecordLog(uid=uid)


def _first(chunk: _Chunk) -> int:
    return chunk.first
