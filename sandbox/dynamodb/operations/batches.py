"""BatchWriteItem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from sandbox.dynamodb.admission import ADMISSION, Gate, count_throttled
from sandbox.dynamodb.capacity import Consumed, shown_by_table
from sandbox.dynamodb.errors import DynamoError, invalid
from sandbox.dynamodb.items import Key
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.operations.writes import collection_metrics, has_collections
from sandbox.dynamodb.requests import BatchWrite, BatchWriteItem, WriteRequest
from sandbox.dynamodb.table import ItemChange, StoredTable, refuse_large
from sandbox.dynamodb.usage import USAGE
from sandbox.dynamodb.values import measure_item

MAX_WRITES = 25
"""The maximum number of a batch's writes."""


class _Checked(NamedTuple):
    table: StoredTable | None
    find: Callable[[StoredTable], ItemChange]


def batch_write_item(tables: Tables, request: BatchWriteItem) -> dict[str, Any]:
    """Put and delete up to 25 items of several tables. An invalid batch changes nothing."""
    if not request.RequestItems:
        raise invalid("The requestItems parameter is required for BatchWriteItem")
    if sum(map(len, request.RequestItems.values())) > MAX_WRITES:
        raise invalid("Too many items requested for the BatchWriteItem call")
    checked: list[_Checked] = []
    for name, writes in request.RequestItems.items():
        table = lookup(tables, name)
        checked += [_Checked(table, _checked(write)) for write in writes]
    changes: list[tuple[StoredTable, ItemChange]] = []
    seen: set[tuple[str, Key]] = set()
    for place, find in checked:
        table = found(place)
        change = find(table)
        seen.add((table.schema.name, change.key))
        changes.append((table, change))
        # Before the next item is checked, as in DynamoDB Local.
        if len(seen) != len(changes):
            raise invalid("Provided list of item keys contains duplicates")
    unprocessed: dict[str, list[Any]] = {}
    if ADMISSION.gate is not None:
        changes, unprocessed = _admitted(ADMISSION.gate, request, changes)
    return write_batch(request, changes, unprocessed)


def write_batch(
    request: BatchWrite, changes: list[tuple[StoredTable, ItemChange]], unprocessed: dict[str, list[Any]]
) -> dict[str, Any]:
    """Make the changes of a batch, and return its response with the unprocessed writes."""
    for table, change in changes:
        table.write(change)
    USAGE.wrote(changes)
    answer: dict[str, Any] = {"UnprocessedItems": unprocessed}
    if request.ReturnConsumedCapacity not in (None, "NONE"):
        answer |= shown_by_table(consumed_by_writes(changes), request.ReturnConsumedCapacity)
    if request.ReturnItemCollectionMetrics == "SIZE":
        answer["ItemCollectionMetrics"] = metrics_by_table(changes)
    return answer


def _admitted(
    gate: Gate, request: BatchWriteItem, changes: list[tuple[StoredTable, ItemChange]]
) -> tuple[list[tuple[StoredTable, ItemChange]], dict[str, list[Any]]]:
    """The writes for which there is capacity, and the requests of the others.

    Raises:
        DynamoError: no write has capacity.
            https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
    """
    writes = [(name, write) for name, writes in request.RequestItems.items() for write in writes]
    refused = refusals(gate.batched("BatchWriteItem", len(changes)), lambda: gate.writes(changes))
    count_throttled(changes, refused)
    if None not in refused:
        raise next(error for error in refused if error is not None)
    unprocessed: dict[str, list[Any]] = {}
    for (name, write), error in zip(writes, refused, strict=True):
        if error is not None:
            given = {member: value for member, value in msgspec.to_builtins(write).items() if value is not None}
            unprocessed.setdefault(name, []).append(given)
    return [change for change, error in zip(changes, refused, strict=True) if error is None], unprocessed


def refusals(
    batched: list[DynamoError | None], each: Callable[[], list[DynamoError | None]]
) -> list[DynamoError | None]:
    """For each entry of a batch the error that refuses it, as an entry of a batch or by itself, or None."""
    return [one or other for one, other in zip(batched, each(), strict=True)]


def consumed_by_writes(changes: list[tuple[StoredTable, ItemChange]], factor: int = 1) -> list[Consumed]:
    """The units that writes consumed of each table, `factor` times."""
    consumed: dict[str, Consumed] = {}
    for table, change in changes:
        each = consumed.setdefault(table.schema.name, Consumed(table.schema))
        each.add_write(table, change, factor)
    return list(consumed.values())


def metrics_by_table(changes: list[tuple[StoredTable, ItemChange]]) -> dict[str, Any]:
    """The item collections of the writes, by table, each once."""
    metrics: dict[str, list[Any]] = {}
    for table, change in changes:
        if has_collections(table):
            found_ = collection_metrics(table, change)
            listed = metrics.setdefault(table.schema.name, [])
            if found_ not in listed:
                listed.append(found_)
    return metrics


def _checked(write: WriteRequest) -> Callable[[StoredTable], ItemChange]:
    """A function that finds a write's change in a table; raises DynamoError for an invalid write."""
    put, delete = write.PutRequest, write.DeleteRequest
    if put is not None and delete is None:
        item = put.Item
        size = measure_item(item)
        refuse_large(size)
        return lambda table: table.put(item, size)
    if delete is not None and put is None:
        key = delete.Key
        measure_item(key)
        return lambda table: table.find(key)._replace(new=None)
    raise invalid(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        if put is not None
        else "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    )
