"""A table: its schema, its items, and who is called with every change."""

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
"""Called with an item before and after each change, and with who made it: JSON text, empty for a caller."""


class ItemChange(NamedTuple):
    """An item's key, and the item before and after a write; the same one twice for a write that changes nothing."""

    key: Key
    old: StoredItem | None
    new: StoredItem | None


class StoredTable:
    """One table. `emit` is called with each change that was made, in their order.

    `owner` is what the control plane has of it.
    """

    def __init__(self, schema: TableSchema, store: Store, emit: Emit, owner: object = None) -> None:
        self.schema = schema
        self.store = store
        self.emit = emit
        self.owner = owner

    def put(self, attributes: Attributes, size_bytes: int) -> ItemChange:
        """What putting an item would change. DynamoError when the table does not take it."""
        key = self.schema.put_key(attributes)
        return ItemChange(key, self.store.get(key), StoredItem(key, attributes, size_bytes))

    def find(self, key: Attributes) -> ItemChange:
        """The item with a request's key, as a change without an effect. Raises DynamoError for a wrong key."""
        found = self.schema.given_key(key)
        item = self.store.get(found)
        return ItemChange(found, item, item)

    def write(self, change: ItemChange, identity: bytes = b"") -> None:
        """Make a change; `identity` says who does, where it is no caller of the API."""
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
    """DynamoError when an item is larger than DynamoDB takes."""
    if size_bytes > MAX_ITEM_BYTES:
        raise invalid(f"Item size {'to update ' if updated else ''}has exceeded the maximum allowed size")
