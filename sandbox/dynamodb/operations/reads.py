"""GetItem and BatchGetItem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.dynamodb.admission import ADMISSION, Gate
from sandbox.dynamodb.capacity import Consumed, is_wanted, read_units, shown_by_table
from sandbox.dynamodb.errors import DynamoError, invalid
from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.projections import project
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.parameters import Kinds, finish, placeholders, projection, refuse_mixed
from sandbox.dynamodb.requests import BatchGetItem, GetItem, KeysAndAttributes, Projected
from sandbox.dynamodb.table import StoredTable
from sandbox.dynamodb.usage import USAGE
from sandbox.dynamodb.values import Attributes, measure_item

_READ = Kinds(("ProjectionExpression",), ("AttributesToGet",))
_MAX_KEYS = 100
_MAX_ANSWER_BYTES = 16 << 20

Show = Callable[[StoredItem], Any]
"""Returns what a read shows of an item."""


def get_item(tables: Tables, request: GetItem) -> dict[str, Any]:
    """Read the item with a key; if it does not exist, the response has no item."""
    table = lookup(tables, request.TableName)
    refuse_mixed(request, _READ)
    measure_item(request.Key)
    show = showing(_paths(request, table))
    key, item, _ = found(table).find(request.Key)
    units = read_units(item.size_bytes if item else 0, consistent=bool(request.ConsistentRead))
    ADMISSION.refuse_read(found(table), units, key)
    USAGE.read(found(table), units)
    USAGE.read_key(found(table), key, units)
    answer: dict[str, Any] = {}
    mode = request.ReturnConsumedCapacity
    if mode is not None and is_wanted(mode):
        consumed = Consumed(found(table).schema)
        consumed.add(units)
        answer["ConsumedCapacity"] = consumed.shown(mode)
    if item is not None:
        answer["Item"] = show(item)
    return answer


def batch_get_item(tables: Tables, request: BatchGetItem) -> dict[str, Any]:
    """Read up to 100 items of several tables; keys beyond 16 MB are returned as UnprocessedKeys."""
    if not request.RequestItems:
        raise invalid("The requestItems parameter is required for BatchGetItem")
    if sum(len(each.Keys) for each in request.RequestItems.values()) > _MAX_KEYS:
        raise invalid("Too many items requested for the BatchGetItem call")
    looked_up = {name: lookup(tables, name) for name in request.RequestItems}
    shows = {name: _show_batched(each, looked_up[name]) for name, each in request.RequestItems.items()}
    batches = [
        (found(looked_up[name]), each, _keys(found(looked_up[name]), each), shows[name])
        for name, each in request.RequestItems.items()
    ]
    answer: dict[str, Any] = {"Responses": {}, "UnprocessedKeys": {}}
    consumed: list[Consumed] = []
    size = 0
    refused = _Refused()
    for table, each, keys, show in batches:
        units = Consumed(table.schema)
        items: list[Any] = []
        left: list[Attributes] = []
        for number, key in enumerate(keys):
            item = table.store.get(key)
            size += item.size_bytes if item is not None else 0
            if size > _MAX_ANSWER_BYTES:
                left += each.Keys[number:]
                break
            needed = read_units(item.size_bytes if item else 0, consistent=bool(each.ConsistentRead))
            if ADMISSION.gate is not None and refused.refuses(ADMISSION.gate, table, key, needed):
                left.append(each.Keys[number])
                continue
            units.add(needed)
            USAGE.read_key(table, key, needed)
            if item is not None:
                items.append(show(item))
        if left:
            answer["UnprocessedKeys"][table.schema.name] = _given(msgspec.structs.replace(each, Keys=left))
        answer["Responses"][table.schema.name] = items
        USAGE.read(table, units.total)
        consumed.append(units)
    refused.refuse_all()
    return answer | shown_by_table(consumed, request.ReturnConsumedCapacity)


class _Refused:
    """The keys of a batch for which there is no capacity."""

    def __init__(self) -> None:
        self._admitted = 0
        self._error: DynamoError | None = None

    def refuses(self, gate: Gate, table: StoredTable, key: Key, units: float) -> bool:
        """Return whether there is no capacity for the next key."""
        error = gate.batched("BatchGetItem", 1)[0] or gate.read(table, units, key.hash)
        if error is not None:
            USAGE.throttled(table, key)
        self._error = self._error or error
        self._admitted += error is None
        return error is not None

    def refuse_all(self) -> None:
        """Raise DynamoError if there was no capacity for any key.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
        """
        if self._error is not None and not self._admitted:
            raise self._error


def showing(paths: list[ResolvedPath] | None) -> Show:
    """Return the function that selects these paths of an item, None for the whole item."""
    if paths is None:
        return lambda item: msgspec.Raw(item.image)
    return lambda item: project(item.attributes, paths)


def _paths(request: Projected, table: StoredTable | None) -> list[ResolvedPath] | None:
    given = placeholders(request.ExpressionAttributeNames)
    paths = projection(request, given)
    finish(given, table)
    return paths


def _show_batched(request: KeysAndAttributes, table: StoredTable | None) -> Show:
    refuse_mixed(request, _READ)
    for key in request.Keys:
        measure_item(key)
    return showing(_paths(request, table))


def _keys(table: StoredTable, request: KeysAndAttributes) -> list[Key]:
    """The keys; duplicates are refused before invalid keys, and those before empty ones (DynamoDB Local)."""
    try:
        keys = [table.schema.given_key(key) for key in request.Keys]
    except DynamoError:
        keys = []
        if len({repr(sorted(key.items())) for key in request.Keys}) == len(request.Keys):
            keys = [table.schema.given_key(key) for key in sorted(request.Keys, key=_is_empty)]
    if len(set(keys)) != len(request.Keys):
        raise invalid("Provided list of item keys contains duplicates")
    return keys


def _is_empty(key: Attributes) -> bool:
    return any(value in ({"S": ""}, {"B": ""}) for value in key.values())


def _given(request: KeysAndAttributes) -> Attributes:
    return {name: value for name, value in msgspec.to_builtins(request).items() if value is not None}
