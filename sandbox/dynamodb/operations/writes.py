"""PutItem, DeleteItem and UpdateItem, alone and as parts of a transaction.

A write is first prepared, which does all checks that need no table, then finds its change, and is made last: a refused
write has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from sandbox.dynamodb import legacy
from sandbox.dynamodb.admission import ADMISSION
from sandbox.dynamodb.capacity import Consumed, is_wanted
from sandbox.dynamodb.errors import DynamoError, api_error, invalid, invalid_parameter
from sandbox.dynamodb.expressions import updates
from sandbox.dynamodb.expressions.conditions import Test
from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.projections import project
from sandbox.dynamodb.expressions.updates import Action, BoundUpdate
from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.parameters import Kinds, expression, finish, placeholders, refuse_mixed, write_condition
from sandbox.dynamodb.requests import (
    Conditional,
    DeleteItem,
    PutItem,
    SingleWrite,
    TransactCheck,
    TransactDelete,
    TransactPut,
    TransactUpdate,
    UndecodedPutItem,
    UpdateItem,
)
from sandbox.dynamodb.table import ItemChange, StoredTable, refuse_large
from sandbox.dynamodb.usage import USAGE
from sandbox.dynamodb.values import Attributes, Value, measure_item

Answer = dict[str, Any]

_WRITE = Kinds(("ConditionExpression",), ("Expected", "ConditionalOperator"))
_UPDATE = Kinds(("UpdateExpression", "ConditionExpression"), ("AttributeUpdates", "Expected", "ConditionalOperator"))
_TRANSACTED = Kinds(("ConditionExpression",), ())
_TRANSACTED_UPDATE = Kinds(("UpdateExpression", "ConditionExpression"), ())
_GB = 1 << 30


Apply = Callable[[StoredTable, ItemChange, "Attributes | None"], ItemChange]
"""Completes a change. The attributes are those of the item before it, if they are already decoded."""


class CheckedWrite(NamedTuple):
    """A write after all checks that need no table.

    `find` returns its change in a table; `touched` are the paths of an update.
    """

    table: StoredTable | None
    test: Test | None
    find: Callable[[StoredTable], ItemChange]
    apply: Apply
    touched: Sequence[ResolvedPath] = ()
    on_failure: str | None = None


def put_item(tables: Tables, request: PutItem) -> Answer:
    """Put an item; it replaces the item with the same key."""
    table = lookup(tables, request.TableName)
    if not _is_plain(request):
        refuse_mixed(request, _WRITE)
    size = measure_item(request.Item)
    _refuse_new_values(request)
    refuse_large(size)
    return _written(request, CheckedWrite(table, _tested(request, table), *putting(request.Item, size)))


def put_usual_item(table: StoredTable, item: StoredItem, request: UndecodedPutItem) -> Answer:
    """Put a usual item (`usual_items`), of which only the size is still to be checked."""
    if not _is_plain(request):
        refuse_mixed(request, _WRITE)
    _refuse_new_values(request)
    refuse_large(item.size_bytes)
    return _written(request, CheckedWrite(table, _tested(request, table), *putting_item(item)))


def delete_item(tables: Tables, request: DeleteItem) -> Answer:
    """Delete the item with a key, if it exists."""
    table = lookup(tables, request.TableName)
    refuse_mixed(request, _WRITE)
    measure_item(request.Key)
    _refuse_new_values(request)
    return _written(request, CheckedWrite(table, _tested(request, table), *deleting(request.Key)))


def update_item(tables: Tables, request: UpdateItem) -> Answer:
    """Change the item with a key, or create it."""
    table = lookup(tables, request.TableName)
    if request.UpdateExpression is None or any(getattr(request, name) is not None for name in _UPDATE.legacy):
        refuse_mixed(request, _UPDATE)
    measure_item(request.Key)
    actions = None if request.AttributeUpdates is None else legacy.updates(request.AttributeUpdates)
    given = placeholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
    update = _update(request.UpdateExpression, actions or [], given)
    test = write_condition(request.ConditionExpression, request.Expected, request.ConditionalOperator, given)
    finish(given, table)
    find, apply = updating(request.Key, update, given.values)
    if actions is not None:
        apply = _in_legacy_words(apply)
    return _written(request, CheckedWrite(table, test, find, apply, touched=update.paths))


def _in_legacy_words(apply: Apply) -> Apply:
    """The function with the sentence of `AttributeUpdates` for an attribute of another type.

    mhart/dynalite test/updateItem.js, recorded on AWS.
    """

    def worded(table: StoredTable, change: ItemChange, before: Attributes | None) -> ItemChange:
        try:
            return apply(table, change, before)
        except DynamoError as error:
            if error.message != updates.WRONG_TYPE:
                raise
            raise invalid("Type mismatch for attribute to update") from None

    return worded


def transacted(tables: Tables, action: TransactPut | TransactDelete | TransactUpdate | TransactCheck) -> CheckedWrite:
    """Check an action of a transaction as far as possible without its table."""
    table = lookup(tables, action.TableName)
    refuse_mixed(action, _TRANSACTED_UPDATE if isinstance(action, TransactUpdate) else _TRANSACTED)
    given = placeholders(action.ExpressionAttributeNames, action.ExpressionAttributeValues)
    if isinstance(action, TransactPut):
        size = measure_item(action.Item)
        refuse_large(size)
        test = _tested_with(action, given)
        parts = putting(action.Item, size)
    elif isinstance(action, TransactUpdate):
        measure_item(action.Key)
        update = _update(action.UpdateExpression, [], given)
        test = _tested_with(action, given)
        parts = updating(action.Key, update, given.values)
    else:
        measure_item(action.Key)
        test = _tested_with(action, given)
        parts = deleting(action.Key) if isinstance(action, TransactDelete) else (finding(action.Key), unchanged)
    finish(given, table)
    return CheckedWrite(table, test, *parts, on_failure=action.ReturnValuesOnConditionCheckFailure)


def prepared(write: CheckedWrite) -> tuple[StoredTable, ItemChange]:
    """Return a write's table and its change there.

    Raises:
        DynamoError: the table does not exist or refuses the write, or the condition does not hold.
    """
    table = found(write.table)
    change = write.find(table)
    before = change.old.attributes if write.test is not None and change.old is not None else None
    if write.test is not None and not write.test(before or {}):
        shown = write.on_failure == "ALL_OLD" and change.old is not None
        details = {"Item": msgspec.Raw(change.old.image)} if shown and change.old is not None else {}
        raise api_error("ConditionalCheckFailedException", "The conditional request failed", details)
    return table, write.apply(table, change, before)


def collection_metrics(table: StoredTable, change: ItemChange) -> Answer:
    """The size in GB of the item's collection: the items of its partition, in the table and its local indexes.

    AWS estimates it between two bounds.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ItemCollectionMetrics.html
    """
    hash_ = table.schema.key.hash
    gigabytes = table.store.partition_bytes(change.key.hash) // _GB
    return {
        "ItemCollectionKey": {hash_.name: {hash_.kind: change.key.hash}},
        "SizeEstimateRangeGB": [float(gigabytes), float(gigabytes + 1)],
    }


def has_collections(table: StoredTable) -> bool:
    """Return whether a table has item collections; only tables with local indexes have them."""
    return any(index.kind == "Local" for index in table.schema.indexes.values())


def _written(request: SingleWrite, write: CheckedWrite) -> Answer:
    if write.test is not None and request.ReturnValuesOnConditionCheckFailure is not None:
        write = write._replace(on_failure=request.ReturnValuesOnConditionCheckFailure)
    table, change = prepared(write)
    if ADMISSION.gate is not None:
        ADMISSION.refuse_write(table, change)
    table.write(change)
    USAGE.wrote(((table, change),))
    answer: Answer = {}
    mode = request.ReturnConsumedCapacity
    if mode is not None and is_wanted(mode):
        consumed = Consumed(table.schema)
        consumed.add_write(table, change)
        answer["ConsumedCapacity"] = consumed.shown(mode)
    if request.ReturnItemCollectionMetrics == "SIZE" and has_collections(table):
        answer["ItemCollectionMetrics"] = collection_metrics(table, change)
    attributes = _returned(request.ReturnValues, write, change)
    if attributes is not None:
        answer["Attributes"] = attributes
    return answer


def _returned(kind: str | None, write: CheckedWrite, change: ItemChange) -> msgspec.Raw | Attributes | None:
    """The attributes that a write returns; None for no attributes."""
    if kind is None or kind == "NONE":
        return None
    item: StoredItem | None = change.new if kind.endswith("NEW") else change.old
    if item is None:
        return None
    if kind.startswith("ALL"):
        return msgspec.Raw(item.image)
    return project(item.attributes, write.touched) or None


def _is_plain(request: SingleWrite) -> bool:
    """Return whether a write has neither a condition nor placeholders, like most writes."""
    return (
        request.ConditionExpression is None
        and request.ExpressionAttributeValues is None
        and request.ExpressionAttributeNames is None
    )


def _refuse_new_values(request: SingleWrite) -> None:
    if request.ReturnValues not in (None, "NONE", "ALL_OLD"):
        raise invalid("ReturnValues can only be ALL_OLD or NONE")


def _tested(request: PutItem | UndecodedPutItem | DeleteItem, table: StoredTable | None) -> Test | None:
    """The condition of a put or delete; None if it has none."""
    if request.ConditionExpression is None and request.Expected is None and request.ConditionalOperator is None:
        return None
    given = placeholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
    test = write_condition(request.ConditionExpression, request.Expected, request.ConditionalOperator, given)
    finish(given, table)
    return test


def _tested_with(action: Conditional, given: Placeholders) -> Test | None:
    return write_condition(action.ConditionExpression, None, None, given)


Parts = tuple[Callable[[StoredTable], ItemChange], Apply]
"""The functions that find a write's change, and that complete it once the condition holds."""


def putting(attributes: Attributes, size: int) -> Parts:
    """The functions of a put of measured attributes."""
    return lambda table: table.put(attributes, size), unchanged


def putting_item(item: StoredItem) -> Parts:
    """The functions of a put of an item that the table accepts."""
    return lambda table: table.put_item(item), unchanged


def finding(key: Attributes) -> Callable[[StoredTable], ItemChange]:
    """The function that finds the item with a key."""
    return lambda table: table.find(key)


def deleting(key: Attributes) -> Parts:
    """The functions of a delete of the item with a key."""

    def apply(table: StoredTable, change: ItemChange, before: Attributes | None) -> ItemChange:  # noqa: ARG001 - all are called alike
        return ItemChange(change.key, change.old, None)

    return finding(key), apply


def unchanged(table: StoredTable, change: ItemChange, before: Attributes | None) -> ItemChange:  # noqa: ARG001 - all are called alike
    """Return the change unchanged."""
    return change


def _update(text: str | None, actions: Sequence[Action], given: Placeholders) -> BoundUpdate:
    with expression("UpdateExpression"):
        return updates.bind(actions, given) if text is None else updates.bound(text, given)


def updating(key: Attributes, update: BoundUpdate, values: Mapping[str, Value]) -> Parts:
    """The functions of an update of the item with a key."""

    def find(table: StoredTable) -> ItemChange:
        change = table.find(key)
        _refuse_key_paths(table, update.paths)
        return change

    def apply(table: StoredTable, change: ItemChange, before: Attributes | None) -> ItemChange:
        old = change.old
        before = dict(key) if old is None else before or old.attributes
        after = update.changed(before, lambda: dict(key) if old is None else old.attributes, values)
        # Attributes that the update does not touch keep their size.
        heads = {str(path[0]) for path in update.paths} if old is not None else after.keys()
        size = measure_item({name: after[name] for name in heads if name in after})
        if old is not None:
            size += old.size_bytes - measure_item({name: before[name] for name in heads if name in before})
        refuse_large(size, updated=True)
        if table.schema.indexes:
            table.schema.refuse_index_keys(after, {} if old is None else before)
        return ItemChange(change.key, old, StoredItem(change.key, after, size))

    return find, apply


def _refuse_key_paths(table: StoredTable, paths: Sequence[ResolvedPath]) -> None:
    for path in paths:
        if path[0] in table.schema.key.names:
            raise invalid_parameter(f"Cannot update attribute {path[0]}. This attribute is part of the key")
        if len(path) > 1:
            table.schema.refuse_within((str(path[0]),))
