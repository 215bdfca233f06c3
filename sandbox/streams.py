"""The calls of DynamoDB streams and Kinesis streams, in the common form of `sandbox.shards`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pybase64
from msgspec import Struct

from sandbox.awsjson import AwsJson
from sandbox.shards import RecordPage, Shard

_NO_TEXT = msgspec.Raw(b"")
_CHANGES_A_PAGE = 1000
_CHANGES_BYTES = 1 << 20
_RECORDS_A_PAGE = 2000


class ChangeRecord(Struct, frozen=True):
    """A record of a DynamoDB stream, with its event in the API's form.

    If `text` has the event's JSON, `event` has only the members that its reader requested.
    """

    sequence: str
    arrived_at: float
    event: dict[str, Any]
    text: msgspec.Raw = _NO_TEXT


class DynamoDbStream:
    """The calls of a DynamoDB stream. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/"""

    def __init__(
        self, client: AwsJson, stream_arn: str, reader: Callable[[msgspec.Raw], ChangeRecord | None] | None = None
    ) -> None:
        """`reader` reads a record; if it returns None, the whole record is decoded."""
        self._client = client
        self._arn = stream_arn
        self._reader = reader

    def shards(self) -> list[Shard]:
        """All shards whose records are not all trimmed."""
        found: list[Shard] = []
        request = {"StreamArn": self._arn}
        while True:
            answer = self._client.call("DescribeStream", request, _Description).StreamDescription
            found += [shard.parsed() for shard in answer.Shards]
            if answer.LastEvaluatedShardId is None:
                return found
            request["ExclusiveStartShardId"] = answer.LastEvaluatedShardId

    def iterator(self, shard_id: str, after: str | None) -> str:
        """Return an iterator after a sequence number, or from the oldest record."""
        request = {"StreamArn": self._arn, "ShardId": shard_id} | _position("SequenceNumber", after)
        return self._client.call("GetShardIterator", request, dict[str, str])["ShardIterator"]

    def read(self, iterator: str) -> RecordPage[ChangeRecord]:
        """Return up to 1,000 records or 1 MB."""
        answer = self._client.call("GetRecords", {"ShardIterator": iterator}, _Changes)
        reader = self._reader or _unread
        records = [reader(raw) or _decoded(raw) for raw in answer.Records]
        # A page that may have been cut at its limit is followed by more: a record is up to half of it.
        more = len(records) >= _CHANGES_A_PAGE or sum(map(len, answer.Records)) >= _CHANGES_BYTES // 2
        return RecordPage(records, answer.NextShardIterator, at_tip=False, more=more)


class _Changes(Struct, frozen=True):
    Records: list[msgspec.Raw]
    NextShardIterator: str | None = None


def _unread(raw: msgspec.Raw) -> None:
    del raw


def _decoded(raw: msgspec.Raw) -> ChangeRecord:
    event: dict[str, Any] = msgspec.json.decode(raw)
    change = event["dynamodb"]
    return ChangeRecord(change["SequenceNumber"], change["ApproximateCreationDateTime"], event)


class KinesisRecord(Struct, frozen=True):
    """A record of a Kinesis stream. `content` is its data, as bytes or as the undecoded JSON of its base64."""

    sequence: str
    arrived_at: float
    partition_key: str
    content: bytes | msgspec.Raw

    @property
    def data(self) -> bytes:
        """Its data."""
        return pybase64.b64decode(_base64(self.content)) if isinstance(self.content, msgspec.Raw) else self.content

    @property
    def size_bytes(self) -> int:
        """The size of its data."""
        if not isinstance(self.content, msgspec.Raw):
            return len(self.content)
        text = bytes(self.content)
        if b"\\" in text:
            return len(self.data)
        return (len(text) - 2) // 4 * 3 - text.count(b"=", -3)

    @property
    def as_json(self) -> msgspec.Raw:
        """Its data in base64, as a JSON string."""
        if isinstance(self.content, msgspec.Raw):
            return self.content
        return msgspec.Raw(b'"%b"' % pybase64.b64encode(self.content))


def _base64(text: msgspec.Raw) -> str:
    return msgspec.json.decode(text, type=str)


class KinesisStream:
    """The calls of a Kinesis stream. https://docs.aws.amazon.com/kinesis/latest/APIReference/"""

    def __init__(self, client: AwsJson, stream_arn: str) -> None:
        self._client = client
        self._stream = {"StreamARN": stream_arn}

    def shards(self) -> list[Shard]:
        """All shards whose records are not all trimmed."""
        found: list[Shard] = []
        request = dict(self._stream)
        while True:
            answer = self._client.call("ListShards", request, _ShardList)
            found += [shard.parsed() for shard in answer.Shards]
            if answer.NextToken is None:
                return found
            request = {"NextToken": answer.NextToken}

    def iterator(self, shard_id: str, after: str | None) -> str:
        """Return an iterator after a sequence number, or from the oldest record."""
        request = self._stream | {"ShardId": shard_id} | _position("StartingSequenceNumber", after)
        return self._client.call("GetShardIterator", request, dict[str, str])["ShardIterator"]

    def read(self, iterator: str) -> RecordPage[KinesisRecord]:
        """Return up to 2,000 records or 10 MB."""
        request = self._stream | {"ShardIterator": iterator, "Limit": _RECORDS_A_PAGE}
        answer = self._client.call("GetRecords", request, _KinesisPage)
        records = [
            KinesisRecord(r.SequenceNumber, r.ApproximateArrivalTimestamp, r.PartitionKey, r.Data)
            for r in answer.Records
        ]
        full = len(records) >= _RECORDS_A_PAGE
        return RecordPage(
            records, answer.NextShardIterator, at_tip=answer.MillisBehindLatest == 0 and not full, more=full
        )


class _KinesisRecord(Struct, frozen=True):
    SequenceNumber: str
    ApproximateArrivalTimestamp: float
    PartitionKey: str
    Data: msgspec.Raw


class _KinesisPage(Struct, frozen=True):
    Records: list[_KinesisRecord]
    NextShardIterator: str | None = None
    MillisBehindLatest: int = 0


class _SequenceRange(Struct, frozen=True):
    EndingSequenceNumber: str | None = None


class _Shard(Struct, frozen=True):
    ShardId: str
    SequenceNumberRange: _SequenceRange
    ParentShardId: str | None = None
    AdjacentParentShardId: str | None = None

    def parsed(self) -> Shard:
        parents = tuple(parent for parent in (self.ParentShardId, self.AdjacentParentShardId) if parent)
        return Shard(self.ShardId, parents, self.SequenceNumberRange.EndingSequenceNumber is None)


class _ShardList(Struct, frozen=True):
    Shards: list[_Shard]
    NextToken: str | None = None


class _StreamDescription(Struct, frozen=True):
    Shards: list[_Shard] = []
    LastEvaluatedShardId: str | None = None


class _Description(Struct, frozen=True):
    StreamDescription: _StreamDescription


def _position(field: str, after: str | None) -> dict[str, str]:
    if after is None:
        return {"ShardIteratorType": "TRIM_HORIZON"}
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", field: after}
