"""The fast path from records to rows, for records in their common form: calls the compiled module.

The common form is that in which DynamoDB writes almost all records:

- base64 as Firehose sends it;
- UTF-8 and JSON with no white space other than spaces, names without escapes, no member twice, an object has at most
  512 members, nested at most 96 deep;
- the event has an id, an operation, a whole number for its time (1795356187 or
  1795356187.0 or 1.795356187E9), and the image that the columns are read from;
- each column's attribute is missing, NULL, or of the column's DynamoDB type with a
  text in that type's one form: 12.5, never 1.25E1; 2026-11-22T14:00:00Z, never with an offset; no escapes in a string
  except those that JSON requires.

All others take the slow path, `transform.events` and `transform.rows`, one at a time, which also reports what is wrong
with them. Both paths give the same row, byte for byte; a property test and a fuzzer compare them. That is why the fast
path may be in C: it specifies nothing; the specification is in Python. Where nothing is compiled, every record takes
the slow path.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

from msgspec import Struct

from transform.compiled import describe, native
from transform.events import OPERATIONS
from transform.schema import LakeTable

FALLBACK = 0
"""The result of a record without a row of the fast path: it takes the slow path."""

RESULTS = {
    number + 4 * expired: (operation, expired)
    for number, operation in enumerate(OPERATIONS, 1)
    for expired in (False, True)
}
"""The other results: each is an operation, made by DynamoDB's time to live or not."""

MAX_RECORDS = 128
"""Records that are processed together: few enough that their rows stay in the processor's cache."""

# A row has an image with a backslash before each quote, its columns, and what follows from the schema alone. A record
# whose row does not fit takes the slow path.
_ROW_TO_RECORD = 3
_ROW_BYTES = 1024


class Rows(Struct, frozen=True):
    """Records' rows: for each record the end of its row in `lines` (it begins at the previous end), result and time.

    `lengths` are the records' sizes in bytes, 0 for one that the fast path does not decode. `moments` are microseconds
    since 1970, undefined where the result is FALLBACK. All values are valid until the next call.
    """

    lines: memoryview
    ends: list[int]
    results: bytes
    moments: list[int]
    lengths: list[int]


class FastPath:
    """Writes the rows of one table's records that are in the common form. Not thread-safe."""

    def __init__(self, table: LakeTable) -> None:
        description = describe(table)
        self._table = native.table(*description) if native is not None else None
        self._row_bytes = description.prefix_bytes + _ROW_BYTES
        self._lengths = memoryview(array("q", bytes(8 * MAX_RECORDS)))
        self._ends = array("q", bytes(8 * MAX_RECORDS))
        self._results = bytearray(MAX_RECORDS)
        self._moments = array("q", bytes(8 * MAX_RECORDS))
        self._contents = bytearray(MAX_RECORDS * _ROW_BYTES)
        self._lines = memoryview(bytearray(MAX_RECORDS * self._row_bytes))

    def room_bytes(self, records: int, content_bytes: int) -> int:
        """Return the bytes reserved for the rows of a number of records with this number of bytes in all."""
        return _ROW_TO_RECORD * content_bytes + records * self._row_bytes

    def write(self, records: Sequence[Mapping[str, object]]) -> Rows:
        """Return the rows of at most MAX_RECORDS records, each in base64. Raises: ValueError: there are more."""
        count = len(records)
        if count > MAX_RECORDS:
            raise ValueError(f"{count} records are more than the {MAX_RECORDS} that are processed together")
        if native is None or self._table is None:
            return no_rows(count)
        lengths = self._lengths[:count]
        needed = native.contents(records, self._contents, lengths)
        if needed > len(self._contents):
            self._contents = bytearray(needed)
            native.contents(records, self._contents, lengths)
        room = self.room_bytes(count, sum(lengths))
        if room > len(self._lines):
            self._lines = memoryview(bytearray(room))
        native.rows(self._table, self._contents, lengths, self._lines, self._ends, self._results, self._moments)
        ends, results, moments = self._ends[:count], self._results[:count], self._moments[:count]
        return Rows(self._lines, ends.tolist(), bytes(results), moments.tolist(), lengths.tolist())


def no_rows(count: int) -> Rows:
    """The result for records none of which the fast path writes."""
    zeros = [0] * count
    return Rows(memoryview(b""), zeros, bytes([FALLBACK]) * count, zeros, zeros)
