"""TransactWriteItems and TransactGetItems.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from sandbox.dynamodb.admission import ADMISSION, CANCELLATIONS, Gate, count_throttled
from sandbox.dynamodb.capacity import Consumed, read_units, shown_by_table
from sandbox.dynamodb.errors import DynamoError, api_error, invalid
from sandbox.dynamodb.operations.batches import consumed_by_writes, metrics_by_table
from sandbox.dynamodb.operations.idempotency import RequestTokens
from sandbox.dynamodb.operations.reads import Show, showing
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.operations.writes import CheckedWrite, prepared, transacted
from sandbox.dynamodb.parameters import finish, placeholders, projected
from sandbox.dynamodb.requests import TransactGet, TransactGetItems, TransactWriteItem, TransactWriteItems
from sandbox.dynamodb.table import ItemChange, StoredTable
from sandbox.dynamodb.usage import USAGE
from sandbox.dynamodb.values import Attributes, measure_item

_FACTOR = 2
"""The ratio of a call's units in a transaction to those of the call alone."""
_MAX_BYTES = 4 << 20
_CODES = {"ConditionalCheckFailedException": "ConditionalCheckFailed", "DuplicateItemException": "DuplicateItem"}
REPEATED = "Transaction request cannot include multiple operations on one item"
"""The error of a transaction with two actions on one item."""
_EMPTY_KEY = "The AttributeValue for a key attribute cannot contain an empty"

Changes = list[tuple[StoredTable, ItemChange]]
T = TypeVar("T")


def transact_write_items(tables: Tables, tokens: RequestTokens, request: TransactWriteItems) -> dict[str, Any]:
    """Make all of several writes, or none. A request whose token was used for the same request makes none.

    The response is then that of the first request.
    """
    writes = [_action(tables, item) for item in request.TransactItems]
    described = msgspec.json.encode(request.TransactItems)
    changes = tokens.once(request.ClientRequestToken, described, lambda: _checked_write(request, writes))
    mode = request.ReturnConsumedCapacity
    answer: dict[str, Any] = {}
    if mode not in (None, "NONE"):
        if changes.repeated:
            answer |= shown_by_table(_consumed_by_repeat(changes.value), mode, "Read")
        else:
            answer |= shown_by_table(consumed_by_writes(changes.value, _FACTOR), mode, "Write")
    if request.ReturnItemCollectionMetrics == "SIZE":
        answer["ItemCollectionMetrics"] = metrics_by_table(changes.value)
    return answer


def write_all(writes: Sequence[CheckedWrite]) -> Changes:
    """Make all of several writes, or none.

    Raises:
        DynamoError: TransactionCanceledException with a reason for each write, if one of them fails.
    """
    changes = each_or_cancel([lambda write=write: prepared(write) for write in writes])
    if ADMISSION.gate is not None:
        _refuse_without_capacity(ADMISSION.gate, changes)
    for table, change in changes:
        table.write(change)
    USAGE.wrote(changes, _FACTOR)
    return changes


def _refuse_without_capacity(gate: Gate, changes: Changes) -> None:
    refused = gate.writes(changes, _FACTOR)
    count_throttled(changes, refused)
    if any(refused):
        raise cancelled(
            [
                {"Code": "None"} if error is None else {"Code": CANCELLATIONS[error.name], "Message": error.message}
                for error in refused
            ]
        )


def transact_get_items(tables: Tables, request: TransactGetItems) -> dict[str, Any]:
    """Read several items as of one moment."""
    reads = [_read(tables, item.Get) for item in request.TransactItems]
    answers = each_or_cancel([lambda read=read: _find(read) for read in reads])
    targets = [(table.schema.name, change.key) for table, change, _ in answers]
    if len(set(targets)) != len(targets):
        raise invalid(REPEATED)
    responses = [{} if change.old is None else {"Item": show(change.old)} for _, change, show in answers]
    consumed: dict[str, Consumed] = {}
    for table, change, _ in answers:
        units = read_units(change.old.size_bytes if change.old else 0, consistent=True) * _FACTOR
        ADMISSION.refuse_read(table, units, change.key)
        USAGE.read(table, units)
        USAGE.read_key(table, change.key, units)
        consumed.setdefault(table.schema.name, Consumed(table.schema)).add(units)
    return {"Responses": responses} | shown_by_table(consumed.values(), request.ReturnConsumedCapacity, "Read")


def each_or_cancel(actions: Sequence[Callable[[], T]]) -> list[T]:
    """Return the results of the actions.

    Raises:
        DynamoError: TransactionCanceledException with a reason for each action, if one of them fails.
            Errors of a request as a whole are raised unchanged.
    """
    results: list[T] = []
    reasons: list[dict[str, Any]] = []
    for action in actions:
        try:
            results.append(action())
        except DynamoError as error:
            if error.name == "ResourceNotFoundException" or _EMPTY_KEY in error.message:
                raise
            reasons.append(
                {"Code": _CODES.get(error.name, "ValidationError"), "Message": error.message, **error.details}
            )
        else:
            reasons.append({"Code": "None"})
    if len(results) != len(actions):
        raise cancelled(reasons)
    return results


def cancelled(reasons: list[dict[str, Any]]) -> DynamoError:
    """The error of a cancelled transaction."""
    codes = ", ".join(str(reason["Code"]) for reason in reasons)
    return api_error(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        {"CancellationReasons": reasons},
    )


def refuse_repeated(writes: Sequence[CheckedWrite]) -> None:
    """Raise DynamoError if two writes of a transaction have the same target; an invalid write has no target."""
    targets: list[object] = []
    for write in writes:
        table = found(write.table)
        try:
            targets.append((table.schema.name, write.find(table).key))
        except DynamoError:
            continue
    if len(set(targets)) != len(targets):
        raise invalid(REPEATED)


def _checked_write(request: TransactWriteItems, writes: Sequence[CheckedWrite]) -> Changes:
    refuse_repeated(writes)
    total = sum(_size(item) for item in request.TransactItems)
    if total > _MAX_BYTES:
        raise invalid(
            "Collection size of items exceeded, which can also be caused by the aggregate size of the items in the "
            "transaction exceeding the 4MB limit"
        )
    return write_all(writes)


def _action(tables: Tables, item: TransactWriteItem) -> CheckedWrite:
    given = [action for action in (item.ConditionCheck, item.Put, item.Delete, item.Update) if action is not None]
    if len(given) != 1:
        raise invalid(
            "TransactItems can only contain one of Check, Put, Update or Delete"
            if given
            else "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
        )
    return transacted(tables, given[0])


def _size(item: TransactWriteItem) -> int:
    if item.Put is not None:
        return measure_item(item.Put.Item)
    keyed = [action for action in (item.ConditionCheck, item.Delete, item.Update) if action is not None]
    return sum(measure_item(one.Key) + measure_item(one.ExpressionAttributeValues or {}) for one in keyed)


def _consumed_by_repeat(changes: Changes) -> list[Consumed]:
    consumed: dict[str, Consumed] = {}
    for table, change in changes:
        size = max(item.size_bytes if item else 0 for item in (change.old, change.new))
        units = read_units(size, consistent=True) * _FACTOR
        consumed.setdefault(table.schema.name, Consumed(table.schema)).add(units)
    return list(consumed.values())


class _Read(NamedTuple):
    table: StoredTable | None
    key: Attributes
    show: Show


def _read(tables: Tables, request: TransactGet) -> _Read:
    table = lookup(tables, request.TableName)
    measure_item(request.Key)
    given = placeholders(request.ExpressionAttributeNames)
    show = showing(projected(request.ProjectionExpression, None, given))
    finish(given, table)
    return _Read(table, request.Key, show)


def _find(read: _Read) -> tuple[StoredTable, ItemChange, Show]:
    table = found(read.table)
    return table, table.find(read.key), read.show
