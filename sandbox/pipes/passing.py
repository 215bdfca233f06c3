"""Changes that a pipe passes on unchanged: their JSON goes from the stream to the target without being decoded.

Only the members that the filters and the target's parameters read are decoded: a page of records costs little more than
its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypedDict, cast

import msgspec

from sandbox.pipes.config import PipeConfig
from sandbox.pipes.target import Outgoing
from sandbox.pipes.templates import compile_parameter, parse_path
from sandbox.streams import ChangeRecord

Fields = dict[str, "Fields | None"]
"""The members of an event that are read, each with its own members; None for all of them."""

_ALWAYS: tuple[tuple[str, ...], ...] = (
    ("eventID",),
    ("userIdentity",),
    ("dynamodb", "SequenceNumber"),
    ("dynamodb", "ApproximateCreationDateTime"),
)
# Members that a pipe adds to an event, or changes in it.
_OWN = frozenset({"awsRegion", "eventSourceARN", "userIdentity"})


def reader_of(config: PipeConfig) -> Callable[[msgspec.Raw], ChangeRecord | None] | None:
    """Return the reader of stream records for a pipe that passes them on; None if the pipe reads whole events.

    The reader returns None for a record that must be decoded: one that no caller made, or whose form differs from what
    the pipe's filters and paths expect.
    """
    paths = [*_ALWAYS, *(path for text in config.filters for path in _pattern_paths(msgspec.json.decode(text)))]
    if config.reads_kinesis or config.input_template is not None:
        return None
    if config.partition_key.startswith("$"):
        path = parse_path(config.partition_key)
        if not path or path[0] in _OWN:
            return None
        paths.append(tuple(step for step in path[: _names(path)] if isinstance(step, str)))
    decode = msgspec.json.Decoder(_shape(_fields(paths))).decode

    def read(raw: msgspec.Raw) -> ChangeRecord | None:
        try:
            event = decode(raw)
            change = event["dynamodb"]
            sequence, at_s = change["SequenceNumber"], change["ApproximateCreationDateTime"]
        except (msgspec.ValidationError, KeyError):
            return None
        return None if "userIdentity" in event else ChangeRecord(sequence, at_s, event, raw)

    return read


def passed_on(config: PipeConfig) -> Callable[[ChangeRecord], Outgoing]:
    """Return the function that makes the target's record of a passed-on one: the event, and the ARN of its stream."""
    end = b',"eventSourceARN":%b}' % msgspec.json.encode(config.source_arn)
    # An enrichment function receives the events under their ids.
    key = compile_parameter("$.eventID" if config.enrichment_arn else config.partition_key)

    def outgoing(record: ChangeRecord) -> Outgoing:
        return Outgoing(b"".join((memoryview(record.text)[:-1], end)), key(record.event))

    return outgoing


def _names(path: tuple[str | int, ...]) -> int:
    """The number of leading steps that are names."""
    return next((number for number, step in enumerate(path) if isinstance(step, int)), len(path))


def _pattern_paths(pattern: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    """The members that a filter pattern reads."""
    for name, rule in pattern.items():
        if name == "$or":
            for each in cast("list[dict[str, Any]]", rule):
                yield from _pattern_paths(each)
        elif isinstance(rule, dict):
            yield from ((name, *rest) for rest in _pattern_paths(cast("dict[str, Any]", rule)))
        else:
            yield (name,)


def _fields(paths: Iterable[tuple[str, ...]]) -> Fields:
    fields: Fields = {}
    for first, *rest in paths:
        inner = fields.get(first, {}) if rest else None
        if first in fields and fields[first] is None:
            continue
        fields[first] = None if inner is None else _merged(inner, _fields([tuple(rest)]))
    return fields


def _merged(one: Fields | None, two: Fields | None) -> Fields | None:
    if one is None or two is None:
        return None
    names = [*one, *(name for name in two if name not in one)]
    return {name: _merged(one.get(name, {}), two.get(name, {})) for name in names}


def _shape(fields: Fields) -> Any:
    """The type of an object with these members decoded; each may be missing."""
    members: dict[str, Any] = {name: Any if inner is None else _shape(inner) for name, inner in fields.items()}
    return cast("Any", TypedDict)("Seen", members, total=False)
