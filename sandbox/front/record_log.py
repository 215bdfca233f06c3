"""A shard's records: appended at one end, trimmed at the other, read from anywhere.

A record is found by its index, so a read costs what it returns, however much
the shard holds. What does not fit in memory is kept in files, because a record
may be asked for until its retention is over.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from itertools import pairwise
from pathlib import Path

_CHUNK_BYTES = 8 << 20
_MEMORY_BYTES = 128 << 20


class _Chunk:
    """A run of records, in memory or in a file."""

    __slots__ = ("ends", "first", "path", "records", "size_bytes", "times")

    def __init__(self, first: int) -> None:
        self.first = first
        self.records: list[bytes] = []
        self.times = array("d")
        self.size_bytes = 0
        self.path: Path | None = None
        self.ends = array("Q")

    @property
    def end(self) -> int:
        return self.first + len(self.times)

    def append(self, record: bytes, at_s: float) -> None:
        self.records.append(record)
        self.times.append(at_s)
        self.size_bytes += len(record)

    def spill(self, directory: Path) -> None:
        """Move the records to a file."""
        self.path = directory / str(self.first)
        self.path.write_bytes(b"".join(self.records))
        end = 0
        for record in self.records:
            end += len(record)
            self.ends.append(end)
        self.records = []

    def slice(self, start: int, stop: int) -> list[bytes]:
        """Records by their index in the chunk."""
        if self.path is None:
            return self.records[start:stop]
        ends = self.ends[start:stop]
        begin = self.ends[start - 1] if start else 0
        with self.path.open("rb") as file:
            file.seek(begin)
            content = file.read(ends[-1] - begin) if ends else b""
        bounds = [0, *(end - begin for end in ends)]
        return [content[a:b] for a, b in pairwise(bounds)]


class RecordLog:
    """Records with the time (epoch seconds) at which each arrived; times do not decrease.

    Indices count from 0 and are never used again. `memory_bytes` bounds what
    is held in memory, give or take a chunk.
    """

    def __init__(self, memory_bytes: int = _MEMORY_BYTES, chunk_bytes: int = _CHUNK_BYTES) -> None:
        self._chunks = deque([_Chunk(0)])
        self._memory_bytes = memory_bytes
        self._chunk_bytes = chunk_bytes
        self._held_bytes = 0
        self._directory: Path | None = None

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

    def append(self, record: bytes, at_s: float) -> int:
        """Add a record; returns its index."""
        chunk = self._chunks[-1]
        if chunk.size_bytes >= self._chunk_bytes:
            chunk = _Chunk(chunk.end)
            self._chunks.append(chunk)
            self._spill()
        chunk.append(record, at_s)
        self._held_bytes += len(record)
        return chunk.end - 1

    def read(self, start: int, limit: int, max_bytes: int) -> list[bytes]:
        """Up to `limit` records from index `start`, or from the oldest kept, together no larger than `max_bytes`.

        The first is returned whatever its size.
        """
        records: list[bytes] = []
        size = 0
        start = max(start, self.first)
        while start < self.end and len(records) < limit:
            chunk = self._chunk_of(start)
            for record in chunk.slice(start - chunk.first, start - chunk.first + limit - len(records)):
                size += len(record)
                if size > max_bytes and records:
                    return records
                records.append(record)
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
            if chunk.path is None:
                self._held_bytes -= chunk.size_bytes
            else:
                chunk.path.unlink()

    def _chunk_of(self, index: int) -> _Chunk:
        return self._chunks[bisect_right(self._chunks, index, key=lambda chunk: chunk.first) - 1]

    def _spill(self) -> None:
        """Move the oldest chunks to files until the rest fits in memory."""
        for chunk in self._chunks:
            if self._held_bytes <= self._memory_bytes or chunk is self._chunks[-1]:
                return
            if chunk.path is None:
                chunk.spill(self._spill_directory())
                self._held_bytes -= chunk.size_bytes

    def _spill_directory(self) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="shard-"))
            # Files and log go together: the stream is deleted, or the process ends.
            weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        return self._directory
