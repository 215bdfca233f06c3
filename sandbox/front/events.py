"""What a rule's target gets of an event: the event itself, or what its input transformer makes of it.

moto's own needs a package that it does not bring along, and puts values into
the template as they are. The template's rules:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from sandbox.pipes.templates import lookup, parse_path

_PLACEHOLDER = re.compile(r"<([^<>]+)>")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_INGESTED = "ingestion-time"
"""moto's own addition to an event, which no target gets."""


def target_input(input_template: str | None, input_paths_map: Mapping[str, str], event: Mapping[str, Any]) -> Any:
    """What a target gets, decoded: of the template, or of the whole event where there is none.

    A variable within quotes becomes its text, elsewhere its JSON; one whose path
    leads to nothing becomes the empty text, or null.
    """
    told = {name: value for name, value in event.items() if name != _INGESTED}
    if input_template is None:
        return told
    quoted = _quoted(input_template)
    reserved = {"aws.events.event.json": told, "aws.events.event.ingestion-time": event.get(_INGESTED)}

    def rendered(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        if name in input_paths_map:
            value = lookup(parse_path(input_paths_map[name]), told)
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


@cache
def _quoted(template: str) -> list[tuple[int, int]]:
    return [match.span() for match in _STRING.finditer(template)]
