"""The consumers that read a stream with dedicated throughput (enhanced fan-out).

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from moto.kinesis.models import Consumer, KinesisBackend, Stream, kinesis_backends

from sandbox.front.backends import backend_of
from sandbox.front.control.call import ControlCall
from sandbox.front.control.registry import answers
from sandbox.front.reply import ServiceError
from sandbox.kinesis.streams import stream_of

_MAX_CONSUMERS = 20
_LISTED = 100


@answers("kinesis", "RegisterStreamConsumer")
def register(call: ControlCall) -> Mapping[str, Any]:
    """Register a consumer, which is immediately ACTIVE; a stream has up to 20, with unique names."""
    name = call.parameters["ConsumerName"]
    stream = _stream(call)
    if any(consumer.consumer_name == name for consumer in stream.consumers):
        raise ServiceError("ResourceInUseException", f"Consumer {name} of stream {stream.stream_name} already exists.")
    if len(stream.consumers) >= _MAX_CONSUMERS:
        raise ServiceError("LimitExceededException", f"A stream has up to {_MAX_CONSUMERS} consumers.")
    consumer: Any = Consumer(name, stream.account_id, stream.region, stream.arn)
    # With its creation time: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Consumer.html
    consumer.consumer_arn = f"{stream.arn}/consumer/{name}:{int(time.time())}"
    stream.consumers.append(consumer)
    return {"Consumer": consumer.to_json() | {"ConsumerStatus": "CREATING"}}


@answers("kinesis", "DescribeStreamConsumer")
def describe(call: ControlCall) -> Mapping[str, Any]:
    """Return a consumer, by its ARN or by its stream's and its name."""
    return {"ConsumerDescription": _asked_for(call)[1].to_json(include_stream_arn=True)}


@answers("kinesis", "ListStreamConsumers")
def list_consumers(call: ControlCall) -> Mapping[str, Any]:
    """Return a page of a stream's consumers; NextToken is the name of the last one on the page."""
    given = call.parameters
    after, limit = given.get("NextToken", ""), given.get("MaxResults", _LISTED)
    listed: list[Any] = sorted(_stream(call).consumers, key=lambda consumer: consumer.consumer_name)
    rest = [consumer for consumer in listed if consumer.consumer_name > after]
    page: dict[str, Any] = {"Consumers": [consumer.to_json() for consumer in rest[:limit]]}
    return page | ({"NextToken": rest[limit - 1].consumer_name} if len(rest) > limit else {})


@answers("kinesis", "DeregisterStreamConsumer")
def deregister(call: ControlCall) -> None:
    """Deregister a consumer."""
    stream, consumer = _asked_for(call)
    stream.consumers.remove(consumer)


def consumer_of(backend: KinesisBackend, arn: str) -> tuple[Stream, Consumer]:
    """Return a consumer and its stream by its ARN; raises ResourceNotFoundException if absent."""
    for stream in backend.streams.values():
        for consumer in stream.consumers:
            if consumer.consumer_arn == arn:
                return stream, consumer
    raise ServiceError("ResourceNotFoundException", f"Consumer {arn}, account {backend.account_id} not found.")


def _stream(call: ControlCall) -> Stream:
    return stream_of(backend_of(kinesis_backends, call.region), None, call.parameters["StreamARN"])


def _asked_for(call: ControlCall) -> tuple[Stream, Consumer]:
    given = call.parameters
    if "ConsumerARN" in given:
        return consumer_of(backend_of(kinesis_backends, call.region), given["ConsumerARN"])
    if "StreamARN" not in given or "ConsumerName" not in given:
        raise ServiceError("InvalidArgumentException", "Give the ConsumerARN, or both StreamARN and ConsumerName.")
    stream, name = _stream(call), given["ConsumerName"]
    found = next((consumer for consumer in stream.consumers if consumer.consumer_name == name), None)
    if found is None:
        raise ServiceError("ResourceNotFoundException", f"Consumer {name}, account {stream.account_id} not found.")
    return stream, found
