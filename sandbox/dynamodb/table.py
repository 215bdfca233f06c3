"""A table: its schema, its items, and the function that receives every change."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

from sandbox.dynamodb.errors import invalid
from sandbox.dynamodb.indexes import IndexView
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import Index, TableSchema
from sandbox.dynamodb.storage import Store
from sandbox.dynamodb.values import MAX_ITEM_BYTES, Attributes

Emit = Callable[[StoredItem | None, StoredItem | None, bytes], None]
"""Receives an item before and after each change, and the change's originator: JSON text, empty for a caller."""


class ItemChange(NamedTuple):
    """An item's key, and the item before and after a write; both are the same object if the write changes nothing."""

    key: Key
    old: StoredItem | None
    new: StoredItem | None


class StoredTable:
    """One table. `emit` receives the changes in order.

    `owner` is the control plane's object for the table.
    """

    def __init__(self, schema: TableSchema, store: Store, emit: Emit, owner: object = None) -> None:
        self.schema = schema
        self.store = store
        self.emit = emit
        self.owner = owner

    def put(self, attributes: Attributes, size_bytes: int) -> ItemChange:
        """Return the change of putting an item; raises DynamoError if the table refuses the item."""
        key = self.schema.put_key(attributes)
        return ItemChange(key, self.store.get(key), StoredItem(key, attributes, size_bytes))

    def put_item(self, item: StoredItem) -> ItemChange:
        """Return the change of putting an item that the table accepts."""
        return ItemChange(item.key, self.store.get(item.key), item)

    def find(self, key: Attributes) -> ItemChange:
        """Return the item with a request's key as a change without an effect; DynamoError for an invalid key."""
        found = self.schema.given_key(key)
        item = self.store.get(found)
        return ItemChange(found, item, item)

    def write(self, change: ItemChange, identity: bytes = b"") -> None:
        """Make a change; `identity` is its originator if that is not a caller of the API."""
        key, old, new = change
        if old is new:
            return
        self.store.change(key, old, new)
        self.emit(old, new, identity)

    def index(self, name: str) -> Index:
        """An index by its name; raises DynamoError if it is absent."""
        index = self.schema.indexes.get(name)
        if index is None:
            raise invalid(f"The table does not have the specified index: {name}")
        return index

    def view(self, index: Index) -> IndexView:
        """The order of an index's items."""
        view = self.store.views.get(index.name)
        if view is None:
            view = self.store.views[index.name] = IndexView(index, self.store)
        return cast("IndexView", view)


def refuse_large(size_bytes: int, *, updated: bool = False) -> None:
    """Raise DynamoError if an item is larger than DynamoDB accepts."""
    if size_bytes > MAX_ITEM_BYTES:
        raise invalid(f"Item size {'to update ' if updated else ''}has exceeded the maximum allowed size")
