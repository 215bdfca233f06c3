"""The fast path from records to rows, in C (native/). `transform.fast_path` calls and documents it."""

from collections.abc import Mapping, Sequence

from typing_extensions import Buffer

def contents(records: Sequence[Mapping[str, object]], contents: Buffer, lengths: Buffer, /) -> int:
    """Decode a list of records' data from base64 into `contents`, and return the bytes that this needs.

    Where `contents` has fewer bytes, nothing is decoded. A NUL follows each record's bytes, and 15 more bytes follow
    the last. `lengths` are 64-bit integers: each record's bytes, 0 where its `data` is not a str of base64 with its
    padding. Raises: ValueError: `lengths` is too small. SystemError: `records` is not a list.
    """

def keep_memory() -> None:
    """Have the C library keep freed memory, up to 64 MiB, instead of giving it back to the system; glibc only."""

class Table:
    """A described table: an opaque value with room for what is read of one record. It cannot be constructed."""

def table(
    prefixes: tuple[bytes, ...],
    columns: tuple[tuple[bytes, int, int, int, int, bool, int], ...],
    nodes: tuple[tuple[bytes, int, int], ...],
    /,
) -> Table:
    """Build a table from transform.compiled's description.

    Raises: TypeError, ValueError: the description is inconsistent.
    """

def rows(
    table: Table, contents: Buffer, lengths: Buffer, lines: Buffer, ends: Buffer, results: Buffer, moments: Buffer, /
) -> None:
    """Write the rows of records, one after another, into `lines`.

    In `contents` a NUL follows each record, and 16 bytes more follow the last; `lengths` are their lengths in bytes.
    For each record: the end of its row in `lines`, its result (transform.fast_path.FALLBACK or one of RESULTS), and the
    time of the change, in microseconds since 1970. `lengths`, `ends` and `moments` are 64-bit integers, `results`
    bytes. A record whose row does not fit in `lines` has FALLBACK. Raises: ValueError: another buffer is too small.
    """
