"""The recovery of a journal after its process has ended in any way."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

from sandbox.journal.entries import EntryReceiver, replay_frame
from sandbox.journal.frames import HEADER_BYTES, contents
from sandbox.journal.journal import Journal, JournalFile, segments_in


class DamagedError(Exception):
    """A journal that differs from what was written; the text names the place."""


def recover(directory: Path, to: EntryReceiver, whole_from: int = 0) -> Journal:
    """Report all entries of the journal in a directory, and return it for further writing.

    Before position `whole_from` only the records of shards are reported. An incomplete frame at the end is removed: it
    was never acknowledged.

    Raises:
        DamagedError: an incomplete frame is not the last one, or an entry cannot be read.
    """
    directory.mkdir(parents=True, exist_ok=True)
    segments = segments_in(directory)
    for segment in segments:
        end = replay_segment(segment, to, records_only=segment.start < whole_from)
        if end == segment.size:
            continue
        if segment is not segments[-1]:
            raise DamagedError(f"{segment.path} is damaged at byte {end}")
        os.ftruncate(segment.fd, end)
        segment.size = end
    return Journal(directory, segments)


def replay_segment(segment: JournalFile, to: EntryReceiver, *, records_only: bool) -> int:
    """Report the entries of one file; return the end of its last complete frame."""
    if segment.size == 0:
        return 0
    end = 0
    with mmap.mmap(segment.fd, 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as file:
        for begin, end in contents(file):
            try:
                replay_frame(file, begin, end, segment.start, to, records_only=records_only)
            except (ValueError, IndexError, struct.error) as error:
                raise DamagedError(f"{segment.path} is damaged at byte {begin - HEADER_BYTES}: {error}") from error
    return end
