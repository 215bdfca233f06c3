"""The fast way in memory whose end is watched: behind it is a page that ends the process when it is touched."""

from __future__ import annotations

import ctypes
import mmap
from typing import NamedTuple

from transform.compiled import PADDING, CompiledTable
from transform.plain import LEFT, LIBRARY
from transform.schema import Table

_NO_ACCESS = 0

_write_rows = ctypes.PyDLL(LIBRARY).write_rows
_write_rows.restype = None
_write_rows.argtypes = (
    *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64),
    *(ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
)
_protect = ctypes.CDLL(None, use_errno=True).mprotect
_protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class GuardedMemory:
    """At least so many bytes; `end` is the address of the first one that may not be touched."""

    def __init__(self, least_bytes: int) -> None:
        self.size_bytes = -(-least_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        self._memory = mmap.mmap(-1, self.size_bytes + mmap.PAGESIZE)
        self.end = ctypes.addressof(ctypes.c_char.from_buffer(self._memory)) + self.size_bytes
        if _protect(self.end, mmap.PAGESIZE, _NO_ACCESS):
            raise OSError(ctypes.get_errno(), "no page can be made inaccessible here")

    def put(self, content: bytes) -> int:
        """Copy this to the very end; its address."""
        if len(content) > self.size_bytes:
            raise ValueError(f"{len(content)} bytes are more than the {self.size_bytes} that there are")
        ctypes.memmove(self.end - len(content), content, len(content))
        return self.end - len(content)


class GuardedRow(NamedTuple):
    """What was made of one record: a row, or none where the result is LEFT; `moment` is in µs since 1970."""

    line: bytes | None
    result: int
    moment: int


class GuardedRows:
    """Writes one plain record's row at a time, as `transform.plain` does, between guarded pages."""

    def __init__(self, table: Table, most_bytes: int) -> None:
        """Records may have `most_bytes`."""
        self._table = CompiledTable(table)
        self._in = GuardedMemory(most_bytes + len(PADDING))
        self._out = GuardedMemory(self.room(most_bytes))
        self._length, self._end, self._moment, self._result = (GuardedMemory(8) for _ in range(4))

    def room(self, record_bytes: int) -> int:
        """The bytes that a row of such a record is given by `transform.plain`."""
        return 3 * record_bytes + self._table.prefix_bytes + 1024

    def write(self, content: bytes, room: int) -> GuardedRow:
        """The record's row where there are so many bytes for it."""
        length = self._length.put(len(content).to_bytes(8, "little"))
        result, end, moment = self._result.end - 1, self._end.end - 8, self._moment.end - 8
        at, out = self._in.put(content + PADDING), self._out.end - room
        _write_rows(self._table.pointer, at, length, 1, out, room, end, result, moment)
        size = ctypes.c_int64.from_address(end).value
        written = ctypes.c_uint8.from_address(result).value
        assert 0 <= size <= room
        assert (size > 0) == (written != LEFT)
        assert ctypes.string_at(at, len(content)) == content
        line = ctypes.string_at(out, size) if size else None
        return GuardedRow(line, written, ctypes.c_int64.from_address(moment).value)
