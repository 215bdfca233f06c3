"""moto's tables, as the engine of the data calls has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table as MotoTable

from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.schema import Index, KeyAttribute, KeySchema, TableSchema
from sandbox.dynamodb.storage import Store
from sandbox.dynamodb.table import Table
from sandbox.dynamodb.values import Attributes, Value, measure_item

_KEPT = "sandbox_dynamodb_table"


class _Kept:
    """The engine's table of one of moto's, and the indexes that moto had when it was made."""

    def __init__(self, table: Table, indexes: list[Any]) -> None:
        self.table = table
        self.indexes = indexes


def table_of(moto_table: MotoTable) -> Table:
    """The engine's table with a table's items. It has the indexes that moto's table has now."""
    kept: _Kept | None = vars(moto_table).get(_KEPT)
    if kept is None:
        kept = vars(moto_table)[_KEPT] = _keep(moto_table)
    elif kept.indexes != moto_table.indexes + moto_table.global_indexes:
        kept.table.schema = _schema(moto_table)
        kept.table.store.views.clear()
        kept.indexes = moto_table.indexes + moto_table.global_indexes
    return kept.table


def items_of(moto_table: MotoTable) -> Iterator[StoredItem]:
    """All items of a table."""
    return iter(table_of(moto_table).store)


def moto_item(moto_table: MotoTable, item: StoredItem) -> Item:
    """An item as moto reads it: binaries are bytes."""
    attributes = {name: _to_moto(value) for name, value in item.attributes.items()}
    hash_, range_ = moto_table.hash_key_attr, moto_table.range_key_attr
    range_key = None if range_ is None else DynamoType(attributes[range_])
    return Item(DynamoType(attributes[hash_]), range_key, attributes)


def put_moto_item(moto_table: MotoTable, attributes: Attributes) -> None:
    """Put an item that moto's control plane gives, as an import of a file does."""
    table = table_of(moto_table)
    size = measure_item(attributes)
    table.write(table.put(attributes, size))


def copy_items(source: MotoTable, target: MotoTable) -> None:
    """Have all items of a table in another of the same keys; no stream is told, as for a restored table."""
    store = table_of(target).store
    for item in items_of(source):
        store.change(item.key, store.get(item.key), item)


def _keep(moto_table: MotoTable) -> _Kept:
    def emit(old: StoredItem | None, new: StoredItem | None) -> None:
        if moto_table.stream_shard is not None:
            moto_table.stream_shard.add(old, new)

    schema = _schema(moto_table)
    table = Table(schema, Store(schema.key), emit)
    return _Kept(table, moto_table.indexes + moto_table.global_indexes)


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
        element["KeyType"]: KeyAttribute(element["AttributeName"], kinds[element["AttributeName"]])
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


def _to_moto(value: Value) -> Value:
    ((kind, content),) = value.items()
    if kind == "M":
        return {kind: {name: _to_moto(member) for name, member in content.items()}}
    if kind == "L":
        return {kind: [_to_moto(element) for element in content]}
    return value
