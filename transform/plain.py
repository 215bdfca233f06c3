"""The fast way from records to rows, for records in their plain form: `native` does it, and this calls it.

A record is plain when it is written as DynamoDB writes almost all of them:

- UTF-8 and JSON with no space but spaces, names without escapes, no member twice, an
  object's members no more than 512, nested no deeper than 96;
- the event has an id, an operation, a whole number for its time (1795356187 or
  1795356187.0 or 1.795356187E9), and the image that the columns are read from;
- each column's attribute is missing, NULL, or of the column's DynamoDB type with a
  text in that type's one form: 12.5, never 1.25E1; 2026-11-22T14:00:00Z, never with
  an offset; in a string no escape but those that JSON needs.

All others are left to `transform.events` and `transform.rows`, one at a time, and
these also say what is wrong with them. Both ways give the same row, byte for byte; a
property test and a fuzzer hold them to it. That is why this way may be in C: where
it is not sure it says nothing, and what is right is written in Python.
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Sequence

from msgspec import Struct

from transform.compiled import PADDING, TABLE_BYTES, CompiledTable
from transform.events import OPERATIONS, SEQUENCE_DIGITS
from transform.schema import Table

# Without pathlib, whose import takes a tenth of this package's.
LIBRARY = f"{__file__.rpartition(os.sep)[0]}{os.sep}libplain.so"
"""What `native` is compiled to: by `make` for this machine, for the Lambda's when its zip is built."""

LEFT = 0
"""The result of a record that has no row here."""

RESULTS = {
    number + 4 * expired: (operation, expired)
    for number, operation in enumerate(OPERATIONS, 1)
    for expired in (False, True)
}
"""The other results: each is of an operation, made by DynamoDB's time to live or not."""

MOST_RECORDS = 128
"""Records that are worked on together: few enough that what is made of them stays in the processor's cache."""

# A row has an image with a backslash before each quote, its columns, and what follows from the schema
# alone. A record for whose row there is no room is left.
_ROW_TO_RECORD = 3
_ROW_BYTES = 1024

# What must be the same in the library and here.
_SAME = {"table_bytes": TABLE_BYTES, "sequence_digits": SEQUENCE_DIGITS}


def _load() -> tuple[ctypes.PyDLL | None, str | None]:
    """The library; or, where it is missing or does not fit this file, why and what to do."""
    try:
        library = ctypes.PyDLL(LIBRARY)
        if any(ctypes.c_int64.in_dll(library, name).value != value for name, value in _SAME.items()):
            raise ValueError(f"{LIBRARY} is of another version")
    except (OSError, ValueError) as error:
        return None, f"{error}; `python -m components.compiler transform` compiles it"
    library.write_rows.restype = None
    library.write_rows.argtypes = (
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64),
        *(ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    )
    return library, None


_library, MISSING = _load()
# MISSING says why there is no library, and what to do. Then every record takes the slow path.


class Rows(Struct, frozen=True):
    """What was written: by record the row's end in `lines` (it begins at the end before), its result and its time.

    `moments` are microseconds since 1970, without a meaning where the result is LEFT. All is valid until the
    next call.
    """

    lines: memoryview
    ends: list[int]
    results: bytes
    moments: list[int]


class PlainRows:
    """Writes the rows of one table's plain records; where there is no library, it leaves all of them."""

    def __init__(self, table: Table) -> None:
        self._table = CompiledTable(table)
        self._row_bytes = self._table.prefix_bytes + _ROW_BYTES
        self._lengths = array("q", bytes(8 * MOST_RECORDS))
        self._ends = array("q", bytes(8 * MOST_RECORDS))
        self._results = array("B", bytes(MOST_RECORDS))
        self._moments = array("q", bytes(8 * MOST_RECORDS))
        self._lengths_at = self._lengths.buffer_info()[0]
        self._written_at = [column.buffer_info()[0] for column in (self._ends, self._results, self._moments)]
        self._grow(MOST_RECORDS * self._row_bytes)

    def write(self, contents: Sequence[bytes]) -> Rows:
        """The rows of these records, MOST_RECORDS or fewer; ValueError for more."""
        count = len(contents)
        if count > MOST_RECORDS:
            raise ValueError(f"{count} records are more than the {MOST_RECORDS} that are worked on together")
        if _library is None:
            return Rows(self._lines, [0] * count, bytes([LEFT]) * count, [0] * count)
        lengths = array("q", map(len, contents))
        room = _ROW_TO_RECORD * sum(lengths) + count * self._row_bytes
        if room > self._room:
            self._grow(room)
        self._lengths[:count] = lengths
        joined = b"\0".join((*contents, PADDING))
        _library.write_rows(
            self._table.pointer, joined, self._lengths_at, count, self._lines_at, self._room, *self._written_at
        )
        return Rows(
            self._lines, self._ends[:count].tolist(), self._results[:count].tobytes(), self._moments[:count].tolist()
        )

    def _grow(self, room: int) -> None:
        lines = bytearray(room)
        self._room = room
        self._lines = memoryview(lines)
        self._lines_at = ctypes.addressof((ctypes.c_char * room).from_buffer(lines))
