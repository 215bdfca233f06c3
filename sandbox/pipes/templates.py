"""JSON paths and input templates of a pipe.

Paths: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
(`$.dynamodb.Keys.id.S`, `$.list[0].name`, `$['a name']`).
Templates: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, cast

import msgspec

_STEP = re.compile(r"\.([^.\[\]<>]+)|\[(\d+)\]|\['([^']+)'\]|\[\"([^\"]+)\"\]")
_PLACEHOLDER = re.compile(r"<(\$[^<>]*|aws\.pipes\.[a-z.-]+)>")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)

Path = tuple[str | int, ...]
Lookup = Callable[[dict[str, Any]], Any]


class TemplateError(ValueError):
    """A path or template that Pipes refuses; its text is the reason."""


def parse_path(text: str) -> Path:
    """The steps of a JSON path; raises TemplateError for an invalid one."""
    steps: list[str | int] = []
    position = 1
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            break
        name, index, single, double = step.groups()
        steps.append(int(index) if index is not None else name or single or double)
        position = step.end()
    if not text.startswith("$") or position != len(text):
        raise TemplateError(f"{text!r} is not a JSON path")
    return tuple(steps)


def lookup(path: Path, event: Any) -> Any:
    """The value at the path; None if absent."""
    value = event
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[step]
        else:
            return None
    return value


def compile_parameter(text: str) -> Callable[[dict[str, Any]], str | None]:
    """A target parameter such as the partition key: a JSON path returns each event's text, otherwise it is constant.

    A path without a value returns None; a number or boolean returns its JSON text.
    """
    if not text.startswith("$"):
        return lambda _event: text
    path = parse_path(text)
    if len(path) == 1 and isinstance(path[0], str):
        name = path[0]
        return lambda event: None if (value := event.get(name)) is None else _plain(value)
    return lambda event: None if (value := lookup(path, event)) is None else _plain(value)


def compile_template(text: str, variables: dict[str, str]) -> Callable[[dict[str, Any]], bytes]:
    """A template as a function from event to the target's data.

    `variables` are the constant reserved ones (aws.pipes.pipe-arn …). A placeholder within quotes becomes plain text,
    elsewhere JSON; a path without a value becomes the empty string within quotes, otherwise null.
    """
    strings = [match.span() for match in _STRING.finditer(text)]
    parts: list[str | Lookup] = []
    position = 0
    for placeholder in _PLACEHOLDER.finditer(text):
        parts.append(text[position : placeholder.start()])
        quoted = any(start < placeholder.start() < end for start, end in strings)
        parts.append(_render(_compile_variable(placeholder[1], variables), quoted=quoted))
        position = placeholder.end()
    parts.append(text[position:])
    return lambda event: "".join(part if isinstance(part, str) else part(event) for part in parts).encode()


def _compile_variable(name: str, variables: dict[str, str]) -> Lookup:
    if name.startswith("$"):
        path = parse_path(name)
        return lambda event: lookup(path, event)
    if name in {"aws.pipes.event", "aws.pipes.event.json"}:
        return lambda event: event
    if name == "aws.pipes.event.ingestion-time":
        return lambda _event: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if name not in variables:
        raise TemplateError(f"<{name}> is not a variable of input templates")
    value = variables[name]
    return lambda _event: value


def _render(value_of: Lookup, *, quoted: bool) -> Lookup:
    if not quoted:
        return lambda event: msgspec.json.encode(value_of(event)).decode()
    return lambda event: "" if (value := value_of(event)) is None else _escaped(_plain(value))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _escaped(text: str) -> str:
    return msgspec.json.encode(text).decode()[1:-1]
