"""A table's domain events in the words of EventBridge: a Pipe's filters and template, and the patterns of rules.

One Pipe reads the stream, because the readers of a Kinesis shard share 2 MB and
five reads a second with Firehose; a Pipe for each event would take what the lake
needs. Its filters are free, and what passes them becomes one event on the bus
for one change: source, detail type (what the events' column has become) and a
plain detail. Rules tell the domain events apart there.

What a pattern cannot say: DynamoDB writes numbers as text, a Pipe's template
hands text on as text, and EventBridge compares numbers only. A list of texts is
therefore all that there is for "at least": exact for a small whole number, whose
lesser values can be listed, impossible for an amount of money. So a large order
is one of many units; by its total it would take a Lambda function.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from transform.schema import Column, DomainEvent, Table

MAXIMUM_FILTERS = 5
"""How many patterns a Pipe's filter criteria hold (API_FilterCriteria)."""

_CHANGE = "data"
"""Where a Pipe shows what a Kinesis record holds."""
_JSON_PATH_NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What Pipes' JSON paths may have between two dots."""


def filters(table: Table, threshold: int) -> list[str]:
    """The patterns, as JSON texts, of which a Kinesis record must match one to be a domain event of the table.

    ValueError for more than a Pipe can hold.
    """
    always = {(event.op, event.value) for event in table.events if event.at_least is None}
    needed = [event for event in table.events if event.at_least is None or (event.op, event.value) not in always]
    if len(needed) > MAXIMUM_FILTERS:
        raise ValueError(f"a Pipe holds {MAXIMUM_FILTERS} filters, the events of {table.entity!r} need {len(needed)}")
    return [_text({_CHANGE: _of_change(table, event, threshold)}) for event in needed]


def detail_type(table: Table) -> str:
    """The JSON path of what the events' column has become: an event's detail type."""
    return _path(table, _column(table, table.events[0].column), "NewImage")


def detail(table: Table) -> str:
    """The Pipe's input template: event_id and op as in the lake, `was`, and under the entity's name the columns.

    Every value is the text that DynamoDB has, numbers too, so that no digit is
    lost; a missing one is empty. A column is left out whose attribute's name no
    JSON path of Pipes can hold.
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


def pattern(table: Table, event: DomainEvent, threshold: int, source: str) -> str:
    """The event pattern, as JSON text, of a rule that is for one domain event."""
    wanted: dict[str, Any] = {"op": [event.op]}
    if event.at_least:
        wanted[table.entity] = {event.at_least: [_at_least(threshold)]}
    return _text({"source": [source], "detail-type": [event.value], "detail": wanted})


def slug(event: DomainEvent) -> str:
    """The event's name as a part of resources' names."""
    return re.sub(r"[^a-z0-9]+", "-", event.name.lower()).strip("-")


def _of_change(table: Table, event: DomainEvent, threshold: int) -> Mapping[str, Any]:
    column = _column(table, event.column)
    after = _nested(table, column, [event.value])
    if event.at_least:
        after = _merged(after, _nested(table, _column(table, event.at_least), [_at_least(threshold)]))
    images = {"NewImage": after}
    if event.op == "MODIFY":
        images["OldImage"] = _nested(table, column, [{"anything-but": [event.value]}, {"exists": False}])
    return {"eventName": [event.op], "dynamodb": images}


def _at_least(threshold: int) -> Mapping[str, Any]:
    """Not missing and none of the whole numbers below: exact for a count, which is never negative."""
    return {"anything-but": ["", *(str(number) for number in range(threshold))]}


def _column(table: Table, name: str) -> Column:
    column = next(column for column in table.columns if column.name == name)
    if not _has_path(column.attribute):
        raise ValueError(f"no JSON path of a Pipe can hold the attribute {'.'.join(column.attribute)!r}")
    return column


def _steps(table: Table, column: Column) -> list[str]:
    maps = [step for name in column.attribute[:-1] for step in (name, "M")]
    return [*maps, column.attribute[-1], table.descriptor(column)]


def _path(table: Table, column: Column, image: str) -> str:
    return ".".join(("$", _CHANGE, "dynamodb", image, *_steps(table, column)))


def _nested(table: Table, column: Column, matchers: Sequence[Any]) -> dict[str, Any]:
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
