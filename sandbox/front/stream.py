"""A DynamoDB stream: one shard whose records are serialized once, as the JSON that GetRecords returns."""

from __future__ import annotations

import os
import time
from random import getrandbits
from typing import TYPE_CHECKING, Any

import msgspec
from moto.core.utils import utcnow

from sandbox.dynamodb.items import StoredItem
from sandbox.dynamodb.values import Attributes, measure_key, text_size
from sandbox.front.native import Happening, has_destination, replicate
from sandbox.front.record_log import RecordLog

if TYPE_CHECKING:
    from moto.dynamodb.models.table import Table

RETENTION_S = 24 * 3600
"""How long a record, and a disabled stream, remains readable."""
# Sequence numbers of a table's later streams are greater, and there is room for 10 million records a second.
_SEQUENCES_PER_S = 10**7
_SEQUENCE_BASE = 10**21
_encode = msgspec.json.Encoder().encode


class StreamShard:
    """The shard of a table's stream; replaces moto's.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
    """

    def __init__(self, account_id: str, table: Table) -> None:
        self.account_id = account_id
        self.table = table
        self.created_on = utcnow()
        created_s = time.time()
        self.id = f"shardId-{int(created_s):020d}-{os.urandom(4).hex()}"
        self.starting_sequence_number = _SEQUENCE_BASE + int(created_s * _SEQUENCES_PER_S)
        self.log = RecordLog()
        self.closed_s: float | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> StreamShard:
        # moto copies a table to be able to undo a transaction; the stream's records are not copied.
        return self

    def to_json(self) -> dict[str, Any]:
        """The shard in the form of DescribeStream."""
        numbers = {"StartingSequenceNumber": str(self.starting_sequence_number + self.log.first)}
        if self.closed_s is not None:
            last = self.starting_sequence_number + max(self.log.end - 1, self.log.first)
            numbers["EndingSequenceNumber"] = str(last)
        return {"ShardId": self.id, "SequenceNumberRange": numbers}

    def close(self) -> None:
        """Stop recording, because the stream is disabled or the table deleted. Destinations still receive changes."""
        self.closed_s = time.time()

    def add(self, old: StoredItem | None, new: StoredItem | None, identity: bytes = b"") -> bytes:
        """Record a change; return the stream's record, empty if it records none.

        `identity` is the originator of a change that no caller made. A change without an effect is not recorded.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
        """
        specification = self.table.stream_specification or {}
        streams = specification.get("StreamEnabled") and self.closed_s is None
        replicates = has_destination(self.table)
        if not streams and not replicates:
            return b""
        if old is None and new is None:
            return b""
        if old is not None and new is not None and old.same_as(new):
            return b""
        now_s = time.time()
        if replicates:
            replicate(self.table, _happening(self.table, old, new, identity), now_s)
        if not streams:
            return b""
        sequence = self.starting_sequence_number + self.log.end
        record = _record(self.table, specification["StreamViewType"], old, new, sequence, now_s)
        if identity:
            record = b'%b,"userIdentity":%b}' % (record[:-1], _in_api(identity))
        self.log.append(record, now_s)
        return record


def _record(
    table: Table, view: str, old: StoredItem | None, new: StoredItem | None, sequence: int, now_s: float
) -> bytes:
    keys = _keys(table, old, new)
    size_bytes = _size_of(keys)
    new_image = old_image = (b"", b"", b"")
    if new is not None and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        new_image = b'"NewImage":', new.image, b","
        size_bytes += new.size_bytes
    if old is not None and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        old_image = b'"OldImage":', old.image, b","
        size_bytes += old.size_bytes
    return _RECORD % (
        getrandbits(128),
        _event_name(old, new),
        table.region_name.encode(),
        now_s,
        _encode(keys),
        *new_image,
        *old_image,
        sequence,
        size_bytes,
        view.encode(),
    )


def _in_api(identity: bytes) -> bytes:
    """The originator of a change, with the API's spelling.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Identity.html
    """
    members: dict[str, str] = msgspec.json.decode(identity)
    return _encode({name[0].upper() + name[1:]: value for name, value in members.items()})


def _happening(table: Table, old: StoredItem | None, new: StoredItem | None, identity: bytes) -> Happening:
    keys = _keys(table, old, new)
    return Happening(
        name=_event_name(old, new),
        keys=_encode(keys),
        new_image=new.image if new else b"",
        old_image=old.image if old else b"",
        size_bytes=_size_of(keys) + sum(item.size_bytes for item in (new, old) if item),
        identity=identity,
    )


def _size_of(keys: Attributes) -> int:
    return sum([text_size(name) + measure_key(value) for name, value in keys.items()])


def _event_name(old: StoredItem | None, new: StoredItem | None) -> bytes:
    return b"INSERT" if old is None else b"REMOVE" if new is None else b"MODIFY"


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
    b'{"eventID":"%032x","eventName":"%b","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"%b",'
    b'"dynamodb":{"ApproximateCreationDateTime":%d,"Keys":%b,%b%b%b%b%b%b"SequenceNumber":"%d","SizeBytes":%d,'
    b'"StreamViewType":"%b"}}'
)
