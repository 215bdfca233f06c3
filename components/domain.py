"""A table's domain events in EventBridge's terms: a Pipe's filters and template, and the rules' patterns.

One Pipe reads the stream, because the readers of a Kinesis shard share 2 MB and five reads a second with Firehose; a
Pipe for each event would use the reads that the lake needs. Its filters are free, and a change that passes them becomes
one event on the bus: source, detail type (the new value of the events' column) and a flat detail. Rules select the
domain events there.

Limits of a pattern: DynamoDB writes numbers as text, a Pipe's template passes text as text, and EventBridge compares
only numbers. So "at least" must exclude a list of texts: exact for a small integer, whose smaller values can be listed,
impossible for an amount of money. So a large order has many units; a large total would need a Lambda function.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from transform.schema import Column, DomainEvent, LakeTable

MAXIMUM_FILTERS = 5
"""The maximum of patterns in a Pipe's filter criteria (API_FilterCriteria)."""

_CHANGE = "data"
"""The member of a Pipe's event with the data of a Kinesis record."""
_JSON_PATH_NAME = re.compile(r"[A-Za-z0-9_-]+")
"""The allowed names between two dots of a Pipe's JSON path."""


def filters(table: LakeTable, threshold: int) -> list[str]:
    """The patterns, as JSON texts, one of which a Kinesis record must match to be a domain event of the table.

    Raises ValueError for more than a Pipe's maximum.
    """
    always = {(event.op, event.value) for event in table.events if event.at_least is None}
    needed = [event for event in table.events if event.at_least is None or (event.op, event.value) not in always]
    if len(needed) > MAXIMUM_FILTERS:
        raise ValueError(
            f"a Pipe has at most {MAXIMUM_FILTERS} filters, the events of {table.entity!r} need {len(needed)}"
        )
    return [_text({_CHANGE: _of_change(table, event, threshold)}) for event in needed]


def detail_type(table: LakeTable) -> str:
    """The JSON path of the new value of the events' column: an event's detail type."""
    return _path(table, _column(table, table.events[0].column), "NewImage")


def detail(table: LakeTable) -> str:
    """The Pipe's input template: event_id and op as in the lake, `was`, and under the entity's name the columns.

    Every value is DynamoDB's text, also for numbers, so no digit is lost; a missing value is empty. A column is omitted
    if a Pipe's JSON path cannot contain its attribute's name.
    """
    columns = {
        column.name: f"<{_path(table, column, 'NewImage')}>" for column in table.columns if _has_path(column.attribute)
    }
    was = _path(table, _column(table, table.events[0].column), "OldImage")
    return _text(
        {
            "event_id": f"<$.{_CHANGE}.eventID>",
            "op": f"<$.{_CHANGE}.eventName>",
            "was": f"<{was}>",
            table.entity: columns,
        }
    )


def pattern(table: LakeTable, event: DomainEvent, threshold: int, source: str) -> str:
    """The event pattern, as JSON text, of one domain event's rule."""
    wanted: dict[str, Any] = {"op": [event.op]}
    if event.at_least:
        wanted[table.entity] = {event.at_least: [_at_least(threshold)]}
    return _text({"source": [source], "detail-type": [event.value], "detail": wanted})


def slug(event: DomainEvent) -> str:
    """The event's name as part of resource names."""
    return re.sub(r"[^a-z0-9]+", "-", event.name.lower()).strip("-")


def _of_change(table: LakeTable, event: DomainEvent, threshold: int) -> Mapping[str, Any]:
    column = _column(table, event.column)
    after = _nested(table, column, [event.value])
    if event.at_least:
        after = _merged(after, _nested(table, _column(table, event.at_least), [_at_least(threshold)]))
    images = {"NewImage": after}
    if event.op == "MODIFY":
        images["OldImage"] = _nested(table, column, [{"anything-but": [event.value]}, {"exists": False}])
    return {"eventName": [event.op], "dynamodb": images}


def _at_least(threshold: int) -> Mapping[str, Any]:
    """Present and not one of the smaller integers: exact for a count, which is never negative."""
    return {"anything-but": ["", *(str(number) for number in range(threshold))]}


def _column(table: LakeTable, name: str) -> Column:
    column = next(column for column in table.columns if column.name == name)
    if not _has_path(column.attribute):
        raise ValueError(f"no JSON path of a Pipe can contain the attribute {'.'.join(column.attribute)!r}")
    return column


def _steps(table: LakeTable, column: Column) -> list[str]:
    maps = [step for name in column.attribute[:-1] for step in (name, "M")]
    return [*maps, column.attribute[-1], table.descriptor(column)]


def _path(table: LakeTable, column: Column, image: str) -> str:
    return ".".join(("$", _CHANGE, "dynamodb", image, *_steps(table, column)))


def _nested(table: LakeTable, column: Column, matchers: Sequence[Any]) -> dict[str, Any]:
    pattern: Any = matchers
    for step in reversed(_steps(table, column)):
        pattern = {step: pattern}
    return pattern


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for name, value in other.items():
        both[name] = _merged(both[name], value) if name in both else value
    return both


def _has_path(attribute: Sequence[str]) -> bool:
    return all(_JSON_PATH_NAME.fullmatch(name) for name in attribute)


def _text(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
