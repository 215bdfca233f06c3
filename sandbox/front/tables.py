"""moto's tables, as this package writes and reads them."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, NamedTuple

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from sandbox.front.items import Attributes, StoredItem
from sandbox.front.reply import ServiceError
from sandbox.front.values import UnusualError, measure, measure_item

_MAX_PARTITION_KEY_BYTES = 2048
_MAX_SORT_KEY_BYTES = 1024
_EMPTY = {"S": "string", "B": "binary"}
"""What may be empty in any attribute but a key's."""


class Key(NamedTuple):
    """An item's key as moto keeps it: the keys of a table's nested dictionaries."""

    hash: DynamoType
    range: DynamoType | None

    @classmethod
    def of(cls, table: Table, attributes: Attributes) -> Key:
        """The key among an item's measured attributes.

        Raises:
            ServiceError: it is empty.
            UnusualError: it is missing, too long or of the wrong type.
        """
        partition_key = _key_value(attributes, table.hash_key_attr, table.hash_key_type, _MAX_PARTITION_KEY_BYTES)
        if table.range_key_attr is None or table.range_key_type is None:
            return cls(partition_key, None)
        return cls(
            partition_key, _key_value(attributes, table.range_key_attr, table.range_key_type, _MAX_SORT_KEY_BYTES)
        )

    @classmethod
    def alone(cls, table: Table, attributes: Attributes) -> Key:
        """The key that a request gives, which has nothing but the key attributes.

        Raises:
            ServiceError: the key is empty.
            UnusualError: it has, or the key is not as `of` wants it.
        """
        if len(attributes) != len(table.table_key_attrs):
            raise UnusualError
        measure_item(attributes)
        return cls.of(table, attributes)


def rows(table: Table) -> dict[DynamoType, Any]:
    """The table's own dictionary: items by partition key, or by partition key and then sort key."""
    return vars(table)["items"]


def find(table: Table, key: Key) -> StoredItem | None:
    """The item with a key."""
    found = rows(table).get(key.hash)
    if found is None or key.range is None:
        return found
    return found.get(key.range)


def place(table: Table, key: Key, item: Any) -> None:
    """Have this item under a key, or none; no stream is told."""
    held = rows(table)
    if key.range is not None:
        inner: dict[DynamoType, Any] = held[key.hash]
        if item is not None:
            inner[key.range] = item
            return
        inner.pop(key.range, None)
        if inner:
            return
    elif item is not None:
        held[key.hash] = item
        return
    held.pop(key.hash, None)


def store(table: Table, item: StoredItem, old: StoredItem | None) -> None:
    """Put an item in the place of the old one, and tell the stream."""
    place(table, Key(item.hash_key, item.range_key), item)
    tell(table, old, item)


def remove(table: Table, key: Key, old: StoredItem | None) -> None:
    """Take away the item with a key, and tell the stream; nothing when there is none."""
    if old is not None:
        place(table, key, None)
        tell(table, old, None)


def tell(table: Table, old: StoredItem | None, new: StoredItem | None) -> None:
    """Tell the table's stream of a change."""
    if table.stream_shard is not None:
        table.stream_shard.add(old, new)


def _key_value(attributes: Attributes, name: str, kind: str, max_bytes: int) -> DynamoType:
    value = attributes.get(name)
    content = None if value is None else value.get(kind)
    _refuse_empty(attributes, name, kind)
    if value is None or not content or measure(value) > max_bytes:
        raise UnusualError
    return DynamoType({kind: b64decode(content) if kind == "B" else content})


def refuse_empty_key(table: Table, attributes: Attributes) -> None:
    """ServiceError when a key attribute is an empty text or binary, as no write call takes it."""
    _refuse_empty(attributes, table.hash_key_attr, table.hash_key_type)
    if table.range_key_attr is not None and table.range_key_type is not None:
        _refuse_empty(attributes, table.range_key_attr, table.range_key_type)


def _refuse_empty(attributes: Attributes, name: str, kind: str) -> None:
    if kind in _EMPTY and attributes.get(name) == {kind: ""}:
        raise ServiceError(
            "com.amazon.coral.validate#ValidationException",
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty {_EMPTY[kind]} value. Key: {name}",
        )
