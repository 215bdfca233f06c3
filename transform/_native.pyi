"""The fast path from records to rows, in C: native/. `transform.fast_path` calls it, and says what it does."""

from typing_extensions import Buffer

class Table:
    """A described table: an opaque value with room for what is read of one record. It cannot be constructed."""

def table(
    prefixes: tuple[bytes, ...],
    columns: tuple[tuple[bytes, int, int, int, int, bool, int], ...],
    nodes: tuple[tuple[bytes, int, int], ...],
    /,
) -> Table:
    """A table as transform.compiled describes it.

    TypeError and ValueError for a description that does not fit.
    """

def rows(
    table: Table, contents: Buffer, lengths: Buffer, lines: Buffer, ends: Buffer, results: Buffer, moments: Buffer, /
) -> None:
    """Write the rows of records, one behind the other, into `lines`.

    In `contents` a NUL follows each record, and 16 bytes more follow the last; `lengths` are their lengths in bytes.
    By record: where its row ends in `lines`, its result (transform.fast_path.FALLBACK or one of RESULTS), and when it
    was made, in microseconds since 1970. `lengths`, `ends` and `moments` are 64-bit integers, `results` bytes.
    ValueError where a buffer is too small; a record for whose row `lines` has no room has FALLBACK.
    """
