"""Items in their usual JSON, which are checked, measured and stored without being decoded.

Usual is most of what is put: texts, numbers, Booleans, nulls, lists, maps and sets of texts in order, without an escape
and with the table's key. Of any other item nothing is said: it is decoded and goes the slow path, which specifies what
both do (`sandbox.dynamodb.values`, `sandbox.dynamodb.schema`).
"""

from __future__ import annotations

from typing import cast

import msgspec

from sandbox.compiled import native
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.schema import TableSchema

_MAX_KEY_BYTES = 1024
"""The most that any key attribute may have; the slow path says which may have more."""


def usual_item(schema: TableSchema, text: msgspec.Raw) -> StoredItem | None:
    """The item of a JSON text as a table stores it; None for one that is not usual, or not in the table's form.

    A table with indexes has more that is to be checked, and no usual items.
    """
    if native is None or schema.indexes:
        return None
    found = native.stored(text, *schema.key.compiled)
    if found is None:
        return None
    size, image, *contents = cast("tuple[int, bytes, *tuple[bytes, ...]]", found)
    if max(map(len, contents)) > _MAX_KEY_BYTES:
        return None
    return StoredItem.stored(Key(*[content.decode() for content in contents]), image, size)
