"""The binary form of the journal's entries.

Each entry is a new state, so that reading one twice changes nothing: a record of a shard by its index, an item of a
table by its key, an element of a collection (an object of a bucket, a message of a queue) by its name.
"""

from __future__ import annotations

from struct import Struct
from typing import Protocol

UID_BYTES = 16
"""The length of a shard's or table's name, which is never reused."""

_RECORD, _ITEM, _HELD_ITEM, _NO_ITEM, _ELEMENT, _NO_ELEMENT = range(1, 7)
_RECORD_HEAD = Struct("<B16sQdI")
_ITEM_HEAD = Struct("<B16sHHII")
_HELD_HEAD = Struct("<B16sHHIIQ")
_NO_ITEM_HEAD = Struct("<B16sHH")
_ELEMENT_HEAD = Struct("<BHHI")


class EntryReceiver(Protocol):
    """Receives the entries of a journal in order."""

    def record(self, uid: bytes, index: int, at_s: float, position: int, size: int) -> None:
        """Receive a record of a shard, whose content is at a position of the journal."""
        ...

    def item(self, uid: bytes, hash_: str, range_: str, size_bytes: int, image: bytes | None) -> None:
        """Receive the new state of an item of a table; None if it is deleted."""
        ...

    def element(self, collection: str, name: str, content: bytes | None) -> None:
        """Receive the new state of an element of a collection; None if it is deleted."""
        ...


def record_head(uid: bytes, index: int, at_s: float, size: int) -> bytes:
    """The bytes before a record's content."""
    return _RECORD_HEAD.pack(_RECORD, uid, index, at_s, size)


def item_entry(uid: bytes, hash_: bytes, range_: bytes, size_bytes: int, image: bytes) -> bytes:
    """The entry of an item with its image."""
    return _ITEM_HEAD.pack(_ITEM, uid, len(hash_), len(range_), size_bytes, len(image)) + hash_ + range_ + image


def held_item_entry(uid: bytes, hash_: bytes, range_: bytes, size_bytes: int, image_bytes: int, position: int) -> bytes:
    """The entry of an item whose image is at a position in the same frame, in the stream's record of the change."""
    head = _HELD_HEAD.pack(_HELD_ITEM, uid, len(hash_), len(range_), size_bytes, image_bytes, position)
    return head + hash_ + range_


def no_item_entry(uid: bytes, hash_: bytes, range_: bytes) -> bytes:
    """The entry of a deleted item."""
    return _NO_ITEM_HEAD.pack(_NO_ITEM, uid, len(hash_), len(range_)) + hash_ + range_


def element_entry(collection: str, name: str, content: bytes | None) -> bytes:
    """The entry of an element of a collection; None for a deleted one."""
    in_, of = collection.encode(), name.encode("utf-8", "surrogatepass")
    kind = _NO_ELEMENT if content is None else _ELEMENT
    return _ELEMENT_HEAD.pack(kind, len(in_), len(of), len(content or b"")) + in_ + of + (content or b"")


def replay_frame(file: memoryview, begin: int, end: int, first: int, to: EntryReceiver, *, records_only: bool) -> None:
    """Report the entries of a frame: `begin` to `end` of a file whose first position is `first`.

    Raises:
        ValueError: the program does not support the kind of an entry.
    """
    at = begin
    while at < end:
        kind = file[at]
        if kind == _RECORD:
            _, uid, index, at_s, size = _RECORD_HEAD.unpack_from(file, at)
            at += _RECORD_HEAD.size
            to.record(uid, index, at_s, first + at, size)
            at += size
        elif kind in (_ITEM, _HELD_ITEM, _NO_ITEM):
            at = _replay_item(file, at, kind, first, to, records_only=records_only)
        elif kind in (_ELEMENT, _NO_ELEMENT):
            at = _replay_element(file, at, kind, to, records_only=records_only)
        else:
            raise ValueError(f"entry of kind {kind} at position {first + at}")


def _replay_item(file: memoryview, at: int, kind: int, first: int, to: EntryReceiver, *, records_only: bool) -> int:
    size_bytes = image_bytes = held = 0
    if kind == _ITEM:
        _, uid, hash_bytes, range_bytes, size_bytes, image_bytes = _ITEM_HEAD.unpack_from(file, at)
        at += _ITEM_HEAD.size
    elif kind == _HELD_ITEM:
        _, uid, hash_bytes, range_bytes, size_bytes, image_bytes, held = _HELD_HEAD.unpack_from(file, at)
        at += _HELD_HEAD.size
    else:
        _, uid, hash_bytes, range_bytes = _NO_ITEM_HEAD.unpack_from(file, at)
        at += _NO_ITEM_HEAD.size
    middle, end = at + hash_bytes, at + hash_bytes + range_bytes
    start = held - first if held else end
    if not records_only:
        image = None if kind == _NO_ITEM else bytes(file[start : start + image_bytes])
        to.item(uid, str(file[at:middle], "utf-8"), str(file[middle:end], "utf-8"), size_bytes, image)
    return end if held else end + image_bytes


def _replay_element(file: memoryview, at: int, kind: int, to: EntryReceiver, *, records_only: bool) -> int:
    _, collection_bytes, name_bytes, size = _ELEMENT_HEAD.unpack_from(file, at)
    at += _ELEMENT_HEAD.size
    middle, end = at + collection_bytes, at + collection_bytes + name_bytes
    if not records_only:
        content = None if kind == _NO_ELEMENT else bytes(file[end : end + size])
        to.element(str(file[at:middle], "utf-8"), str(file[middle:end], "utf-8", "surrogatepass"), content)
    return end + size
