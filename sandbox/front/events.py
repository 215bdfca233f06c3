"""The input of a rule's target, its delivery to a queue, and the sources that only AWS's services have.

moto's own input transformer requires a package that moto does not install, and inserts values into the template
unescaped; its delivery counts the queue's messages for each event. The template's rules:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, cast

import msgspec
from moto.events.models import EventsBackend, Rule
from moto.sqs.models import Message, sqs_backends

from sandbox.front.backends import backend_of
from sandbox.pipes.templates import lookup, parse_path

_PLACEHOLDER = re.compile(r"<([^<>]+)>")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_RESERVED, _MAX_ENTRIES = "aws.", 10
_UNAUTHORIZED = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
_INGESTED = "ingestion-time"
"""moto's own addition to an event, which targets do not receive."""


def target_input(input_template: str | None, input_paths_map: Mapping[str, str], event: Mapping[str, Any]) -> Any:
    """A target's decoded input: the filled template, or the whole event without a template.

    A variable within quotes becomes its text, elsewhere its JSON; one whose path finds nothing becomes the empty text,
    or null.
    """
    visible = {name: value for name, value in event.items() if name != _INGESTED}
    if input_template is None:
        return visible
    quoted = _quoted(input_template)
    reserved = {"aws.events.event.json": visible, "aws.events.event.ingestion-time": event.get(_INGESTED)}

    def rendered(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        if name in input_paths_map:
            value = lookup(parse_path(input_paths_map[name]), visible)
        elif name in reserved:
            value = reserved[name]
        else:
            return placeholder[0]
        if not any(start < placeholder.start() < end for start, end in quoted):
            return msgspec.json.encode(value).decode()
        text = "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return msgspec.json.encode(text).decode()[1:-1]

    text = _PLACEHOLDER.sub(rendered, input_template)
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def to_queue(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap moto's delivery to a queue: a standard queue receives the event immediately."""

    def send(rule: Rule, resource_id: str, event: Any, group_id: str | None = None) -> None:
        queue: Any = backend_of(sqs_backends, rule.region_name).get_queue(resource_id)
        if queue.fifo_queue:
            original(rule, resource_id, event, group_id)
            return
        message: Any = Message(str(uuid.uuid4()), msgspec.json.encode(_as_sent(event)).decode(), None)
        message.mark_sent(delay_seconds=queue.delay_seconds)
        queue.add_message(message)

    return send


def refusing_sources(original: Callable[..., list[dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
    """Wrap moto's PutEvents: an entry whose source is one of AWS's services fails, and the others are put.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html has the code; the sentence
    is that of re:Post question QU9O1i3AITRTqn32Kf6yTxFA.
    """

    def put(backend: EventsBackend, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        reserved = [str(event.get("Source") or "").startswith(_RESERVED) for event in events]
        if len(events) > _MAX_ENTRIES or not any(reserved):
            return original(backend, events)
        put = iter(original(backend, [event for event, is_aws in zip(events, reserved, strict=True) if not is_aws]))
        return [dict(_UNAUTHORIZED) if is_aws else next(put) for is_aws in reserved]

    return put


def _as_sent(event: Any) -> Any:
    """The event with its time in EventBridge's form; a transformer's output is unchanged."""
    if not isinstance(event, dict):
        return event
    sent = cast("dict[str, Any]", event)
    seconds = sent.get("time")
    if not isinstance(seconds, int | float):
        return sent
    return sent | {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))}


@cache
def _quoted(template: str) -> list[tuple[int, int]]:
    return [match.span() for match in _STRING.finditer(template)]
