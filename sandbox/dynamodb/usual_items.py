"""Items in their usual JSON, which are checked, measured and stored without being decoded.

A usual item has only texts, numbers, Booleans, nulls, lists, maps and sets of texts in order, without an escape, and
the table's key, and is so small that no name in it can be too long: most items are usual. Any other item is decoded and
takes the slow path, which specifies the result of both (`sandbox.dynamodb.values`, `sandbox.dynamodb.schema`).
"""

from __future__ import annotations

from typing import cast

import msgspec

from sandbox.compiled import native
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import TableSchema
from sandbox.dynamodb.values import MAX_NAME_BYTES

_MAX_KEY_BYTES = 1024
"""The maximum size of a key attribute's value here; the slow path has the exact limits."""


def usual_item(schema: TableSchema, text: msgspec.Raw) -> StoredItem | None:
    """Return the item of a JSON text as a table stores it; None if it is not usual or not in the table's form.

    A table with indexes requires further checks, and has no usual items.
    """
    if native is None or schema.indexes:
        return None
    found = native.stored(text, *schema.key.compiled)
    if found is None:
        return None
    size, image, *contents = cast("tuple[int, bytes, *tuple[bytes, ...]]", found)
    if max(map(len, contents)) > _MAX_KEY_BYTES or size > MAX_NAME_BYTES:
        return None
    return StoredItem.stored(Key(*[content.decode() for content in contents]), image, size)
