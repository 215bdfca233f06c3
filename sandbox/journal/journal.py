"""The journal's files: written at the end, read anywhere.

A position is the number of bytes since the journal began, over all its segments, and is never reused. A segment's name
is the position at which it begins.
"""

from __future__ import annotations

import asyncio
import os
import threading
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

from sandbox.journal.entries import held_item_entry, item_entry, no_item_entry, record_head
from sandbox.journal.frames import HEADER_BYTES, framed

SEGMENT_BYTES = 32 << 20
SYNC_INTERVAL_S = 0.05
"""The maximum time that a written frame is only in the system's memory, where a power failure loses it."""
_SUFFIX = ".journal"


class JournalFile:
    """One file of the journal, from position `start` on."""

    def __init__(self, path: Path, start: int) -> None:
        self.path = path
        self.start = start
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.size = os.fstat(self.fd).st_size

    @property
    def end(self) -> int:
        """The position after the file's last byte."""
        return self.start + self.size

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)


def segments_in(directory: Path) -> list[JournalFile]:
    """The segments of a directory, ordered by their positions."""
    paths = sorted(directory.glob(f"*{_SUFFIX}"))
    return [JournalFile(path, int(path.name.removesuffix(_SUFFIX))) for path in paths]


class Journal:
    """A journal: entries are added to a frame, which `commit` writes. For one thread, besides its own.

    Whatever `commit` has written survives the end of the process, however it ends. It is on the disk after
    `SYNC_INTERVAL_S`, or once `synced` has returned.
    """

    def __init__(self, directory: Path, segments: list[JournalFile], segment_bytes: int = SEGMENT_BYTES) -> None:
        self.directory = directory
        self.segments = segments
        self._segment_bytes = segment_bytes
        self._parts: list[bytes] = []
        if not segments:
            segments.append(self._segment(0))
        self._written = segments[-1].end
        self._next = self._written + HEADER_BYTES
        self._disk = _Disk(segments[-1])

    @property
    def end(self) -> int:
        """The position after the last written frame."""
        return self._written

    @property
    def is_pending(self) -> bool:
        """Whether there are entries to commit."""
        return bool(self._parts)

    def add_record(self, uid: bytes, index: int, at_s: float, record: bytes) -> int:
        """Add a shard's record to the frame; return the position of its content."""
        head = record_head(uid, index, at_s, len(record))
        self._parts += head, record
        position = self._next + len(head)
        self._next = position + len(record)
        return position

    def add_item(
        self, uid: bytes, hash_: str, range_: str, size_bytes: int, image: bytes | None, held: int | None
    ) -> None:
        """Add an item, or its deletion; `held` is the position of its image if the frame already has it."""
        if image is None:
            entry = no_item_entry(uid, hash_.encode(), range_.encode())
        elif held is None:
            entry = item_entry(uid, hash_.encode(), range_.encode(), size_bytes, image)
        else:
            entry = held_item_entry(uid, hash_.encode(), range_.encode(), size_bytes, len(image), held)
        self.add(entry)

    def add(self, entry: bytes) -> None:
        """Add an entry to the frame."""
        self._parts.append(entry)
        self._next += len(entry)

    def commit(self) -> None:
        """Write the entries added since the last commit as one frame, if there are any.

        Raises:
            OSError: it could not be written. The entries are kept, and the next commit retries.
        """
        if not self._parts:
            return
        frame = framed(b"".join(self._parts))
        segment = self.segments[-1]
        if os.pwrite(segment.fd, frame, segment.size) != len(frame):
            _write_all(segment, frame)
        segment.size += len(frame)
        self._parts = []
        self._written += len(frame)
        if segment.size >= self._segment_bytes:
            self.rotate()
        self._next = self._written + HEADER_BYTES
        self._disk.written()

    def rotate(self) -> int:
        """Begin a new segment and return its position; call it between commits."""
        if self.segments[-1].size:
            self.segments.append(self._segment(self._written))
            self._disk.follow(self.segments[-1])
        return self._written

    def read(self, position: int, size: int) -> bytes:
        """Return bytes at a position, which may not be committed yet."""
        if position >= self._written:
            self.commit()
        segment = self._segment_of(position)
        return os.pread(segment.fd, size, position - segment.start)

    def is_in_one(self, position: int, size: int) -> bool:
        """Return whether the bytes at a position are in one segment."""
        return self._segment_of(position) is self._segment_of(position + size - 1)

    def drop(self, segment: JournalFile) -> None:
        """Delete a segment that nothing refers to, except the last."""
        self.segments.remove(segment)
        segment.close()
        segment.path.unlink()

    def sync_also(self, fd: int, done: Callable[[], object]) -> None:
        """Sync a second file in the journal's thread, close it and then call a function there."""
        self._disk.also(fd, done)

    def when_synced(self, done: Callable[[], object]) -> None:
        """Call a function, in the journal's thread, some time after the committed entries are on the disk."""
        self._disk.later(done)

    async def synced(self) -> None:
        """Wait until the committed entries are on the disk."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        self._disk.when_done(lambda: loop.call_soon_threadsafe(done.set))
        await done.wait()

    def close(self) -> None:
        """Write everything to the disk and close the files."""
        self.commit()
        self._disk.stop()
        for segment in self.segments:
            segment.close()

    def _segment_of(self, position: int) -> JournalFile:
        return self.segments[bisect_right(self.segments, position, key=_start) - 1]

    def _segment(self, start: int) -> JournalFile:
        return JournalFile(self.directory / f"{start:020d}{_SUFFIX}", start)


class _Disk(threading.Thread):
    """The thread that syncs written frames to the disk."""

    def __init__(self, segment: JournalFile) -> None:
        super().__init__(name="journal", daemon=True)
        self._segments = [segment]
        self._others: list[_Other] = []
        self._waiting: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._immediately = threading.Event()
        self._is_busy = False
        self._stopping = False
        self.start()

    def written(self) -> None:
        """Schedule a sync of what was written."""
        if not self._wake.is_set():
            self._wake.set()

    def follow(self, segment: JournalFile) -> None:
        """Sync a new segment from now on."""
        with self._lock:
            self._segments.append(segment)

    def also(self, fd: int, done: Callable[[], object]) -> None:
        """Sync and close a second file with the next sync, and then call a function."""
        with self._lock:
            self._others.append((fd, done))
        self._wake.set()

    def later(self, done: Callable[[], object]) -> None:
        """Call a function after the next sync."""
        with self._lock:
            self._waiting.append(done)
        self._wake.set()

    def when_done(self, done: Callable[[], object]) -> None:
        """Call a function, possibly in this thread, once everything written is on the disk."""
        with self._lock:
            if self._wake.is_set() or self._is_busy:
                self._waiting.append(done)
                self._wake.set()
                self._immediately.set()
                return
        done()

    def stop(self) -> None:
        """Sync everything and end."""
        self._stopping = True
        self._immediately.set()
        self._wake.set()
        self.join()

    def run(self) -> None:
        """Sync written frames until stopped."""
        while not self._stopping:
            self._wake.wait()
            self._immediately.wait(SYNC_INTERVAL_S)
            self._sync()
        self._sync()

    def _sync(self) -> None:
        with self._lock:
            self._is_busy = True
            self._immediately.clear()
            self._wake.clear()
            segments = list(self._segments)
            others, self._others = self._others, []
            waiting, self._waiting = self._waiting, []
        for segment in segments:
            _sync_data(segment.fd)
        for fd, done in others:
            os.fsync(fd)
            os.close(fd)
            done()
        with self._lock:
            del self._segments[: len(segments) - 1]
            self._is_busy = False
        for done in waiting:
            done()


_Other = tuple[int, Callable[[], object]]
"""A file's descriptor, and the function to call once it is on the disk."""
# macOS has no fdatasync.
_sync_data: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


def _start(segment: JournalFile) -> int:
    return segment.start


def _write_all(segment: JournalFile, frame: bytes) -> None:
    """Write the rest of a partially written frame; if that fails, remove the part."""
    done = 0
    try:
        while done < len(frame):
            done += os.pwrite(segment.fd, frame[done:], segment.size + done)
    except OSError:
        os.ftruncate(segment.fd, segment.size)
        raise
