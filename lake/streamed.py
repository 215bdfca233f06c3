"""The changes in a table's stream that are newer than a given one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from lake.clients import StreamsClient, keep_reply, reply_of

_MAX_PAGES = 100
_MAX_EMPTY_PAGES = 2


class _Numbers(Struct, frozen=True, gc=False, rename="pascal"):
    sequence_number: str = "0"


class _Record(Struct, frozen=True, gc=False):
    dynamodb: _Numbers


class _Page(Struct, rename="pascal"):
    records: list[_Record]
    next_shard_iterator: str | None = None


_page = msgspec.json.Decoder(_Page).decode


class Streamed:
    """The newest changes of a table's stream, located by its shards' ranges.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_SequenceNumberRange.html
    """

    def __init__(self, client: StreamsClient, stream_arn: str) -> None:
        self._client = client
        self._stream_arn = stream_arn
        keep_reply(client, "dynamodb-streams", "GetRecords")

    def newer(self, number: int) -> list[int]:
        """Return the sequence numbers of the changes after this one, within the first hundred pages of each shard."""
        return [found for shard in self._shards() for found in self._newer(shard, number)]

    def _shards(self) -> Iterator[dict[str, Any]]:
        request: dict[str, object] = {"StreamArn": self._stream_arn}
        while True:
            description = self._client.describe_stream(**request)["StreamDescription"]
            yield from description["Shards"]
            if not description.get("LastEvaluatedShardId"):
                return
            request["ExclusiveStartShardId"] = description["LastEvaluatedShardId"]

    def _newer(self, shard: dict[str, Any], number: int) -> Iterator[int]:
        numbers = shard["SequenceNumberRange"]
        first, last = int(numbers["StartingSequenceNumber"]), numbers.get("EndingSequenceNumber")
        if last is not None and int(last) <= number:
            return
        position = {"ShardIteratorType": "TRIM_HORIZON"}
        if first <= number:
            position = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": str(number)}
        iterator = self._client.get_shard_iterator(
            StreamArn=self._stream_arn, ShardId=shard["ShardId"], **position
        ).get("ShardIterator")
        empty = 0
        for _ in range(_MAX_PAGES):
            if iterator is None or empty == _MAX_EMPTY_PAGES:
                return
            page = _page(reply_of(self._client.get_records(ShardIterator=iterator)))
            yield from (found for record in page.records if (found := int(record.dynamodb.sequence_number)) > number)
            empty = 0 if page.records else empty + 1
            iterator = page.next_shard_iterator
