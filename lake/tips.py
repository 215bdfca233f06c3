"""Finds the last record of each shard of a Kinesis stream.

No call returns it. GetShardIterator finds a position by time (AT_TIMESTAMP), so the last record is found by halving the
time in which it can lie (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html): some ten
calls, where reading the shard would take as long as delivering it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
from msgspec import Struct

_FIRST_STEP = timedelta(seconds=1)
_STEP_FACTOR = 8
_LONGEST = timedelta(hours=24)
"""The retention that every stream has at least."""
_PAGE = 1000
_NEAR = timedelta(milliseconds=200)


class KinesisReader(Protocol):
    """The methods of boto3's Kinesis client that this module uses."""

    def list_shards(self, **request: object) -> dict[str, Any]:
        """Fetch a page of a stream's shards."""
        ...

    def get_shard_iterator(self, **request: object) -> dict[str, Any]:
        """Get an iterator at a position of a shard."""
        ...

    def get_records(self, **request: object) -> dict[str, Any]:
        """Read from an iterator."""
        ...


class _StreamRecord(Struct, frozen=True, rename="pascal"):
    sequence_number: str = "0"


class _Event(Struct, frozen=True, rename={"event_id": "eventID"}):
    event_id: str = ""
    dynamodb: _StreamRecord = _StreamRecord()


class Tip(Struct, frozen=True):
    """A shard's last record: its Kinesis sequence number, its arrival time, and its change.

    `change_number` is the change's number in the table's stream, 0 for a native record.
    """

    number: str
    arrived_at: datetime
    event_id: str
    change_number: int


class Tips:
    """Finds the last records of one stream; later calls search only newer records."""

    def __init__(
        self, client: KinesisReader, stream_name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = client
        self._stream_name = stream_name
        self._now = now
        self._known: dict[str, Tip] = {}

    def find(self) -> list[Tip]:
        """Return the last record of each shard that has a record of the last 24 hours."""
        for shard in self._shards():
            known = self._known.get(shard)
            found = self._last(shard) if known is None else self._later(shard, known)
            if found is not None:
                self._known[shard] = found
        return [*self._known.values()]

    def _shards(self) -> Iterator[str]:
        request: dict[str, object] = {"StreamName": self._stream_name}
        while True:
            page = self._client.list_shards(**request)
            yield from (shard["ShardId"] for shard in page["Shards"])
            if not page.get("NextToken"):
                return
            request = {"NextToken": page["NextToken"]}

    def _last(self, shard: str) -> Tip | None:
        now, step = self._now(), _FIRST_STEP
        while (found := self._first_from(shard, now - step)) is None:
            if step >= _LONGEST:
                return None
            step = min(step * _STEP_FACTOR, _LONGEST)
        return self._between(shard, found, now)

    def _later(self, shard: str, known: Tip) -> Tip:
        after: dict[str, object] = {
            "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
            "StartingSequenceNumber": known.number,
        }
        found = next(self._records(shard, 1, **after), None)
        return known if found is None else self._between(shard, found, self._now())

    def _between(self, shard: str, found: Tip, end: datetime) -> Tip:
        """Return the last record, which is `found` or between it and `end`."""
        while end - found.arrived_at > _NEAR:
            middle = found.arrived_at + (end - found.arrived_at) / 2
            later = self._first_from(shard, middle)
            # Times are rounded to milliseconds: the record before the position can be returned again.
            if later is None or later.number == found.number:
                end = middle
            else:
                found = later
        after: dict[str, object] = {
            "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
            "StartingSequenceNumber": found.number,
        }
        return [found, *self._records(shard, _PAGE, **after)][-1]

    def _first_from(self, shard: str, moment: datetime) -> Tip | None:
        return next(self._records(shard, 1, ShardIteratorType="AT_TIMESTAMP", Timestamp=moment), None)

    def _records(self, shard: str, limit: int, **position: object) -> Iterator[Tip]:
        iterator: str | None = self._client.get_shard_iterator(StreamName=self._stream_name, ShardId=shard, **position)[
            "ShardIterator"
        ]
        while iterator is not None:
            page = self._client.get_records(ShardIterator=iterator, Limit=limit)
            yield from map(_tip, page["Records"])
            if not page["Records"] and not page.get("MillisBehindLatest"):
                return
            iterator = page.get("NextShardIterator")


def _tip(record: dict[str, Any]) -> Tip:
    try:
        event = msgspec.json.decode(record["Data"], type=_Event)
        number = int(event.dynamodb.sequence_number)
    except (msgspec.MsgspecError, ValueError):
        event, number = _Event(), 0
    return Tip(record["SequenceNumber"], record["ApproximateArrivalTimestamp"], event.event_id, number)
