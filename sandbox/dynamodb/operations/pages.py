"""Query and Scan: items in order, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from sandbox.dynamodb import legacy
from sandbox.dynamodb.admission import ADMISSION
from sandbox.dynamodb.capacity import Consumed, is_wanted, read_units
from sandbox.dynamodb.errors import invalid
from sandbox.dynamodb.expressions import condition_syntax, conditions, key_conditions
from sandbox.dynamodb.expressions.condition_syntax import Condition
from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.key_conditions import KeyTest
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.projections import project
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.operations.ranges import query_entries, scan_entries
from sandbox.dynamodb.operations.reading import (
    Reading,
    filter_of,
    legacy_filter,
    reading_of,
    refuse_filter,
    refuse_select,
)
from sandbox.dynamodb.operations.reads import showing
from sandbox.dynamodb.operations.starts import measure_start, refuse_length, refuse_part, refuse_query, refuse_scan
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.parameters import Kinds, expression, finish, placeholders, projection, refuse_mixed
from sandbox.dynamodb.requests import Paged, Query, Scan
from sandbox.dynamodb.usage import USAGE
from sandbox.dynamodb.values import Attributes, measure_item

_QUERY = Kinds(
    ("ProjectionExpression", "FilterExpression", "KeyConditionExpression"),
    ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"),
)
_SCAN = Kinds(("ProjectionExpression", "FilterExpression"), ("AttributesToGet", "ScanFilter", "ConditionalOperator"))
_MAX_PAGE_BYTES = 1 << 20


class ItemPage(NamedTuple):
    """The items of a page, the number of items read, their sizes in bytes, and the last item if more may follow."""

    items: list[StoredItem]
    scanned: int
    sizes: list[int]
    last: StoredItem | None


def query(tables: Tables, request: Query) -> dict[str, Any]:
    """Read the items of a partition of a table or index, in the order of the sort key."""
    table = lookup(tables, request.TableName)
    refuse_mixed(request, _QUERY)
    older = legacy_filter("QueryFilter", request, request.QueryFilter or {})
    measure_start(request.ExclusiveStartKey)
    if request.KeyConditions is None and request.KeyConditionExpression is None:
        raise invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    given = placeholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
    keyed = _key_condition(request, given)
    filter_ = filter_of(request, older, given)
    paths = projection(request, given)
    if keyed is not None:
        with expression("KeyConditionExpression"):
            conditions.bind(keyed, given)
    finish(given, None)
    tests = _key_tests(request, keyed, given)
    refuse_select(request, paths)
    reading = reading_of(found(table), request, paths, filter_)
    start = request.ExclusiveStartKey
    if start is None:
        condition = key_conditions.of_schema(tests, reading.key)
    else:
        refuse_length(reading, start)
        condition = key_conditions.of_schema(tests, reading.key, partial(refuse_part, reading, start))
        refuse_query(reading, start, condition)
    refuse_filter(reading)
    reading.table.schema.refuse_within(given.within)
    forward = request.ScanIndexForward is not False
    entries = query_entries(reading, condition, start, forward=forward)
    return _answer(reading, request, page_of(entries, reading, request.Limit), condition.hash)


def scan(tables: Tables, request: Scan) -> dict[str, Any]:
    """Read all items of a table or index, or of one segment, in the order of the partition keys' hashes."""
    table = lookup(tables, request.TableName)
    refuse_mixed(request, _SCAN)
    older = legacy_filter("ScanFilter", request, request.ScanFilter or {})
    measure_start(request.ExclusiveStartKey)
    segment, segments = _segment(request)
    given = placeholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
    filter_ = filter_of(request, older, given)
    paths = projection(request, given)
    finish(given, None)
    refuse_select(request, paths)
    reading = reading_of(found(table), request, paths, filter_)
    start = request.ExclusiveStartKey
    if start is not None:
        refuse_scan(reading, start, segment, segments)
    reading.table.schema.refuse_within(given.within)
    entries = scan_entries(reading, start, segment, segments)
    return _answer(reading, request, page_of(entries, reading, request.Limit))


def page_of(entries: Iterable[StoredItem], reading: Reading, limit: int | None) -> ItemPage:
    """Return the next page: up to `limit` items and up to 1 MB are read, of which the filter selects some.

    A page that the limit ends has a last item even if no item follows, as in DynamoDB.
    """
    items: list[StoredItem] = []
    sizes: list[int] = []
    total = 0
    last: StoredItem | None = None
    for item in entries:
        size = _size(reading, item)
        total += size
        if total > _MAX_PAGE_BYTES and last is not None:
            return ItemPage(items, len(sizes), sizes, last)
        sizes.append(size)
        last = item
        if reading.filtered(item):
            items.append(item)
        if len(sizes) == limit:
            return ItemPage(items, len(sizes), sizes, last)
    return ItemPage(items, len(sizes), sizes, None)


def _answer(reading: Reading, request: Paged, page: ItemPage, partition: str | None = None) -> dict[str, Any]:
    key = None if partition is None else Key(partition)
    if ADMISSION.gate is not None:
        index = reading.of_index
        units = _consumed(reading, request, page).total
        ADMISSION.refuse_read(reading.table, units, key, None if index is None else index.name)
    if USAGE.counter is not None:
        index = reading.of_index
        units = _consumed(reading, request, page).total
        name = index.name if index is not None and index.kind == "Global" else None
        USAGE.read(reading.table, units, name, len(page.items))
        if key is not None:
            USAGE.read_key(reading.table, key, units, name)
    answer: dict[str, Any] = {"Count": len(page.items), "ScannedCount": page.scanned}
    if page.last is not None:
        answer["LastEvaluatedKey"] = last_key(reading, page.last)
    if request.Select != "COUNT":
        answer["Items"] = _shown(reading, request, page.items)
    mode = request.ReturnConsumedCapacity
    if mode is not None and is_wanted(mode):
        answer["ConsumedCapacity"] = _consumed(reading, request, page).shown(mode)
    return answer


def last_key(reading: Reading, item: StoredItem) -> Attributes:
    """The position of the next page: the key of the last item, and its key in the index."""
    attributes = item.attributes
    return {name: attributes[name] for name in reading.start_names}


def _shown(reading: Reading, request: Paged, items: list[StoredItem]) -> list[Any]:
    index = reading.of_index
    if reading.paths is not None or index is None or index.projected is None or request.Select == "ALL_ATTRIBUTES":
        show = showing(reading.paths)
        return [show(item) for item in items]
    paths: list[ResolvedPath] = [(name,) for name in sorted(index.projected)]
    return [project(item.attributes, paths) for item in items]


def _consumed(reading: Reading, request: Paged, page: ItemPage) -> Consumed:
    consistent = bool(request.ConsistentRead)
    consumed = Consumed(reading.table.schema)
    consumed.add(read_units(sum(page.sizes), consistent=consistent), reading.of_index)
    if reading.of_index is not None and _fetches(reading, request):
        # Attributes that a local index lacks are read from the table, item by item.
        for item in page.items:
            consumed.add(read_units(item.size_bytes, consistent=consistent))
    return consumed


def _fetches(reading: Reading, request: Paged) -> bool:
    """Return whether a read of an index requests more than the index contains."""
    index = reading.of_index
    if index is None or index.projected is None:
        return False
    if reading.paths is None:
        return request.Select == "ALL_ATTRIBUTES"
    return any(path[0] not in index.projected for path in reading.paths)


def _size(reading: Reading, item: StoredItem) -> int:
    if reading.of_index is None or reading.of_index.projected is None:
        return item.size_bytes
    return measure_item(reading.of_index.entry(item.attributes))


def _key_condition(request: Query, given: Placeholders) -> Condition | None:
    """The key condition if it is an expression; marks its placeholders as used."""
    if request.KeyConditionExpression is None:
        return None
    with expression("KeyConditionExpression"):
        condition = condition_syntax.parse(request.KeyConditionExpression)
        given.resolve(condition)
        return condition


def _key_tests(request: Query, condition: Condition | None, given: Placeholders) -> list[KeyTest]:
    if condition is None:
        return legacy.key_tests(request.KeyConditions or {})
    with expression("KeyConditionExpression"):
        return key_conditions.tests_of(condition, given)


def _segment(request: Scan) -> tuple[int, int]:
    segment, segments = request.Segment, request.TotalSegments
    if segments is None:
        if segment is None:
            return 0, 1
        raise invalid(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is "
            "present"
        )
    if segment is None:
        raise invalid(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is "
            "present"
        )
    if segment >= segments:
        raise invalid(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            f"Segment: {segment} is not less than TotalSegments: {segments}"
        )
    return segment, segments
