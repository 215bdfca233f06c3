"""The engine's view of moto's tables, for the data calls."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table as MotoTable

from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.schema import Index, KeySchema, KeySchemaElement, TableSchema
from sandbox.dynamodb.storage import Store
from sandbox.dynamodb.table import StoredTable
from sandbox.dynamodb.values import Attributes, measure_item
from sandbox.journal.in_use import journal

_KEPT = "sandbox_dynamodb_table"
_NEW_IMAGE = b'"NewImage":'


class Kept:
    """The engine's table for one of moto's (`owner`), and the indexes that moto had when it was created.

    moto copies a table's items for a backup and for a restored table: a copy has the items of that time, and is adopted
    by its new owner when that is first accessed.
    """

    def __init__(self, owner: MotoTable, table: StoredTable) -> None:
        self.owner = owner
        self.table = table
        self.indexes: list[Any] = owner.indexes + owner.global_indexes

    def __deepcopy__(self, memo: dict[int, Any]) -> Kept:
        return Kept(self.owner, StoredTable(self.table.schema, _copied(self.table.store, self.table.schema), _discard))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a table without its items, which the journal has; a copy, as in a backup, includes its items."""
        if vars(self.owner).get(_KEPT) is self and _is_table(self.owner):
            return _absent, ()
        table = StoredTable(self.table.schema, self.table.store, _discard)
        return object.__new__, (Kept,), {"owner": self.owner, "table": table, "indexes": self.indexes}


def table_of(moto_table: MotoTable) -> StoredTable:
    """The engine's table for one of moto's, with the indexes that moto's table has now."""
    return kept_of(moto_table).table


def kept_of(moto_table: MotoTable) -> Kept:
    """The stored state of a table, created if absent."""
    kept: Kept | None = vars(moto_table).get(_KEPT)
    if kept is None or kept.owner is not moto_table:
        kept = vars(moto_table)[_KEPT] = _adopted(moto_table, kept)
    elif (moto_table.indexes or moto_table.global_indexes or kept.indexes) and (
        kept.indexes != moto_table.indexes + moto_table.global_indexes
    ):
        kept.table.schema = _schema(moto_table)
        kept.table.store.views.clear()
        kept.indexes = moto_table.indexes + moto_table.global_indexes
    return kept


def keep(moto_table: MotoTable, items: object) -> None:
    """Store the copy of a table's items that moto made; every other value that moto assigns is ignored."""
    if isinstance(items, Kept):
        vars(moto_table)[_KEPT] = items


def item_count(moto_table: MotoTable) -> int:
    """The number of a table's items."""
    return len(table_of(moto_table).store)


def size_bytes(moto_table: MotoTable) -> int:
    """The size of a table's items."""
    return table_of(moto_table).store.size_bytes


def moto_items(moto_table: MotoTable) -> list[Any]:
    """All items in moto's form, for moto's export."""
    return [_moto_item(moto_table, item) for item in table_of(moto_table).store]


def put_moto_item(moto_table: MotoTable, item_attrs: Attributes) -> None:
    """Put an item from moto's control plane, such as one of an imported file."""
    table = table_of(moto_table)
    size = measure_item(item_attrs)
    table.write(table.put(item_attrs, size))


def _moto_item(moto_table: MotoTable, item: StoredItem) -> Any:
    attributes = item.attributes
    hash_, range_ = moto_table.hash_key_attr, moto_table.range_key_attr
    range_key = None if range_ is None else DynamoType(attributes[range_])
    return Item(DynamoType(attributes[hash_]), range_key, attributes)


def all_tables() -> list[MotoTable]:
    """The tables of all accounts and regions."""
    backends: Any = dynamodb_backends
    return [table for _, _, backend in backends.iter_backends() for table in backend.tables.values()]


def journal_copies() -> None:
    """Add to the journal the items of tables that were restored from a backup."""
    for table in all_tables():
        kept_of(table)


def _is_table(moto_table: MotoTable) -> bool:
    """Return whether this is a table and not a backup's copy of one, which has the same name and creation time."""
    return any(table is moto_table for table in all_tables())


def uid_of(moto_table: MotoTable) -> bytes:
    """A table's name in the journal; no two tables have the same name and creation time."""
    name = f"{moto_table.table_arn} {moto_table.created_at.isoformat()}"
    return md5(name.encode(), usedforsecurity=False).digest()


def _adopted(moto_table: MotoTable, copy: Kept | None) -> Kept:
    uid = uid_of(moto_table)

    def emit(old: StoredItem | None, new: StoredItem | None, identity: bytes) -> None:
        shard: Any = moto_table.stream_shard
        record = b"" if shard is None else shard.add(old, new, identity)
        _journal_change(uid, old, new, record, shard)

    schema = _schema(moto_table)
    store = Store(schema.key) if copy is None else copy.table.store
    if copy is not None and _is_table(moto_table):
        for item in store:
            _journal_change(uid, None, item, b"", None)
    return Kept(moto_table, StoredTable(schema, store, emit, moto_table))


def _journal_change(uid: bytes, old: StoredItem | None, new: StoredItem | None, record: bytes, shard: Any) -> None:
    """Add a change to the journal; an image that the stream's record has is not repeated."""
    if new is not None:
        at = record.find(_NEW_IMAGE) + len(_NEW_IMAGE)
        # A key attribute may also have that name.
        held = shard.log.last_position + at if record and record.startswith(new.image, at) else None
        journal().add_item(uid, new.key.hash, new.key.range, new.size_bytes, new.image, held)
    elif old is not None:
        journal().add_item(uid, old.key.hash, old.key.range, 0, None, None)


def _absent() -> None:
    """A table's state that is rebuilt when it is first needed."""


def _copied(store: Store, schema: TableSchema) -> Store:
    copied = Store(schema.key)
    for item in store:
        copied.change(item.key, None, item)
    return copied


def _discard(old: StoredItem | None, new: StoredItem | None, identity: bytes) -> None:
    """Discard a copy's change, which no stream receives."""


def _schema(moto_table: MotoTable) -> TableSchema:
    kinds = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in moto_table.attr}
    key = _key_schema(moto_table.schema, kinds)
    indexes = [
        _index(index, kind, key, kinds)
        for kind, listed in (("Local", moto_table.indexes), ("Global", moto_table.global_indexes))
        for index in listed
    ]
    return TableSchema(moto_table.name, key, {index.name: index for index in indexes})


def _key_schema(elements: list[dict[str, str]], kinds: Mapping[str, str]) -> KeySchema:
    parts = {
        element["KeyType"]: KeySchemaElement(element["AttributeName"], kinds[element["AttributeName"]])
        for element in elements
    }
    return KeySchema(parts["HASH"], parts.get("RANGE"))


def _index(index: Any, kind: Any, table_key: KeySchema, kinds: Mapping[str, str]) -> Index:
    key = _key_schema(index.schema, kinds)
    projection: dict[str, Any] = index.projection or {}
    projected = None
    if projection.get("ProjectionType") != "ALL":
        projected = frozenset({*table_key.names, *key.names, *projection.get("NonKeyAttributes", [])})
    return Index(index.name, kind, key, projected)
