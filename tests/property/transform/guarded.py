"""Runs the fast path in guarded memory: access to the page after its end kills the process."""

from __future__ import annotations

import ctypes
import mmap
from typing import NamedTuple

from transform.compiled import describe, native
from transform.fast_path import FALLBACK, FastPath
from transform.schema import LakeTable

PADDING = bytes(16)
"""What must follow the last record: the compiled module reads 16 bytes at a time."""

_NO_ACCESS = 0
_WORD_BYTES = 8

_protect = ctypes.CDLL(None, use_errno=True).mprotect
_protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class GuardedMemory:
    """At least this many bytes, followed by an inaccessible page."""

    def __init__(self, least_bytes: int) -> None:
        self.size_bytes = -(-least_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        memory = mmap.mmap(-1, self.size_bytes + mmap.PAGESIZE)
        end = ctypes.addressof(ctypes.c_char.from_buffer(memory)) + self.size_bytes
        if _protect(end, mmap.PAGESIZE, _NO_ACCESS):
            raise OSError(ctypes.get_errno(), "no page can be made inaccessible here")
        self._usable = memoryview(memory)[: self.size_bytes]

    def last(self, size_bytes: int) -> memoryview:
        """Return the last bytes."""
        if size_bytes > self.size_bytes:
            raise ValueError(f"{size_bytes} bytes are more than the {self.size_bytes} that there are")
        return self._usable[self.size_bytes - size_bytes :]

    def put(self, content: bytes) -> memoryview:
        """Copy this to the very end."""
        last = self.last(len(content))
        last[:] = content
        return last


class GuardedRow(NamedTuple):
    """The result of one record: a row, or None for FALLBACK; `moment` is in µs since 1970."""

    line: bytes | None
    result: int
    moment: int


class GuardedRows:
    """Writes one record's row at a time, as `transform.fast_path` does, between guarded pages."""

    def __init__(self, table: LakeTable, max_bytes: int) -> None:
        """Records may have `max_bytes`."""
        assert native, "nothing is compiled"
        self._rows = native.rows
        self._table = native.table(*describe(table))
        self._fast_path = FastPath(table)
        self._in = GuardedMemory(max_bytes + len(PADDING))
        self._out = GuardedMemory(self.room(max_bytes))
        self._length, self._end, self._moment, self._result = (GuardedMemory(_WORD_BYTES) for _ in range(4))

    def room(self, record_bytes: int) -> int:
        """Return the bytes that `transform.fast_path` reserves for a row of such a record."""
        return self._fast_path.room_bytes(1, record_bytes)

    def write(self, content: bytes, room: int) -> GuardedRow:
        """Return the record's row with this many bytes of room."""
        length = self._length.put(len(content).to_bytes(_WORD_BYTES, "little"))
        result, end, moment = self._result.last(1), self._end.last(_WORD_BYTES), self._moment.last(_WORD_BYTES)
        records, lines = self._in.put(content + PADDING), self._out.last(room)
        self._rows(self._table, records, length, lines, end, result, moment)
        size = int.from_bytes(end, "little")
        assert 0 <= size <= room
        assert (size > 0) == (result[0] != FALLBACK)
        assert records[: len(content)] == content
        line = bytes(lines[:size]) if size else None
        return GuardedRow(line, result[0], int.from_bytes(moment, "little"))
