"""The DynamoDB calls that write and read single items, straight on the table's items.

A call is answered here when it is of the plain kind that a stream of writes is
made of, and correct. Every other (rarer parameters, and all that is in error)
is left to moto, whose tables these are.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table

from sandbox.front import expressions
from sandbox.front.backends import backend_of
from sandbox.front.expressions import Scope
from sandbox.front.items import Attributes, StoredItem
from sandbox.front.reply import Reply, ServiceError, json_reply
from sandbox.front.scan import Place, scan_page
from sandbox.front.tables import Key, find, refuse_empty_key, remove, store
from sandbox.front.values import InvalidValueError, UnusualError, Value, measure, measure_item

_PREFIX = "com.amazonaws.dynamodb.v20120810#"
_MAX_BATCH = 25
_MAX_BATCH_BYTES = 16 << 20
_WRITE_UNIT_BYTES = 1024
_READ_UNIT_BYTES = 4096
_encode = msgspec.json.Encoder().encode

Capacity = Literal["NONE", "TOTAL"]


class _Request(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    TableName: str
    ReturnConsumedCapacity: Capacity = "NONE"


class _Conditional(_Request, kw_only=True):
    ConditionExpression: str | None = None
    ExpressionAttributeNames: dict[str, str] | None = None
    ExpressionAttributeValues: dict[str, Value] | None = None
    ReturnValuesOnConditionCheckFailure: Literal["NONE", "ALL_OLD"] = "NONE"
    ReturnItemCollectionMetrics: Literal["NONE"] = "NONE"


class _PutItem(_Conditional, kw_only=True):
    Item: Attributes
    ReturnValues: Literal["NONE", "ALL_OLD"] = "NONE"


class _DeleteItem(_Conditional, kw_only=True):
    Key: Attributes
    ReturnValues: Literal["NONE", "ALL_OLD"] = "NONE"


class _UpdateItem(_Conditional, kw_only=True):
    Key: Attributes
    UpdateExpression: str
    ReturnValues: Literal["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"] = "NONE"


class _Read(_Request, kw_only=True):
    ConsistentRead: bool = False
    ProjectionExpression: str | None = None
    ExpressionAttributeNames: dict[str, str] | None = None


class _GetItem(_Read, kw_only=True):
    Key: Attributes


class _Scan(_Read, kw_only=True):
    ExclusiveStartKey: Attributes | None = None
    Limit: int | None = None
    Segment: int | None = None
    TotalSegments: int | None = None
    Select: Literal["ALL_ATTRIBUTES", "COUNT"] | None = None


class _Put(msgspec.Struct, forbid_unknown_fields=True):
    Item: Attributes


class _Delete(msgspec.Struct, forbid_unknown_fields=True):
    Key: Attributes


class _Write(msgspec.Struct, forbid_unknown_fields=True):
    PutRequest: _Put | None = None
    DeleteRequest: _Delete | None = None


class _BatchWriteItem(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    RequestItems: dict[str, list[_Write]]
    ReturnConsumedCapacity: Capacity = "NONE"
    ReturnItemCollectionMetrics: Literal["NONE"] = "NONE"


class _Action(msgspec.Struct):
    TableName: str
    Item: Attributes | None = None
    Key: Attributes | None = None


class _TransactWriteItems(msgspec.Struct):
    TransactItems: list[dict[str, _Action]]


class DynamoCalls:
    """PutItem, UpdateItem, DeleteItem, BatchWriteItem, GetItem and Scan."""

    def call(self, operation: str, region: str, body: bytes) -> Reply | None:
        """The answer; None for what is moto's.

        Raises:
            ServiceError: a condition does not hold, or DynamoDB refuses what moto would take.
            UnusualError, msgspec.ValidationError: this call is moto's, too.
        """
        handle = _OPERATIONS.get(operation)
        if handle is None:
            return None
        try:
            return handle(backend_of(dynamodb_backends, region), body)
        except InvalidValueError as error:
            raise _invalid(f"One or more parameter values were invalid: {error}") from None


def _put_item(backend: DynamoDBBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_PutItem)
    table = _table(backend, request.TableName)
    item, old = _prepared_put(table, request.Item)
    _check(request, old, frozenset())
    store(table, item, old)
    answer = _capacity(request, _write_units(old, item))
    return _reply(answer, Attributes=old if request.ReturnValues == "ALL_OLD" else None)


def _delete_item(backend: DynamoDBBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_DeleteItem)
    table = _table(backend, request.TableName)
    key = Key.alone(table, request.Key)
    old = find(table, key)
    _check(request, old, frozenset())
    remove(table, key, old)
    answer = _capacity(request, _write_units(old, None))
    return _reply(answer, Attributes=old if request.ReturnValues == "ALL_OLD" else None)


def _update_item(backend: DynamoDBBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_UpdateItem)
    table = _table(backend, request.TableName)
    update = expressions.update(request.UpdateExpression)
    key = Key.alone(table, request.Key)
    old = find(table, key)
    scope = _check(request, old, update.placeholders)
    before = scope.item
    changes = update.apply(scope)
    if not changes.keys().isdisjoint(table.attribute_keys):
        raise UnusualError
    after = {**(before or request.Key)}
    for name, value in changes.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    new = _sized(key, after)
    store(table, new, old)
    answer = _capacity(request, _write_units(old, new))
    kind = request.ReturnValues
    if kind in ("NONE", "ALL_OLD", "ALL_NEW"):
        return _reply(answer, Attributes={"NONE": None, "ALL_OLD": old, "ALL_NEW": new}[kind])
    touched = before if kind == "UPDATED_OLD" else after
    updated = {name: touched[name] for name in changes if name in touched}
    return _reply(answer | ({"Attributes": updated} if updated else {}))


def _batch_write_item(backend: DynamoDBBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_BatchWriteItem)
    if sum(map(len, request.RequestItems.values())) > _MAX_BATCH:
        raise _invalid("Too many items requested for the BatchWriteItem call")
    if not request.RequestItems or len(body) > _MAX_BATCH_BYTES:
        raise UnusualError
    apply: list[Callable[[], int]] = []
    seen: set[tuple[str, Key]] = set()
    for name, writes in request.RequestItems.items():
        table = _table(backend, name)
        for write in writes:
            key, action = _batched(table, write)
            if (name, key) in seen:
                raise _invalid("Provided list of item keys contains duplicates")
            seen.add((name, key))
            apply.append(action)
    # All is checked before the first is done: a batch that is in error does nothing.
    units = [action() for action in apply]
    answer: dict[str, Any] = {"UnprocessedItems": {}}
    if request.ReturnConsumedCapacity == "TOTAL":
        ends = iter(units)
        answer["ConsumedCapacity"] = [
            {"TableName": name, "CapacityUnits": float(sum(next(ends) for _ in writes))}
            for name, writes in request.RequestItems.items()
        ]
    return _reply(answer)


def _batched(table: Table, write: _Write) -> tuple[Key, Callable[[], int]]:
    """The key of one write of a batch, and what does it and returns its write units."""
    if (put := write.PutRequest) is not None and write.DeleteRequest is None:
        item, old = _prepared_put(table, put.Item)
        return Key(item.hash_key, item.range_key), lambda: store(table, item, old) or _write_units(old, item)
    if (delete := write.DeleteRequest) is not None and write.PutRequest is None:
        key = Key.alone(table, delete.Key)
        found = find(table, key)
        return key, lambda: remove(table, key, found) or _write_units(found, None)
    raise UnusualError


def _transact_write_items(backend: DynamoDBBackend, body: bytes) -> Reply:
    """moto's, but for a key that is empty: moto stores one of type B."""
    for item in msgspec.json.decode(body, type=_TransactWriteItems).TransactItems:
        for action in item.values():
            refuse_empty_key(_table(backend, action.TableName), action.Item or action.Key or {})
    raise UnusualError


def _get_item(backend: DynamoDBBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_GetItem)
    table = _table(backend, request.TableName)
    show = _projection(request)
    item = find(table, Key.alone(table, request.Key))
    answer = _capacity(request, _read_units(item.size_bytes if item else 0, request.ConsistentRead))
    return _reply(answer if item is None else answer | {"Item": show(item)})


def _scan(backend: DynamoDBBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_Scan)
    table = _table(backend, request.TableName)
    start = None
    if request.ExclusiveStartKey is not None:
        start = Place.of(*Key.alone(table, request.ExclusiveStartKey))
    segment, segments = request.Segment, request.TotalSegments
    if (segment is None) != (segments is None) or (request.Limit is not None and request.Limit < 1):
        raise UnusualError
    if segment is not None and segments is not None and not 0 <= segment < segments <= 1_000_000:
        raise UnusualError
    if request.Select is not None and request.ProjectionExpression is not None:
        raise UnusualError
    show = _projection(request)
    items, more = scan_page(table, start, request.Limit, segment or 0, segments or 1)
    size = sum(item.size_bytes for item in items)
    answer = _capacity(request, _read_units(size, request.ConsistentRead))
    answer |= {"Count": len(items), "ScannedCount": len(items)}
    if more:
        last = items[-1].attributes
        answer["LastEvaluatedKey"] = {name: last[name] for name in table.table_key_attrs}
    if request.Select != "COUNT":
        answer["Items"] = [show(item) for item in items]
    return _reply(answer)


_OPERATIONS: dict[str, Callable[[DynamoDBBackend, bytes], Reply]] = {
    "PutItem": _put_item,
    "UpdateItem": _update_item,
    "DeleteItem": _delete_item,
    "BatchWriteItem": _batch_write_item,
    "TransactWriteItems": _transact_write_items,
    "GetItem": _get_item,
    "Scan": _scan,
}


def _invalid(message: str) -> ServiceError:
    return ServiceError("com.amazon.coral.validate#ValidationException", message)


def _table(backend: DynamoDBBackend, name: str) -> Table:
    table = backend.tables.get(name)
    if table is None:
        raise UnusualError
    return table


def _sized(key: Key, attributes: Attributes) -> StoredItem:
    try:
        return StoredItem.measured(key.hash, key.range, attributes, measure_item(attributes))
    except ItemSizeTooLarge:
        raise UnusualError from None


def _prepared_put(table: Table, attributes: Attributes) -> tuple[StoredItem, StoredItem | None]:
    """The item that is to be put, checked, and the one that it replaces."""
    size_bytes = measure_item(attributes)
    if table.global_indexes or table.indexes:
        _check_index_keys(table, attributes)
    key = Key.of(table, attributes)
    try:
        item = StoredItem.measured(key.hash, key.range, attributes, size_bytes)
    except ItemSizeTooLarge:
        raise UnusualError from None
    return item, find(table, key)


def _check_index_keys(table: Table, attributes: Attributes) -> None:
    kinds = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table.attr}
    for name in table.attribute_keys:
        value = attributes.get(name)
        if value is not None and not value.get(kinds[name]):
            raise UnusualError


def _projection(request: _Read) -> Callable[[StoredItem], Any]:
    """What to show of an item that is read."""
    names = request.ExpressionAttributeNames or {}
    if request.ProjectionExpression is None:
        if names:
            raise UnusualError
        return lambda item: msgspec.Raw(item.image)
    projection = expressions.projection(request.ProjectionExpression)
    if projection.placeholders != frozenset(names):
        raise UnusualError
    return lambda item: projection.apply(Scope(item.attributes, names, {}))


def _check(request: _Conditional, old: StoredItem | None, used: frozenset[str]) -> Scope:
    """Evaluate the condition; the scope of the request's expressions.

    `used` are the placeholders of the request's other expression.

    Raises:
        ServiceError: the condition does not hold.
    """
    names, values = request.ExpressionAttributeNames or {}, request.ExpressionAttributeValues or {}
    for value in values.values():
        measure(value)
    condition = None if request.ConditionExpression is None else expressions.condition(request.ConditionExpression)
    if condition is not None:
        used |= condition.placeholders
    if used != frozenset({*names, *values}):
        raise UnusualError
    # Without any expression nothing of the old item is needed.
    reads = condition is not None or isinstance(request, _UpdateItem)
    scope = Scope(old.attributes if old and reads else {}, names, values)
    if condition is not None and not condition.holds(scope):
        shown = old is not None and request.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
        details: dict[str, object] = {"Item": msgspec.Raw(old.image)} if old is not None and shown else {}
        code = _PREFIX + "ConditionalCheckFailedException"
        raise ServiceError(code, "The conditional request failed", details=details)
    return scope


def _write_units(old: StoredItem | None, new: StoredItem | None) -> int:
    size_bytes = max(old.size_bytes if old else 1, new.size_bytes if new else 1)
    return -(-size_bytes // _WRITE_UNIT_BYTES)


def _read_units(size_bytes: int, consistent: bool) -> float:
    return max(1, -(-size_bytes // _READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


def _capacity(request: _Request, units: float) -> dict[str, Any]:
    if request.ReturnConsumedCapacity == "NONE":
        return {}
    return {"ConsumedCapacity": {"TableName": request.TableName, "CapacityUnits": float(units)}}


def _reply(answer: dict[str, Any], **images: StoredItem | None) -> Reply:
    for name, item in images.items():
        if item is not None:
            answer[name] = msgspec.Raw(item.image)
    return json_reply(200, _encode(answer))
