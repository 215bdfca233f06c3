"""Kinesis streams' tags and record size; `sandbox.kinesis` has the shards and their readers.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.kinesis.models import Stream, kinesis_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import amends, answers
from sandbox.kinesis import consumers, listing, resharding
from sandbox.kinesis.streams import set_max_record_kib, stream_of

__all__ = ["consumers", "listing", "resharding"]


@amends("kinesis", "CreateStream")
def keep(call: ControlCall, _: dict[str, Any]) -> None:
    """Store the tags and the record size that a stream is created with."""
    stream = backend_of(kinesis_backends, call.region).streams[call.parameters["StreamName"]]
    stream.tags.update(call.parameters.get("Tags", {}))
    if (size_kib := call.parameters.get("MaxRecordSizeInKiB")) is not None:
        set_max_record_kib(stream, size_kib)


@answers("kinesis", "UpdateMaxRecordSize")
def update_max_record_size(call: ControlCall) -> None:
    """Change the maximum size of a record."""
    set_max_record_kib(_stream(call, "StreamARN"), call.parameters["MaxRecordSizeInKiB"])


@answers("kinesis", "ListTagsForResource")
def tags(call: ControlCall) -> Mapping[str, Any]:
    """List a stream's tags."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in _stream(call).tags.items()]}


@answers("kinesis", "TagResource")
def tag(call: ControlCall) -> None:
    """Add tags to a stream."""
    _stream(call).tags.update(call.parameters["Tags"])


@answers("kinesis", "UntagResource")
def untag(call: ControlCall) -> None:
    """Remove tags from a stream."""
    for key in call.parameters["TagKeys"]:
        _stream(call).tags.pop(key, None)


def _stream(call: ControlCall, member: str = "ResourceARN") -> Stream:
    return stream_of(backend_of(kinesis_backends, call.region), None, call.parameters[member])
