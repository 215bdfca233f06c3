"""PutItem and BatchWriteItem of usual items, which are most writes and are not decoded (`usual_items`).

Each function returns None, before it has written anything, for a call that it does not support. So only `writes` and
`batches` determine what is refused, and in which words.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.dynamodb.admission import ADMISSION
from sandbox.dynamodb.operations.batches import MAX_WRITES, write_batch
from sandbox.dynamodb.operations.tables import Tables
from sandbox.dynamodb.operations.writes import put_usual_item
from sandbox.dynamodb.requests import UndecodedBatchWriteItem, UndecodedPutItem
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.dynamodb.usual_items import usual_item
from sandbox.dynamodb.values import MAX_ITEM_BYTES

_decode_put = msgspec.json.Decoder(UndecodedPutItem).decode
_decode_batch = msgspec.json.Decoder(UndecodedBatchWriteItem).decode


def put_usual(tables: Tables, body: bytes) -> dict[str, Any] | None:
    """Return the response to a PutItem of a usual item; None for any other request.

    Raises:
        DynamoError: the write is refused for a reason other than its item.
    """
    try:
        request = _decode_put(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    table = tables.get(request.TableName)
    item = None if table is None else usual_item(table.schema, request.Item)
    return None if table is None or item is None else put_usual_item(table, item, request)


def put_usual_batch(tables: Tables, body: bytes) -> dict[str, Any] | None:
    """Return the response to a BatchWriteItem of only puts of usual items; None for any other request."""
    if ADMISSION.gate is not None:
        return None
    try:
        request = _decode_batch(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    changes: list[tuple[StoredTable, ItemChange]] = []
    for name, writes in request.RequestItems.items():
        table = tables.get(name)
        if table is None:
            return None
        for write in writes:
            item = usual_item(table.schema, write.PutRequest.Item)
            if item is None or item.size_bytes > MAX_ITEM_BYTES:
                return None
            changes.append((table, table.put_item(item)))
    keys = {(table.schema.name, change.key) for table, change in changes}
    if not 0 < len(changes) <= MAX_WRITES or len(keys) < len(changes):
        return None
    return write_batch(request, changes, {})
