"""The items that a Query or Scan reads, in order, from the start of a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.dynamodb.compare import sortable
from sandbox.dynamodb.expressions.key_conditions import KeyCondition, KeyTest
from sandbox.dynamodb.items import Key, StoredItem
from sandbox.dynamodb.operations.reading import Reading
from sandbox.dynamodb.schema import KeySchema
from sandbox.dynamodb.storage import HASHES, Place
from sandbox.dynamodb.table import StoredTable
from sandbox.dynamodb.values import Attributes


def query_entries(
    reading: Reading, condition: KeyCondition, start: Attributes | None, *, forward: bool
) -> Iterator[StoredItem]:
    """The items that a key condition selects, after a place, forwards or backwards."""
    low, high, prefix = _bounds(condition.range, reading.key)
    if reading.of_index is None:
        order, items = reading.table.store.partition(condition.hash)
        if start is not None:
            place = reading.table.store.place_of(reading.key.key_of(start).range)
            low, high = ((*place, 0), high) if forward else (low, place)
        entries = (items[range_] for _, range_ in order.between(low, high, forward=forward))
    else:
        view = reading.table.view(reading.of_index)
        if start is not None:
            place = view.place_of(start, reading.table.schema.key.key_of(start))
            low, high = ((*place, 0), high) if forward else (low, place)
        keys = view.partition(condition.hash).between(low, high, forward=forward)
        entries = (_item(reading.table, key) for _, key in keys)
    if prefix is None:
        return entries
    return _beginning(entries, reading.key, prefix, forward=forward)


def scan_entries(reading: Reading, start: Attributes | None, segment: int, segments: int) -> Iterator[StoredItem]:
    """The items of one of several segments, after a place."""
    hashes = hashes_of(segment, segments)
    table = reading.table
    after = None if start is None else table.schema.key.key_of(start)
    if reading.of_index is None:
        return table.store.scanned(hashes.start, hashes.stop, after)
    place = None if start is None or after is None else (start, after)
    return (_item(table, key) for key in table.view(reading.of_index).scanned(hashes.start, hashes.stop, place))


def hashes_of(segment: int, segments: int) -> range:
    """The hashes of the partition keys in one of several segments."""
    low, high = (-(-number * HASHES // segments) for number in (segment, segment + 1))
    return range(low, high)


def _item(table: StoredTable, key: Key) -> StoredItem:
    item = table.store.get(key)
    if item is None:
        raise LookupError(f"an index of {table.schema.name} has a key without an item: {key}")
    return item


def _bounds(test: KeyTest | None, key: KeySchema) -> tuple[Place | None, Place | None, Any]:
    """The places between which a test of the sort key holds, and the required prefix; None for no bound.

    A place is greater than each of its prefixes.
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
    """Greater than every value: the upper bound of all places with the same beginning."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


_AFTER_ALL = _AfterAll()


def _beginning(entries: Iterator[StoredItem], key: KeySchema, prefix: Any, *, forward: bool) -> Iterator[StoredItem]:
    """The items from a prefix on whose sort key begins with it."""
    part = key.range or key.hash
    for item in entries:
        if sortable(part.kind, item.attributes[part.name][part.kind]).startswith(prefix):
            yield item
        elif forward:
            return
