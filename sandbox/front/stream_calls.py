"""Reading a table's streams: GetShardIterator and GetRecords.

The sentences of wrong requests are those of DynamoDB Local 3.3.1.
"""

from __future__ import annotations

import time
from typing import Annotated, Literal

import msgspec
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from sandbox.front.backends import backend_of
from sandbox.front.counting.dynamodb import DYNAMODB
from sandbox.front.counting.latency import now_ns
from sandbox.front.iterators import ShardPosition
from sandbox.front.reply import HttpReply, ServiceError, json_reply
from sandbox.front.stream import RETENTION_S, StreamShard
from sandbox.front.table_streams import stream_of

_INVALID = "One or more parameter values were invalid"
_MAX_RECORDS = 1000
_MAX_BYTES = 1 << 20
_FRESH_S = 15 * 60
_encode = msgspec.json.Encoder().encode


class StreamCalls:
    """GetShardIterator and GetRecords. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"""

    def call(self, operation: str, region: str, body: bytes) -> HttpReply | None:
        """Return the reply; None for the operations that moto handles.

        Raises:
            ServiceError: AWS refuses the request.
            msgspec.ValidationError: the request does not match the operation's shape.
        """
        backend = backend_of(dynamodb_backends, region)
        if operation == "GetRecords":
            return _get_records(backend, msgspec.json.decode(body, type=_GetRecords))
        if operation == "GetShardIterator":
            return _get_shard_iterator(backend, msgspec.json.decode(body, type=_GetShardIterator))
        return None


class _GetRecords(msgspec.Struct):
    ShardIterator: str
    Limit: Annotated[int, msgspec.Meta(ge=1)] = _MAX_RECORDS


class _GetShardIterator(msgspec.Struct):
    StreamArn: str
    ShardId: str
    ShardIteratorType: Literal["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]
    SequenceNumber: Annotated[str, msgspec.Meta(min_length=21, max_length=40)] | None = None


def _get_shard_iterator(backend: DynamoDBBackend, request: _GetShardIterator) -> HttpReply:
    shard = _shard(backend, request.StreamArn, request.ShardId)
    shard.log.trim(time.time() - RETENTION_S)
    if request.ShardIteratorType in ("TRIM_HORIZON", "LATEST"):
        if request.SequenceNumber is not None:
            message = f"{_INVALID}: SequenceNumber should not be passed for this iterator type"
            raise ServiceError("ValidationException", message)
        index = shard.log.first if request.ShardIteratorType == "TRIM_HORIZON" else shard.log.end
    else:
        if request.SequenceNumber is None or not request.SequenceNumber.isdecimal():
            raise ServiceError("ValidationException", f"{_INVALID}: Invalid SequenceNumber")
        index = int(request.SequenceNumber) - shard.starting_sequence_number
        index += request.ShardIteratorType == "AFTER_SEQUENCE_NUMBER"
        if not 0 <= index <= shard.log.end:
            raise ServiceError("ValidationException", "Invalid SequenceNumber for the shard")
        if index < shard.log.first:
            raise ServiceError("TrimmedDataAccessException", "The records at this SequenceNumber have been trimmed")
    return json_reply(200, _encode({"ShardIterator": ShardPosition(request.StreamArn, shard.id, index).token()}))


def _get_records(backend: DynamoDBBackend, request: _GetRecords) -> HttpReply:
    position = ShardPosition.parse(request.ShardIterator, _FRESH_S, "ValidationException")
    if request.Limit > _MAX_RECORDS:
        raise ServiceError("ValidationException", f"{_INVALID}: Limit should be less than or equal to {_MAX_RECORDS}")
    began_ns = now_ns()
    shard = _shard(backend, position.stream, position.shard)
    shard.log.trim(time.time() - RETENTION_S)
    if position.index < shard.log.first:
        raise ServiceError("TrimmedDataAccessException", "The records at this iterator have been trimmed")
    records = shard.log.read(position.index, request.Limit, _MAX_BYTES)
    end = position.index + len(records)
    DYNAMODB.stream_read(backend.region_name, position.stream, len(records), sum(map(len, records)), began_ns)
    if shard.closed_s is not None and end == shard.log.end:
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html: null at the end.
        return json_reply(200, b'{"Records":[%b]}' % b",".join(records))
    following = ShardPosition(position.stream, position.shard, end).token()
    return json_reply(200, b'{"NextShardIterator":"%b","Records":[%b]}' % (following.encode(), b",".join(records)))


def _shard(backend: DynamoDBBackend, stream_arn: str, shard_id: str) -> StreamShard:
    shard = stream_of(backend, stream_arn).shard
    if shard.id != shard_id:
        raise ServiceError("ResourceNotFoundException", f"Requested resource not found: Shard: {shard_id} not found")
    return shard
