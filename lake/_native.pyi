"""The lake's fast path, in C: native/. `lake.canonical` and `lake.fingerprints` call it."""

from typing_extensions import Buffer

def canonical(text: Buffer, /) -> bytes | None:
    """JSON in UTF-8 as Trino's json_parse writes it: sorted members, no space. None for a text that is not usual."""

class Columns:
    """A described table: an opaque value with room for what is read of one item. It cannot be constructed."""

def columns(
    columns: tuple[tuple[tuple[bytes, ...], bytes, bytes, int, int, int], ...], keys: tuple[bytes, ...], /
) -> Columns:
    """Build a table from lake.compiled's description.

    Raises: TypeError, ValueError: the description is inconsistent.
    """

def texts(columns: Columns, item: Buffer, /) -> tuple[bytes, bytes, bytes] | None:
    """The texts of an item in DynamoDB JSON whose digests are compared: of its key, of its row, of its image.

    None for an item that is not usual, or that lacks a key.
    """
