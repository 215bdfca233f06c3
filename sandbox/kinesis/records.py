"""The calls that carry records, except SubscribeToShard. https://docs.aws.amazon.com/kinesis/latest/APIReference/"""

from __future__ import annotations

import time
from binascii import Error as Base64Error
from bisect import bisect_right
from collections.abc import Callable
from hashlib import md5
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec
import pybase64
from moto.kinesis.models import KinesisBackend, kinesis_backends

from sandbox.faults.active import ACTIVE_FAULTS
from sandbox.faults.errors import PROVISIONED
from sandbox.front.backends import backend_of
from sandbox.front.counting.kinesis import KINESIS
from sandbox.front.counting.latency import now_ns
from sandbox.front.iterators import ShardPosition
from sandbox.front.reply import JSON_1_1, HttpReply, ServiceError, json_reply
from sandbox.kinesis.shard import StoredShard
from sandbox.kinesis.streams import begin_at, children_of, max_record_kib, shard_of, stream_of, trim
from sandbox.kinesis.throughput import SHARD_THROUGHPUT, Refusal, over_reads

if TYPE_CHECKING:
    from moto.kinesis.models import Stream

T = TypeVar("T")

_MAX_PUT_RECORDS = 500
_MAX_PUT_BYTES = 10 << 20
_MAX_GET_RECORDS = 10_000
_MAX_GET_BYTES = 10 << 20
_FRESH_S = 5 * 60
_HASHES = 2**128
_encode = msgspec.json.Encoder().encode


class KinesisCalls:
    """PutRecord, PutRecords, GetShardIterator and GetRecords."""

    def call(self, operation: str, region: str, body: bytes) -> HttpReply | None:
        """Return the reply; None for the operations that moto handles.

        Raises:
            ServiceError: AWS refuses the request.
            msgspec.ValidationError: the request does not match the operation's shape.
        """
        handle = _OPERATIONS.get(operation)
        return None if handle is None else handle(backend_of(kinesis_backends, region), body)


class _Named(msgspec.Struct):
    StreamName: str | None = None
    StreamARN: str | None = None


_PartitionKey = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_HashKey = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,38})\Z")]
_SequenceNumber = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,128})\Z")]


class _Entry(msgspec.Struct, gc=False):
    Data: str
    PartitionKey: _PartitionKey
    ExplicitHashKey: _HashKey | None = None


class _PutRecord(_Named, kw_only=True):
    Data: str
    PartitionKey: _PartitionKey
    ExplicitHashKey: _HashKey | None = None


class _PutRecords(_Named, kw_only=True):
    Records: Annotated[list[_Entry], msgspec.Meta(min_length=1)]


class _Accepted(msgspec.Struct, gc=False):
    SequenceNumber: str
    ShardId: str


class _Refused(msgspec.Struct):
    ErrorCode: str
    ErrorMessage: str


class _GetShardIterator(_Named, kw_only=True):
    ShardId: str
    ShardIteratorType: Literal["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"]
    StartingSequenceNumber: _SequenceNumber | None = None
    Timestamp: float | None = None


class _GetRecords(msgspec.Struct):
    ShardIterator: str
    Limit: Annotated[int, msgspec.Meta(ge=1, le=_MAX_GET_RECORDS)] = _MAX_GET_RECORDS


def _put_record(backend: KinesisBackend, body: bytes) -> HttpReply:
    began_ns = now_ns()
    request = msgspec.json.decode(body, type=_PutRecord)
    stream = _stream(backend, request)
    size = _check(request, max_record_kib(stream))
    shard = _finder(stream)(request)
    if ACTIVE_FAULTS.on:
        for code, message in SHARD_THROUGHPUT.refused(stream, [(shard, size)], "PutRecord").values():
            KINESIS.put(stream, "PutRecord", [shard], [size], {0: code}, began_ns)
            raise ServiceError(code, message)
    sequence = shard.put_record(request.PartitionKey, request.Data, "")
    KINESIS.put(stream, "PutRecord", [shard], [size], {}, began_ns)
    return _reply({"SequenceNumber": sequence, "ShardId": shard.shard_id, "EncryptionType": stream.encryption_type})


def _put_records(backend: KinesisBackend, body: bytes) -> HttpReply:
    began_ns = now_ns()
    request = msgspec.json.decode(body, type=_PutRecords)
    stream = _stream(backend, request)
    if len(request.Records) > _MAX_PUT_RECORDS:
        raise ServiceError(
            "ValidationException",
            "1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length "
            f"less than or equal to {_MAX_PUT_RECORDS}",
        )
    limit_kib = max_record_kib(stream)
    sizes = [_check(record, limit_kib, number) for number, record in enumerate(request.Records, 1)]
    if sum(sizes) > _MAX_PUT_BYTES:
        raise ServiceError("InvalidArgumentException", "Records size exceeds 10 MB limit")
    shards = list(map(_finder(stream), request.Records))
    refused: dict[int, Refusal] = {}
    if ACTIVE_FAULTS.on:
        refused = SHARD_THROUGHPUT.refused(stream, list(zip(shards, sizes, strict=True)), "PutRecords")
    results = [
        _Refused(*refused[number])
        if number in refused
        else _Accepted(shard.put_record(record.PartitionKey, record.Data, ""), shard.shard_id)
        for number, (shard, record) in enumerate(zip(shards, request.Records, strict=True))
    ]
    codes = {place: code for place, (code, _) in refused.items()}
    KINESIS.put(stream, "PutRecords", shards, sizes, codes, began_ns)
    return _reply({"EncryptionType": stream.encryption_type, "FailedRecordCount": len(refused), "Records": results})


def _get_shard_iterator(backend: KinesisBackend, body: bytes) -> HttpReply:
    request = msgspec.json.decode(body, type=_GetShardIterator)
    stream = _stream(backend, request)
    shard = shard_of(stream, request.ShardId)
    _refuse_position(request)
    index = begin_at(
        stream,
        shard,
        request.ShardIteratorType,
        request.StartingSequenceNumber,
        request.Timestamp,
        "GetShardIterator",
    )
    return _reply({"ShardIterator": ShardPosition(stream.stream_name, shard.shard_id, index).token()})


def _refuse_position(request: _GetShardIterator) -> None:
    """Raise ServiceError if the position is not the one that the iterator's type needs.

    mhart/kinesalite test/getShardIterator.js, recorded on AWS.
    """
    kind, now_ms = request.ShardIteratorType, int(time.time() * 1000)
    if kind == "AT_TIMESTAMP":
        if request.Timestamp is None:
            message = (
                "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
                "timestamp parameter."
            )
            raise ServiceError("InvalidArgumentException", message)
        if int(request.Timestamp * 1000) > now_ms:
            message = (
                "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                f"timestampInMillis: {int(request.Timestamp * 1000)}, currentTimestampInMillis: {now_ms}"
            )
            raise ServiceError("InvalidArgumentException", message)
    elif kind.endswith("SEQUENCE_NUMBER") == (request.StartingSequenceNumber is None):
        given = "no" if request.StartingSequenceNumber is None else "also a"
        message = (
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
            f"TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {given} "
            "StartingSequenceNumber."
        )
        raise ServiceError("InvalidArgumentException", message)


def _get_records(backend: KinesisBackend, body: bytes) -> HttpReply:
    began_ns = now_ns()
    request = msgspec.json.decode(body, type=_GetRecords)
    position = ShardPosition.parse(request.ShardIterator, _FRESH_S, "InvalidArgumentException")
    stream = stream_of(backend, position.stream, None)
    shard = shard_of(stream, position.shard)
    if position.index > shard.log.end:
        raise ServiceError("ExpiredIteratorException", "The iterator is of a stream that was deleted: get a new one.")
    trim(stream, shard)
    start = max(position.index, shard.log.first)
    readable = SHARD_THROUGHPUT.readable_bytes(stream, shard) if ACTIVE_FAULTS.on else None
    if readable == 0:
        KINESIS.refused(stream.region, "GetRecords", stream.stream_name, PROVISIONED)
        raise ServiceError(PROVISIONED, over_reads(stream, shard))
    most_bytes = _MAX_GET_BYTES if readable is None else min(_MAX_GET_BYTES, int(readable))
    records = shard.log.read(start, request.Limit, most_bytes)
    if readable is not None:
        SHARD_THROUGHPUT.has_read(stream, shard, sum(map(_size_of, records)))
    end = start + len(records)
    at_tip = end == shard.log.end
    answer: dict[str, Any] = {
        "MillisBehindLatest": 0 if at_tip else int((time.time() - shard.log.time_of(end)) * 1000),
        "Records": [msgspec.Raw(record) for record in records],
    }
    # The age of the last record read, which CloudWatch calls the iterator's age.
    age_ms = 0 if at_tip else int((time.time() - shard.log.time_of(max(end - 1, shard.log.first))) * 1000)
    KINESIS.got(stream, shard.shard_id, records, age_ms, began_ns)
    if at_tip and not shard.is_open:
        answer["ChildShards"] = children_of(stream, shard)
    else:
        answer["NextShardIterator"] = ShardPosition(position.stream, position.shard, end).token()
    return _reply(answer)


_OPERATIONS: dict[str, Callable[[KinesisBackend, bytes], HttpReply]] = {
    "PutRecord": _put_record,
    "PutRecords": _put_records,
    "GetShardIterator": _get_shard_iterator,
    "GetRecords": _get_records,
}


def _reply(answer: dict[str, Any]) -> HttpReply:
    return json_reply(200, _encode(answer), JSON_1_1)


def _stream(backend: KinesisBackend, request: _Named) -> Stream:
    return stream_of(backend, request.StreamName, request.StreamARN)


def _check(record: _Entry | _PutRecord, limit_kib: int, number: int = 0) -> int:
    """Return the size of a record with its partition key in bytes, which the limit applies to.

    `number` is its place in a PutRecords, 0 for that of a PutRecord.
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    """
    key = record.PartitionKey
    try:
        size = len(pybase64.b64decode(record.Data, None, True))
    except (ValueError, Base64Error):
        raise ServiceError("SerializationException", f"The value at '{_place(number)}' is not valid base64.") from None
    size += len(key) if key.isascii() else len(key.encode())
    if size > limit_kib << 10:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value at '{_place(number)}' failed to satisfy constraint: Member must have "
            f"length less than or equal to {limit_kib << 10}",
        )
    return size


def _size_of(record: bytes) -> int:
    """The size of a record's data and partition key, in bytes."""
    held = msgspec.json.decode(record, type=_Entry)
    padding = held.Data[-2:].count("=")
    return len(held.Data) // 4 * 3 - padding + len(held.PartitionKey.encode())


def _place(number: int) -> str:
    return f"records.{number}.member.data" if number else "data"


def _finder(stream: Stream) -> Callable[[_Entry | _PutRecord], StoredShard]:
    """Return the function that finds the open shard for a record's hash. The open shards cover all hashes."""
    shards = [shard for shard in stream.shards.values() if isinstance(shard, StoredShard) and shard.is_open]
    shards.sort(key=_starting_hash)
    starts = [shard.starting_hash for shard in shards]

    def find(record: _Entry | _PutRecord) -> StoredShard:
        if record.ExplicitHashKey is None:
            hash_key = int.from_bytes(md5(record.PartitionKey.encode(), usedforsecurity=False).digest(), "big")
        else:
            hash_key = int(record.ExplicitHashKey)
        if hash_key >= _HASHES:
            message = (
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                f"Specified value was {hash_key}"
            )
            raise ServiceError("InvalidArgumentException", message)
        place = bisect_right(starts, hash_key) - 1
        if place < 0 or hash_key > shards[place].ending_hash:
            raise ServiceError("ResourceNotFoundException", f"No open shard of {stream.stream_name} has this hash.")
        return shards[place]

    return find


def _starting_hash(shard: StoredShard) -> int:
    return shard.starting_hash
