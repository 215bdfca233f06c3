"""Query and Scan: items in order, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sandbox.dynamodb import legacy
from sandbox.dynamodb.capacity import Consumed, is_wanted, read_units
from sandbox.dynamodb.compare import sortable
from sandbox.dynamodb.errors import invalid, invalid_parameter
from sandbox.dynamodb.expressions import conditions, key_conditions
from sandbox.dynamodb.expressions.conditions import Condition, Test
from sandbox.dynamodb.expressions.documents import ResolvedPath
from sandbox.dynamodb.expressions.key_conditions import KeyCondition, KeyTest
from sandbox.dynamodb.expressions.placeholders import Placeholders
from sandbox.dynamodb.expressions.projections import project
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.operations.reads import showing
from sandbox.dynamodb.operations.tables import Tables, found, lookup
from sandbox.dynamodb.parameters import (
    Kinds,
    bound_legacy,
    expression,
    finish,
    placeholders,
    projection,
    refuse_mixed,
)
from sandbox.dynamodb.requests import LegacyCondition, Paged, Query, Scan
from sandbox.dynamodb.schema import Index, KeySchema
from sandbox.dynamodb.storage import HASHES, Place
from sandbox.dynamodb.table import Table
from sandbox.dynamodb.values import Attributes, measure, measure_item

_QUERY = Kinds(
    ("ProjectionExpression", "FilterExpression", "KeyConditionExpression"),
    ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"),
)
_SCAN = Kinds(("ProjectionExpression", "FilterExpression"), ("AttributesToGet", "ScanFilter", "ConditionalOperator"))
_MAX_PAGE_BYTES = 1 << 20
_NO_START = "The provided starting key is invalid"


class Filter(NamedTuple):
    """A filter, and the attributes at the heads of its paths."""

    test: Test
    heads: tuple[str, ...]
    parameter: str


class Reading(NamedTuple):
    """What of a table is read: the table or an index of it, what is shown, and what is kept of what is read."""

    table: Table
    index: Index | None
    paths: list[ResolvedPath] | None
    filter: Filter | None

    @property
    def key(self) -> KeySchema:
        """The key in whose order the items are."""
        return self.table.schema.key if self.index is None else self.index.key

    @property
    def start_names(self) -> tuple[str, ...]:
        """The attributes that say where a page begins."""
        return tuple(dict.fromkeys((*self.table.schema.key.names, *self.key.names)))


class Page(NamedTuple):
    """The items of a page, how many were read for it, their sizes in bytes, and the last if more may follow."""

    items: list[StoredItem]
    scanned: int
    sizes: list[int]
    last: StoredItem | None


def query(tables: Tables, request: Query) -> dict[str, Any]:
    """Read the items of a partition of a table or index, in the order of the sort key."""
    table = lookup(tables, request.TableName)
    refuse_mixed(request, _QUERY)
    older = None if request.QueryFilter is None else _legacy_filter("QueryFilter", request, request.QueryFilter)
    _measure_start(request.ExclusiveStartKey)
    if request.KeyConditions is None and request.KeyConditionExpression is None:
        raise invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    given = placeholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
    tests = _key_tests(request, given)
    filter_ = _filter(request, older, given)
    paths = projection(request, given)
    finish(given)
    _refuse_select(request, paths)
    reading = _reading(found(table), request, paths, filter_)
    condition = key_conditions.of_schema(tests, reading.key)
    _refuse_filtered_keys(reading)
    forward = request.ScanIndexForward is not False
    start = _start(reading, request.ExclusiveStartKey)
    if start is not None:
        _refuse_outside(reading, condition, start)
    entries = query_entries(reading, condition, start, forward=forward)
    return _answer(reading, request, page_of(entries, reading, request.Limit))


def scan(tables: Tables, request: Scan) -> dict[str, Any]:
    """Read all items of a table or index, or of a segment of it, in the order of the partition keys' hashes."""
    table = lookup(tables, request.TableName)
    refuse_mixed(request, _SCAN)
    older = None if request.ScanFilter is None else _legacy_filter("ScanFilter", request, request.ScanFilter)
    _measure_start(request.ExclusiveStartKey)
    segment, segments = _segment(request)
    given = placeholders(request.ExpressionAttributeNames, request.ExpressionAttributeValues)
    filter_ = _filter(request, older, given)
    paths = projection(request, given)
    finish(given)
    _refuse_select(request, paths)
    reading = _reading(found(table), request, paths, filter_)
    start = _start(reading, request.ExclusiveStartKey)
    entries = scan_entries(reading, start, segment, segments)
    return _answer(reading, request, page_of(entries, reading, request.Limit))


def query_entries(
    reading: Reading, condition: KeyCondition, start: Attributes | None, *, forward: bool
) -> Iterator[StoredItem]:
    """The items that a key condition asks for, after a place, forwards or backwards."""
    low, high, prefix = _bounds(condition.range, reading.key)
    if reading.index is None:
        order, items = reading.table.store.partition(condition.hash)
        if start is not None:
            place = reading.table.store.place_of(reading.key.key_of(start).range)
            low, high = ((*place, 0), high) if forward else (low, place)
        entries = (items[range_] for _, range_ in order.between(low, high, forward=forward))
    else:
        view = reading.table.view(reading.index)
        if start is not None:
            place = view.place_of(start, reading.table.schema.key.key_of(start))
            low, high = ((*place, 0), high) if forward else (low, place)
        keys = view.partition(condition.hash).between(low, high, forward=forward)
        entries = (_item(reading.table, key) for _, key in keys)
    if prefix is None:
        return entries
    return _beginning(entries, reading.key, prefix, forward=forward)


def scan_entries(reading: Reading, start: Attributes | None, segment: int, segments: int) -> Iterator[StoredItem]:
    """All items of one of several segments, after a place."""
    low, high = (-(-number * HASHES // segments) for number in (segment, segment + 1))
    table = reading.table
    after = None if start is None else table.schema.key.key_of(start)
    if reading.index is None:
        return table.store.scanned(low, high, after)
    place = None if start is None or after is None else (start, after)
    return (_item(table, key) for key in table.view(reading.index).scanned(low, high, place))


def page_of(entries: Iterable[StoredItem], reading: Reading, limit: int | None) -> Page:
    """The next page: up to a limit of items, and up to 1 MB, of which the filter keeps some.

    A page that the limit ends has a last item though none may follow, as DynamoDB's has.
    """
    items: list[StoredItem] = []
    sizes: list[int] = []
    total = 0
    last: StoredItem | None = None
    for item in entries:
        size = _size(reading, item)
        total += size
        if total > _MAX_PAGE_BYTES and last is not None:
            return Page(items, len(sizes), sizes, last)
        sizes.append(size)
        last = item
        if reading.filter is None or reading.filter.test(item.attributes):
            items.append(item)
        if len(sizes) == limit:
            return Page(items, len(sizes), sizes, last)
    return Page(items, len(sizes), sizes, None)


def _answer(reading: Reading, request: Paged, page: Page) -> dict[str, Any]:
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
    """Where the next page begins: the key of the last item, and its key in the index."""
    attributes = item.attributes
    return {name: attributes[name] for name in reading.start_names}


def _shown(reading: Reading, request: Paged, items: list[StoredItem]) -> list[Any]:
    index = reading.index
    if reading.paths is not None or index is None or index.projected is None or request.Select == "ALL_ATTRIBUTES":
        show = showing(reading.paths)
        return [show(item) for item in items]
    paths: list[ResolvedPath] = [(name,) for name in sorted(index.projected)]
    return [project(item.attributes, paths) for item in items]


def _consumed(reading: Reading, request: Paged, page: Page) -> Consumed:
    consistent = bool(request.ConsistentRead)
    consumed = Consumed(reading.table.schema)
    consumed.add(read_units(sum(page.sizes), consistent=consistent), reading.index)
    if reading.index is not None and _fetches(reading, request):
        # What a local index does not hold is read from the table, item by item.
        for item in page.items:
            consumed.add(read_units(item.size_bytes, consistent=consistent))
    return consumed


def _fetches(reading: Reading, request: Paged) -> bool:
    """Whether a read of an index asks for more than the index holds."""
    index = reading.index
    if index is None or index.projected is None:
        return False
    if reading.paths is None:
        return request.Select == "ALL_ATTRIBUTES"
    return any(path[0] not in index.projected for path in reading.paths)


def _size(reading: Reading, item: StoredItem) -> int:
    if reading.index is None or reading.index.projected is None:
        return item.size_bytes
    return measure_item(reading.index.entry(item.attributes))


def _item(table: Table, key: Key) -> StoredItem:
    item = table.store.get(key)
    assert item is not None  # an index holds the keys of the items that there are
    return item


# What is read


def _reading(table: Table, request: Paged, paths: list[ResolvedPath] | None, filter_: Filter | None) -> Reading:
    index = None if request.IndexName is None else table.index(request.IndexName)
    reading = Reading(table, index, paths, filter_)
    if index is None or index.kind == "Local":
        return reading
    if request.ConsistentRead:
        raise invalid("Consistent reads are not supported on global secondary indexes")
    if index.projected is not None:
        if request.Select == "ALL_ATTRIBUTES":
            raise invalid_parameter(
                f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index.name} because its "
                "projection type is not ALL"
            )
        missing = [str(path[0]) for path in paths or () if path[0] not in index.projected]
        if missing:
            raise invalid_parameter(f"Global secondary index {index.name} does not project [{', '.join(missing)}]")
    return reading


def _refuse_select(request: Paged, paths: list[ResolvedPath] | None) -> None:
    select = request.Select
    if select == "ALL_PROJECTED_ATTRIBUTES" and request.IndexName is None:
        raise invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
    if paths is None:
        if select == "SPECIFIC_ATTRIBUTES":
            raise invalid(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
            )
        return
    if select not in (None, "SPECIFIC_ATTRIBUTES"):
        parameter = "ProjectionExpression" if request.ProjectionExpression is not None else "AttributesToGet"
        wanted = "only the Count" if select == "COUNT" else select
        raise invalid(f"Cannot specify the {parameter} when choosing to get {wanted}")


# Filters


def _legacy_filter(parameter: str, request: Paged, given: dict[str, LegacyCondition]) -> Filter | None:
    condition = legacy.filtered(given, request.ConditionalOperator)
    test = bound_legacy(parameter, condition)
    return None if test is None else Filter(test, tuple(given), parameter)


def _filter(request: Paged, older: Filter | None, given: Placeholders) -> Filter | None:
    if request.FilterExpression is None:
        return older
    with expression("FilterExpression"):
        condition = conditions.parse(request.FilterExpression)
        test = conditions.bind(condition, given)
        return Filter(test, _heads(condition, given), "Filter Expression")


def _heads(condition: Condition, given: Placeholders) -> tuple[str, ...]:
    return tuple(str(given.path(path)[0]) for path in conditions.paths_of(condition))


def _refuse_filtered_keys(reading: Reading) -> None:
    filter_ = reading.filter
    for name in reading.key.names if filter_ is not None else ():
        if filter_ is not None and name in filter_.heads:
            raise invalid(
                f"{filter_.parameter} can only contain non-primary key attributes: Primary key attribute: {name}"
            )


# Where a page begins


def _measure_start(start: Attributes | None) -> None:
    for value in (start or {}).values():
        measure(value)


def _start(reading: Reading, start: Attributes | None) -> Attributes | None:
    """An ExclusiveStartKey that is one; DynamoError otherwise."""
    if start is None:
        return None
    table_key = reading.table.schema.key
    if len(start) != len(reading.start_names):
        raise invalid(_NO_START)
    for part in (*reading.key, *table_key):
        value = start.get(part.name)
        if value is None or part.kind not in value:
            raise invalid(f"{_NO_START}: The provided key element does not match the schema")
    return start


def _refuse_outside(reading: Reading, condition: KeyCondition, start: Attributes) -> None:
    hash_, range_ = reading.key.hash, condition.range
    is_inside = start[hash_.name][hash_.kind] == condition.hash
    if range_ is None or reading.key.range is None:
        if not is_inside:
            raise invalid("The provided starting key is outside query boundaries based on provided conditions")
        return
    if not is_inside or not _matches(range_, reading.key.range.kind, start[reading.key.range.name]):
        raise invalid("The provided starting key does not match the range key predicate")


def _matches(test: KeyTest, kind: str, value: dict[str, Any]) -> bool:
    content, bounds = sortable(kind, value[kind]), [sortable(kind, bound[kind]) for bound in test.values]
    match test.operator:
        case "=":
            return content == bounds[0]
        case "<":
            return content < bounds[0]
        case "<=":
            return content <= bounds[0]
        case ">":
            return content > bounds[0]
        case ">=":
            return content >= bounds[0]
        case "BETWEEN":
            return bounds[0] <= content <= bounds[1]
        case _:
            return content.startswith(bounds[0])


def _bounds(test: KeyTest | None, key: KeySchema) -> tuple[Place | None, Place | None, Any]:
    """The places between which a test of the sort key holds, and a prefix that it asks for, None for none.

    A place that is longer comes after one that is its beginning.
    """
    if test is None or key.range is None:
        return None, None, None
    first, *more = [sortable(key.range.kind, value[key.range.kind]) for value in test.values]
    at, after = (first,), (first, _AFTER_ALL)
    match test.operator:
        case "=":
            return at, after, None
        case "<":
            return None, at, None
        case "<=":
            return None, after, None
        case ">":
            return after, None, None
        case ">=":
            return at, None, None
        case "BETWEEN":
            return at, (more[0], _AFTER_ALL), None
        case _:
            return at, None, first


class _AfterAll:
    """Greater than everything: what comes after all places that begin alike."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


_AFTER_ALL = _AfterAll()


def _beginning(entries: Iterator[StoredItem], key: KeySchema, prefix: Any, *, forward: bool) -> Iterator[StoredItem]:
    """Those of the items from a prefix on whose sort key begins with it."""
    part = key.range
    assert part is not None
    for item in entries:
        if sortable(part.kind, item.attributes[part.name][part.kind]).startswith(prefix):
            yield item
        elif forward:
            return


def _key_tests(request: Query, given: Placeholders) -> list[KeyTest]:
    if request.KeyConditionExpression is None:
        return legacy.key_tests(request.KeyConditions or {})
    with expression("KeyConditionExpression"):
        return key_conditions.tests_of(conditions.parse(request.KeyConditionExpression), given)


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
