"""The server's hot path, in C: native/. `sandbox.http1.requests` and `sandbox.dynamodb.usual_items` call it,
`sandbox.checksums` and `sandbox.athena.functions.jsonscalars`.
"""

from typing_extensions import Buffer

def canonical(text: Buffer, /) -> bytes | None:
    """JSON in UTF-8 as Trino's json_parse writes it: sorted members, no space. None for a text that is not usual."""

def checksum(content: Buffer, width: int, /) -> bytes:
    """CRC-32C (a width of 4 bytes) or CRC-64/NVME (8); ValueError for another width."""

def headers(received: bytes, begin: int, end: int, /) -> list[tuple[bytes, bytes]] | None:
    """Header fields between two places, with their names in lower case; None if one of them is not usual.

    ValueError for places that are not in `received`.
    """

def scalars(text: bytes, paths: tuple[tuple[bytes, ...], ...], /) -> list[str | None] | None:
    """What json_extract_scalar has at each of these paths of names in JSON; None for a text that is not usual.

    The text and the names are in UTF-8. No name can be an index of an array or has a character that JSON escapes.
    """

def stored(item: Buffer, names: tuple[bytes, ...], kinds: tuple[int, ...], /) -> tuple[int | bytes, ...] | None:
    """An item's size, its image, and the contents of its key attributes, which have these names and types.

    A type is its letter's number. None for an item that is not usual, ValueError and TypeError for no key.
    """
