"""SubscribeToShard: a shard's records as they arrive, over one connection, for up to five minutes.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
"""

from __future__ import annotations

import asyncio
import time
from binascii import a2b_base64
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from moto.kinesis.models import kinesis_backends

from sandbox.front import cbor, eventstream
from sandbox.front.backends import backend_of
from sandbox.front.reply import JSON_1_1, ServiceError
from sandbox.kinesis.consumers import consumer_of
from sandbox.kinesis.shard import StoredShard
from sandbox.kinesis.streams import begin_at, children_of, shard_of, trim

if TYPE_CHECKING:
    from moto.kinesis.models import Stream

OPERATION = "SubscribeToShard"
AWS_CBOR = "application/x-amz-cbor-1.1"
_LIFE_S = 300.0
_EXCLUSIVE_S = 5.0
# The KCL considers a subscription dead after 60 s without an event, older versions after 35 s:
# awslabs/amazon-kinesis-client ShardConsumer.java, MAX_TIME_BETWEEN_REQUEST_RESPONSE.
_HEARTBEAT_S = 5.0
_EVENT_RECORDS = 10_000
_EVENT_BYTES = 1 << 20
_EVENT = "SubscribeToShardEvent"


class _Position(msgspec.Struct):
    Type: Literal["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"]
    SequenceNumber: str | None = None
    Timestamp: float | datetime | None = None


class _Request(msgspec.Struct):
    ConsumerARN: str
    ShardId: str
    StartingPosition: _Position


@dataclass(eq=False)
class _Subscription:
    """One open connection; `wakes` is set when there may be something to send, or the subscription has ended."""

    stream: Stream
    shard: StoredShard
    index: int
    begun_s: float
    wakes: asyncio.Event = field(default_factory=asyncio.Event)
    superseded: bool = False
    ended: bool = False


class Subscriptions:
    """All subscriptions of the server: one for each consumer and shard."""

    def __init__(self) -> None:
        self._by_shard: dict[tuple[str, str], _Subscription] = {}

    def subscribe(self, region: str, body: bytes, in_cbor: bool) -> AsyncIterator[bytes]:
        """Return the messages of a new subscription, in JSON or in AWS's CBOR.

        A later subscription of the same consumer to the shard replaces it; within five seconds it is refused.

        Raises:
            ServiceError: AWS refuses the request.
            msgspec.DecodeError, CborError: the request does not match the operation's shape.
        """
        value = cbor.decode(body, cbor.MILLISECONDS) if in_cbor else msgspec.json.decode(body)
        request = msgspec.convert(value, _Request)
        stream, _ = consumer_of(backend_of(kinesis_backends, region), request.ConsumerARN)
        shard = shard_of(stream, request.ShardId)
        subscription = _Subscription(stream, shard, _index(stream, shard, request.StartingPosition), time.monotonic())
        key = (request.ConsumerARN, request.ShardId)
        former = self._by_shard.get(key)
        if former is not None:
            if subscription.begun_s - former.begun_s < _EXCLUSIVE_S:
                message = f"Another active subscription exists for this consumer: {request.ConsumerARN}"
                raise ServiceError("ResourceInUseException", message)
            former.superseded = True
            former.wakes.set()
        self._by_shard[key] = subscription
        return self._messages(key, subscription, _in_cbor if in_cbor else _in_json)

    def end(self) -> None:
        """End all subscriptions, because the server stops."""
        for subscription in self._by_shard.values():
            subscription.ended = True
            subscription.wakes.set()

    async def _messages(
        self, key: tuple[str, str], subscription: _Subscription, write: Callable[[str, dict[str, Any]], bytes]
    ) -> AsyncIterator[bytes]:
        shard = subscription.shard
        shard.waiting.add(subscription.wakes)
        try:
            yield write("initial-response", {})
            while not subscription.ended and time.monotonic() - subscription.begun_s < _LIFE_S:
                if error := _lost(subscription, key[0]):
                    yield _exception(error, write)
                    return
                subscription.wakes.clear()
                event = _next_event(subscription)
                yield write(_EVENT, event)
                if "ChildShards" in event:
                    return
                if not event["Records"]:
                    await _wait(subscription.wakes)
        finally:
            shard.waiting.discard(subscription.wakes)
            if time.monotonic() - subscription.begun_s >= _EXCLUSIVE_S and self._by_shard.get(key) is subscription:
                del self._by_shard[key]


def _lost(subscription: _Subscription, consumer_arn: str) -> ServiceError | None:
    """The reason to send nothing more: a newer subscription exists, or the consumer or its stream is deleted."""
    if subscription.superseded:
        message = "A newer subscription of the same consumer has replaced this one."
        return ServiceError("ResourceInUseException", message)
    try:
        consumer_of(backend_of(kinesis_backends, subscription.stream.region), consumer_arn)
    except ServiceError as error:
        return error
    return None


async def _wait(event: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(event.wait(), _HEARTBEAT_S)
    except TimeoutError:
        return


def _next_event(subscription: _Subscription) -> dict[str, Any]:
    """The next records, empty if there are no new ones; at the end of a closed shard, its children."""
    stream, shard = subscription.stream, subscription.shard
    trim(stream, shard)
    start = max(subscription.index, shard.log.first)
    records = shard.log.read(start, _EVENT_RECORDS, _EVENT_BYTES)
    end = subscription.index = start + len(records)
    at_tip = end == shard.log.end
    event: dict[str, Any] = {
        "Records": [msgspec.Raw(record) for record in records],
        "MillisBehindLatest": 0 if at_tip else int((time.time() - shard.log.time_of(end)) * 1000),
    }
    if at_tip and not shard.is_open:
        return event | {"ChildShards": children_of(stream, shard)}
    # The position from which a reader continues: the next record follows it, also before the first one.
    return event | {"ContinuationSequenceNumber": str(shard.first_sequence + end - 1)}


def _index(stream: Stream, shard: StoredShard, position: _Position) -> int:
    at = position.Timestamp
    at_s = at.timestamp() if isinstance(at, datetime) else at
    before_first = str(shard.first_sequence - 1)
    if position.SequenceNumber == before_first and position.Type == "AT_SEQUENCE_NUMBER":
        return 0
    return begin_at(stream, shard, position.Type, position.SequenceNumber, at_s, OPERATION)


def _in_json(name: str, value: dict[str, Any]) -> bytes:
    return eventstream.event(name, JSON_1_1, msgspec.json.encode(value))


def _in_cbor(name: str, value: dict[str, Any]) -> bytes:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    for record in plain.get("Records", ()):
        record["Data"] = a2b_base64(record["Data"])
        record["ApproximateArrivalTimestamp"] = datetime.fromtimestamp(record["ApproximateArrivalTimestamp"], UTC)
    return eventstream.event(name, AWS_CBOR, cbor.encode(plain, cbor.MILLISECONDS))


def _exception(error: ServiceError, write: Callable[[str, dict[str, Any]], bytes]) -> bytes:
    body = {"message": error.message}
    if write is _in_cbor:
        return eventstream.exception(error.code, AWS_CBOR, cbor.encode(body, cbor.MILLISECONDS))
    return eventstream.exception(error.code, JSON_1_1, msgspec.json.encode(body))
