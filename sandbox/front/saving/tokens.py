"""The tokens of transactions, so that a restarted server recognizes a repeated request.

A token is saved in the frame of its transaction's changes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.operations import DataPlane
from sandbox.dynamodb.operations.idempotency import DoneRequest
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.journal.entries import element_entry

_COLLECTION = "tokens "
_Item = tuple[bytes, int]


class _Change(msgspec.Struct, array_like=True):
    table: str
    hash_: str
    range_: str
    old: _Item | None
    new: _Item | None


class _Done(msgspec.Struct, array_like=True):
    at_s: float
    request: bytes
    changes: list[_Change]


def region_of(collection: str) -> str | None:
    """The region of a collection of tokens; None for any other collection."""
    return collection.removeprefix(_COLLECTION) if collection.startswith(_COLLECTION) else None


def token_entry(region: str, token: str, done: DoneRequest) -> bytes:
    """The journal's entry for a token."""
    value: list[tuple[StoredTable, ItemChange]] = done.value
    changes = [
        _Change(table.schema.name, change.key.hash, change.key.range, _saved(change.old), _saved(change.new))
        for table, change in value
    ]
    return element_entry(_COLLECTION + region, token, msgspec.msgpack.encode(_Done(done.at_s, done.request, changes)))


def put_back(engine: DataPlane, token: str, content: bytes) -> None:
    """Restore a token in an engine, unless a table of its request is deleted."""
    saved = msgspec.msgpack.decode(content, type=_Done)
    value: list[Any] = []
    for change in saved.changes:
        table = engine.tables.get(change.table)
        if table is None:
            return
        key = Key(change.hash_, change.range_)
        value.append((table, ItemChange(key, _restored(key, change.old), _restored(key, change.new))))
    engine.tokens.put_back(token, DoneRequest(saved.at_s, saved.request, value))


def _saved(item: StoredItem | None) -> _Item | None:
    return None if item is None else (item.image, item.size_bytes)


def _restored(key: Key, item: _Item | None) -> StoredItem | None:
    return None if item is None else StoredItem.stored(key, *item)
