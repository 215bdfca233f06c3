"""Kinesis streams' tags. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.kinesis.models import Stream, kinesis_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import Call
from sandbox.front.control.registry import amends, answers
from sandbox.front.reply import ServiceError


@amends("kinesis", "CreateStream")
def keep_tags(call: Call, _: dict[str, Any]) -> None:
    """The tags that a stream is created with are its tags."""
    streams = backend_of(kinesis_backends, call.region).streams
    streams[call.parameters["StreamName"]].tags.update(call.parameters.get("Tags", {}))


@answers("kinesis", "ListTagsForResource")
def tags(call: Call) -> Mapping[str, Any]:
    """A stream's tags."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _stream(call).tags.items()]}


@answers("kinesis", "TagResource")
def tag(call: Call) -> None:
    """Adds tags to a stream."""
    _stream(call).tags.update(call.parameters["Tags"])


@answers("kinesis", "UntagResource")
def untag(call: Call) -> None:
    """Takes tags from a stream."""
    for key in call.parameters["TagKeys"]:
        _stream(call).tags.pop(key, None)


def _stream(call: Call) -> Stream:
    arn = call.parameters["ResourceARN"]
    for stream in backend_of(kinesis_backends, call.region).streams.values():
        if stream.arn == arn:
            return stream
    raise ServiceError("ResourceNotFoundException", f"Resource {arn} not found.")
