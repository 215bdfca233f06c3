"""The start of a page of a Query or Scan: the checks of an ExclusiveStartKey, in AWS's order.

Sentences and order: mhart/dynalite test/query.js and test/scan.js, recorded on AWS.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.dynamodb.compare import sortable
from sandbox.dynamodb.errors import DynamoError, invalid
from sandbox.dynamodb.expressions.key_conditions import KeyCondition, KeyTest
from sandbox.dynamodb.operations.ranges import hashes_of
from sandbox.dynamodb.operations.reading import Reading
from sandbox.dynamodb.schema import KeySchemaElement, index_key_error
from sandbox.dynamodb.storage import hash_of
from sandbox.dynamodb.values import Attributes, measure

_INVALID = "The provided starting key is invalid"
_MISMATCH = "The provided key element does not match the schema"
_ALONE = re.compile("contains duplicates|number set|numeric value|significant digits|number with magnitude")
"""The errors of values that AWS reports without a prefix."""


def measure_start(start: Attributes | None) -> None:
    """Raise DynamoError if an ExclusiveStartKey has an invalid value."""
    for value in (start or {}).values():
        try:
            measure(value)
        except DynamoError as error:
            if error.name != "ValidationException" or _ALONE.search(error.message):
                raise
            raise invalid(f"{_INVALID}: {error.message}") from None


def refuse_length(reading: Reading, start: Attributes) -> None:
    """Raise DynamoError if the start of a Query has too few or too many attributes."""
    if len(start) != len(reading.start_names):
        raise invalid(_INVALID)


def refuse_part(reading: Reading, start: Attributes, part: KeySchemaElement) -> None:
    """Raise DynamoError if the start lacks an attribute of the key that orders the items, or has it of another type."""
    value = start.get(part.name)
    if value is None:
        raise invalid(_INVALID)
    if part.kind not in value:
        raise invalid(_MISMATCH)
    error = None if reading.of_index is None else index_key_error(reading.of_index, part, value)
    if error is not None:
        raise invalid(f"{_INVALID}: {error.message}")


def refuse_query(reading: Reading, start: Attributes, condition: KeyCondition) -> None:
    """Raise DynamoError if the start has no valid key of the table, or the key condition does not hold there."""
    _refuse_table_key(reading, start)
    hash_, range_ = reading.key.hash, condition.range
    is_inside = start[hash_.name][hash_.kind] == condition.hash
    if range_ is None or reading.key.range is None:
        if not is_inside:
            raise invalid("The provided starting key is outside query boundaries based on provided conditions")
        return
    if not _matches(range_, reading.key.range.kind, start[reading.key.range.name]):
        raise invalid("The provided starting key does not match the range key predicate")
    if not is_inside:
        raise invalid("The query can return at most one row and cannot be restarted")


def refuse_scan(reading: Reading, start: Attributes, segment: int, segments: int) -> None:
    """Raise DynamoError if the start of a Scan has no valid key, or is in another segment."""
    if len(start) != len(reading.start_names):
        raise invalid(_INVALID if reading.of_index is not None else f"{_INVALID}: {_MISMATCH}")
    if reading.of_index is not None:
        for part in reading.key:
            refuse_part(reading, start, part)
    _refuse_table_key(reading, start)
    hash_ = reading.key.hash
    if hash_of(start[hash_.name][hash_.kind]) not in hashes_of(segment, segments):
        raise invalid(
            f"{_INVALID}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
            f"TotalSegments: {segments} Segment: {segment}"
        )


def _refuse_table_key(reading: Reading, start: Attributes) -> None:
    key = reading.table.schema.key
    try:
        reading.table.schema.given_key({name: start[name] for name in key.names if name in start})
    except DynamoError as error:
        raise invalid(f"{_INVALID}: {error.message}") from None


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
