"""A DynamoDB stream: one shard whose records are written once, as the JSON that GetRecords answers."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from moto.core.utils import utcnow
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.values import Attributes, measure_item
from sandbox.front.backends import backend_of
from sandbox.front.iterators import ShardPosition
from sandbox.front.native import Happening, has_destination, replicate
from sandbox.front.record_log import RecordLog
from sandbox.front.reply import Reply, ServiceError, json_reply, random_hex

if TYPE_CHECKING:
    from moto.dynamodb.models.table import Table

_RETENTION_S = 24 * 3600
_MAX_RECORDS = 1000
_MAX_BYTES = 1 << 20
_FRESH_S = 15 * 60
# Sequence numbers of a later stream of the same table are greater, and there is room for 10 million records a second.
_SEQUENCES_PER_S = 10**7
_SEQUENCE_BASE = 10**21
_encode = msgspec.json.Encoder().encode

Change = tuple[StoredItem | None, StoredItem | None]
"""An item before and after."""


class StreamShard:
    """The shard of a table's stream, in the place of moto's own.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
    """

    def __init__(self, account_id: str, table: Table) -> None:
        self.account_id = account_id
        self.table = table
        self.created_on = utcnow()
        created_s = int(time.time())
        self.id = f"shardId-{created_s:020d}-{os.urandom(4).hex()}"
        self.starting_sequence_number = _SEQUENCE_BASE + created_s * _SEQUENCES_PER_S
        self.log = RecordLog()
        self._held: list[Change] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> StreamShard:
        # moto copies a table to be able to undo a transaction; what a stream has told stays told.
        return self

    def to_json(self) -> dict[str, Any]:
        """The shard as DescribeStream answers it."""
        oldest = self.starting_sequence_number + self.log.first
        return {"ShardId": self.id, "SequenceNumberRange": {"StartingSequenceNumber": str(oldest)}}

    def add(self, old: StoredItem | None, new: StoredItem | None) -> None:
        """Record a change. One that changes nothing is none.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
        """
        if self._held is not None:
            self._held.append((old, new))
            return
        specification = self.table.stream_specification or {}
        streams, replicates = specification.get("StreamEnabled"), has_destination(self.table)
        if not streams and not replicates:
            return
        if old is None and new is None:
            return
        if old is not None and new is not None and old.same_as(new):
            return
        now_s = time.time()
        if replicates:
            replicate(self.table, _happening(self.table, old, new), now_s)
        if not streams:
            return
        sequence = self.starting_sequence_number + self.log.end
        self.log.append(_record(self.table, specification["StreamViewType"], old, new, sequence, now_s), now_s)

    @contextmanager
    def held(self) -> Generator[list[Change]]:
        """Collect the changes made meanwhile instead of recording them; what to record is the caller's to say."""
        outer, self._held = self._held, []
        try:
            yield self._held
        finally:
            self._held = outer


class StreamCalls:
    """GetShardIterator and GetRecords. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"""

    def call(self, operation: str, region: str, body: bytes) -> Reply | None:
        """The answer; None for the operations that are moto's.

        Raises:
            ServiceError: the request is in error.
            msgspec.ValidationError: it is not of the form that the operation has.
        """
        backend = backend_of(dynamodb_backends, region)
        if operation == "GetRecords":
            return _get_records(backend, msgspec.json.decode(body, type=_GetRecords))
        if operation == "GetShardIterator":
            return _get_shard_iterator(backend, msgspec.json.decode(body, type=_GetShardIterator))
        return None


class _GetRecords(msgspec.Struct):
    ShardIterator: str
    Limit: int = _MAX_RECORDS


class _GetShardIterator(msgspec.Struct):
    StreamArn: str
    ShardId: str
    ShardIteratorType: Literal["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]
    SequenceNumber: str | None = None


def _get_shard_iterator(backend: DynamoDBBackend, request: _GetShardIterator) -> Reply:
    shard = _shard(backend, request.StreamArn, request.ShardId)
    shard.log.trim(time.time() - _RETENTION_S)
    if request.ShardIteratorType == "TRIM_HORIZON":
        index = shard.log.first
    elif request.ShardIteratorType == "LATEST":
        index = shard.log.end
    else:
        if request.SequenceNumber is None or not request.SequenceNumber.isdecimal():
            raise ServiceError("ValidationException", f"{request.ShardIteratorType} needs a SequenceNumber")
        index = int(request.SequenceNumber) - shard.starting_sequence_number
        index += request.ShardIteratorType == "AFTER_SEQUENCE_NUMBER"
        if not 0 <= index <= shard.log.end:
            raise ServiceError("ValidationException", "The SequenceNumber is not one of this shard")
        if index < shard.log.first:
            raise ServiceError("TrimmedDataAccessException", "The records at this SequenceNumber have been trimmed")
    return json_reply(200, _encode({"ShardIterator": ShardPosition(request.StreamArn, shard.id, index).token()}))


def _get_records(backend: DynamoDBBackend, request: _GetRecords) -> Reply:
    position = ShardPosition.parse(request.ShardIterator, _FRESH_S, "ValidationException")
    if not 1 <= request.Limit <= _MAX_RECORDS:
        raise ServiceError("ValidationException", f"Limit must be between 1 and {_MAX_RECORDS}")
    shard = _shard(backend, position.stream, position.shard)
    shard.log.trim(time.time() - _RETENTION_S)
    if position.index < shard.log.first:
        raise ServiceError("TrimmedDataAccessException", "The records at this iterator have been trimmed")
    records = shard.log.read(position.index, request.Limit, _MAX_BYTES)
    following = ShardPosition(position.stream, position.shard, position.index + len(records)).token()
    return json_reply(200, b'{"NextShardIterator":"%b","Records":[%b]}' % (following.encode(), b",".join(records)))


def _shard(backend: DynamoDBBackend, stream_arn: str, shard_id: str) -> StreamShard:
    table_name, _, label = stream_arn.partition(":table/")[2].partition("/stream/")
    table = backend.tables.get(table_name)
    shard = None if table is None or table.latest_stream_label != label else table.stream_shard
    if not isinstance(shard, StreamShard) or shard.id != shard_id:
        raise ServiceError("ResourceNotFoundException", f"Requested resource not found: Stream: {stream_arn} not found")
    return shard


def _record(
    table: Table, view: str, old: StoredItem | None, new: StoredItem | None, sequence: int, now_s: float
) -> bytes:
    keys = _keys(table, old, new)
    size_bytes = measure_item(keys)
    images = b""
    if new is not None and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        images += b'"NewImage":' + new.image + b","
        size_bytes += new.size_bytes
    if old is not None and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        images += b'"OldImage":' + old.image + b","
        size_bytes += old.size_bytes
    return _RECORD % (
        random_hex(16).encode(),
        _event_name(old, new).encode(),
        table.region_name.encode(),
        now_s,
        _encode(keys),
        images,
        sequence,
        size_bytes,
        view.encode(),
    )


def _happening(table: Table, old: StoredItem | None, new: StoredItem | None) -> Happening:
    keys = _keys(table, old, new)
    return Happening(
        name=_event_name(old, new).encode(),
        keys=_encode(keys),
        new_image=new.image if new else b"",
        old_image=old.image if old else b"",
        size_bytes=measure_item(keys) + sum(item.size_bytes for item in (new, old) if item),
    )


def _event_name(old: StoredItem | None, new: StoredItem | None) -> str:
    return "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"


def _keys(table: Table, old: StoredItem | None, new: StoredItem | None) -> Attributes:
    item = new or old
    if item is None:
        return {}
    keys: Attributes = {table.hash_key_attr: {table.hash_key_type: item.key.hash}}
    if table.range_key_attr is not None and table.range_key_type is not None:
        keys[table.range_key_attr] = {table.range_key_type: item.key.range}
    return keys


# The time is rounded down to the second, as DynamoDB's is.
_RECORD = (
    b'{"eventID":"%b","eventName":"%b","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"%b",'
    b'"dynamodb":{"ApproximateCreationDateTime":%d,"Keys":%b,%b"SequenceNumber":"%d","SizeBytes":%d,'
    b'"StreamViewType":"%b"}}'
)
