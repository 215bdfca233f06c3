"""Kinesis streams' records: shards in the place of moto's own, and the calls that carry data.

https://docs.aws.amazon.com/kinesis/latest/APIReference/
"""

from __future__ import annotations

import time
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable
from hashlib import md5
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from moto.kinesis.models import KinesisBackend, kinesis_backends
from moto.kinesis.models import Shard as MotoShard

from sandbox.front.backends import backend_of
from sandbox.front.iterators import ShardPosition
from sandbox.front.record_log import RecordLog
from sandbox.front.reply import JSON_1_1, Reply, ServiceError, json_reply

if TYPE_CHECKING:
    from moto.kinesis.models import Stream

T = TypeVar("T")

_MAX_PUT_RECORDS = 500
_MAX_PUT_BYTES = 10 << 20
# Of a stream with the default MaxRecordSizeInKiB; moto keeps no other.
_MAX_RECORD_KIB = 1024
_KEPT_MAX_RECORD = "sandbox_max_record_kib"
_MAX_GET_RECORDS = 10_000
_MAX_GET_BYTES = 10 << 20
_MAX_KEY_CHARACTERS = 256
_FRESH_S = 5 * 60
_HASHES = 2**128
# 56 digits, as Kinesis has; those of different shards are apart.
_SEQUENCE_BASE = 4959 * 10**52
_SEQUENCES_PER_SHARD = 10**24
_encode = msgspec.json.Encoder().encode


class Shard(MotoShard):
    """A shard whose records are written once, as the JSON that GetRecords answers.

    Those of a shard that was split or merged stay in it, as on AWS, and its
    children begin empty.
    """

    def __init__(
        self,
        shard_id: int,
        starting_hash: int,
        ending_hash: int,
        parent: str | None = None,
        adjacent_parent: str | None = None,
    ) -> None:
        super().__init__(shard_id, starting_hash, ending_hash, parent, adjacent_parent)
        self.first_sequence = _SEQUENCE_BASE + shard_id * _SEQUENCES_PER_SHARD
        self.log = RecordLog()

    def put_record(self, partition_key: str, data: str, explicit_hash_key: str) -> str:  # noqa: ARG002 - as moto calls it
        """Append a record, `data` in base64; returns its sequence number."""
        now_s = time.time()
        sequence = self.first_sequence + self.log.end
        record = b'{"ApproximateArrivalTimestamp":%.3f,"Data":"%b","PartitionKey":%b,"SequenceNumber":"%d"}' % (
            now_s,
            data.encode("ascii"),
            _encode(partition_key),
            sequence,
        )
        self.log.append(record, now_s)
        return str(sequence)

    def get_min_sequence_number(self) -> int:
        """That of the oldest record."""
        return self.first_sequence + self.log.first

    def get_max_sequence_number(self) -> int:
        """That of the newest record."""
        return self.first_sequence + max(self.log.end - 1, 0)


class KinesisCalls:
    """PutRecord, PutRecords, GetShardIterator and GetRecords."""

    def call(self, operation: str, region: str, body: bytes) -> Reply | None:
        """The answer; None for the operations that are moto's.

        Raises:
            ServiceError: the request is in error.
            msgspec.ValidationError: it is not of the form that the operation has.
        """
        handle = _OPERATIONS.get(operation)
        return None if handle is None else handle(backend_of(kinesis_backends, region), body)


class _Named(msgspec.Struct):
    StreamName: str | None = None
    StreamARN: str | None = None


class _Entry(msgspec.Struct):
    Data: str
    PartitionKey: str
    ExplicitHashKey: str | None = None


class _PutRecord(_Named, kw_only=True):
    Data: str
    PartitionKey: str
    ExplicitHashKey: str | None = None


class _PutRecords(_Named, kw_only=True):
    Records: list[_Entry]


class _GetShardIterator(_Named, kw_only=True):
    ShardId: str
    ShardIteratorType: Literal["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"]
    StartingSequenceNumber: str | None = None
    Timestamp: float | None = None


class _GetRecords(msgspec.Struct):
    ShardIterator: str
    Limit: int = _MAX_GET_RECORDS


def _put_record(backend: KinesisBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_PutRecord)
    stream = _stream(backend, request)
    _check(request, "data", max_record_kib(stream))
    shard = _shard_for(stream, request)
    sequence = shard.put_record(request.PartitionKey, request.Data, "")
    return _reply({"SequenceNumber": sequence, "ShardId": shard.shard_id, "EncryptionType": stream.encryption_type})


def _put_records(backend: KinesisBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_PutRecords)
    stream = _stream(backend, request)
    if not 1 <= len(request.Records) <= _MAX_PUT_RECORDS:
        raise ServiceError(
            "ValidationException",
            "1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length "
            f"between 1 and {_MAX_PUT_RECORDS}",
        )
    limit_kib = max_record_kib(stream)
    sizes = [
        _check(record, f"records.{number}.member.data", limit_kib) for number, record in enumerate(request.Records, 1)
    ]
    if sum(sizes) > _MAX_PUT_BYTES:
        raise ServiceError("InvalidArgumentException", "Records size exceeds 10 MB limit")
    shards = [_shard_for(stream, record) for record in request.Records]
    results = [
        {"SequenceNumber": shard.put_record(record.PartitionKey, record.Data, ""), "ShardId": shard.shard_id}
        for shard, record in zip(shards, request.Records, strict=True)
    ]
    return _reply({"EncryptionType": stream.encryption_type, "FailedRecordCount": 0, "Records": results})


def _get_shard_iterator(backend: KinesisBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_GetShardIterator)
    stream = _stream(backend, request)
    shard = _shard(stream, request.ShardId)
    log = shard.log
    log.trim(time.time() - stream.retention_period_hours * 3600)
    kind = request.ShardIteratorType
    if kind == "TRIM_HORIZON":
        index = log.first
    elif kind == "LATEST":
        index = log.end
    elif kind == "AT_TIMESTAMP":
        if request.Timestamp is None:
            raise ServiceError("InvalidArgumentException", "Timestamp is required for AT_TIMESTAMP")
        index = log.index_at(request.Timestamp)
    else:
        number = request.StartingSequenceNumber
        if number is None or not number.isdecimal():
            raise ServiceError("InvalidArgumentException", f"StartingSequenceNumber is required for {kind}")
        index = int(number) - shard.first_sequence + (kind == "AFTER_SEQUENCE_NUMBER")
        if not 0 <= index <= log.end:
            message = f"StartingSequenceNumber {number} used in GetShardIterator on shard {request.ShardId} is invalid."
            raise ServiceError("InvalidArgumentException", message)
    return _reply({"ShardIterator": ShardPosition(stream.stream_name, shard.shard_id, index).token()})


def _get_records(backend: KinesisBackend, body: bytes) -> Reply:
    request = msgspec.json.decode(body, type=_GetRecords)
    position = ShardPosition.parse(request.ShardIterator, _FRESH_S, "InvalidArgumentException")
    if not 1 <= request.Limit <= _MAX_GET_RECORDS:
        raise ServiceError("InvalidArgumentException", f"Limit must be between 1 and {_MAX_GET_RECORDS}")
    stream = _stream(backend, _Named(StreamName=position.stream))
    shard = _shard(stream, position.shard)
    if position.index > shard.log.end:
        raise ServiceError("ExpiredIteratorException", "The iterator is of a stream that was deleted: get a new one.")
    shard.log.trim(time.time() - stream.retention_period_hours * 3600)
    start = max(position.index, shard.log.first)
    records = shard.log.read(start, request.Limit, _MAX_GET_BYTES)
    end = start + len(records)
    at_tip = end == shard.log.end
    answer: dict[str, Any] = {
        "MillisBehindLatest": 0 if at_tip else int((time.time() - shard.log.time_of(end)) * 1000),
        "Records": [msgspec.Raw(record) for record in records],
    }
    if at_tip and not shard.is_open:
        answer["ChildShards"] = _children(stream, shard)
    else:
        answer["NextShardIterator"] = ShardPosition(position.stream, position.shard, end).token()
    return _reply(answer)


_OPERATIONS: dict[str, Callable[[KinesisBackend, bytes], Reply]] = {
    "PutRecord": _put_record,
    "PutRecords": _put_records,
    "GetShardIterator": _get_shard_iterator,
    "GetRecords": _get_records,
}


def max_record_kib(stream: Stream) -> int:
    """The largest record that a stream takes, in KiB; `set_max_record_kib` changes it."""
    return vars(stream).get(_KEPT_MAX_RECORD, _MAX_RECORD_KIB)


def set_max_record_kib(stream: Stream, size_kib: int) -> None:
    """Have a stream take records up to a size in KiB."""
    vars(stream)[_KEPT_MAX_RECORD] = size_kib


def _reply(answer: dict[str, Any]) -> Reply:
    return json_reply(200, _encode(answer), JSON_1_1)


def _stream(backend: KinesisBackend, request: _Named) -> Stream:
    name = request.StreamName or (request.StreamARN or "").partition(":stream/")[2]
    stream = backend.streams.get(name)
    if stream is None:
        raise ServiceError("ResourceNotFoundException", f"Stream {name} under account {backend.account_id} not found.")
    return stream


def _shard(stream: Stream, shard_id: str) -> Shard:
    shard = stream.shards.get(shard_id)
    if not isinstance(shard, Shard):
        raise ServiceError(
            "ResourceNotFoundException",
            f"Shard {shard_id} in stream {stream.stream_name} under account {stream.account_id} does not exist",
        )
    return shard


def _check(record: _Entry | _PutRecord, place: str, limit_kib: int) -> int:
    """The size of a record, of which the partition key is a part, as it is of what the limit is for.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
    """
    if not 1 <= len(record.PartitionKey) <= _MAX_KEY_CHARACTERS:
        raise ServiceError("ValidationException", "A partition key has 1 to 256 characters.")
    try:
        size = len(a2b_base64(record.Data, strict_mode=True))
    except (ValueError, Base64Error):
        raise ServiceError("SerializationException", f"The value at '{place}' is no base64.") from None
    size += len(record.PartitionKey.encode())
    if size > limit_kib << 10:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value at '{place}' failed to satisfy constraint: Member must have length "
            f"less than or equal to {limit_kib << 10}",
        )
    return size


def _shard_for(stream: Stream, record: _Entry | _PutRecord) -> Shard:
    """The open shard whose range the record's hash falls into."""
    if record.ExplicitHashKey is None:
        hash_key = int.from_bytes(md5(record.PartitionKey.encode(), usedforsecurity=False).digest(), "big")
    elif record.ExplicitHashKey.isdecimal() and int(record.ExplicitHashKey) < _HASHES:
        hash_key = int(record.ExplicitHashKey)
    else:
        raise ServiceError("InvalidArgumentException", f"Invalid ExplicitHashKey {record.ExplicitHashKey}.")
    for shard in stream.shards.values():
        if shard.is_open and shard.starting_hash <= hash_key <= shard.ending_hash and isinstance(shard, Shard):
            return shard
    raise ServiceError("ResourceNotFoundException", f"No open shard of {stream.stream_name} takes this record.")


def _children(stream: Stream, parent: Shard) -> list[dict[str, Any]]:
    return [
        {
            "ShardId": shard.shard_id,
            "ParentShards": [name for name in (shard.parent, shard.adjacent_parent) if name],
            "HashKeyRange": shard.to_json()["HashKeyRange"],
        }
        for shard in stream.shards.values()
        if parent.shard_id in (shard.parent, shard.adjacent_parent)
    ]
