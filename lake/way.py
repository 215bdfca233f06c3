"""Finds the changes that are still on their way to the lake, and where.

A change passes the table's stream, a Pipe, the Kinesis stream and Firehose's buffer, or ends in the dead-letter queue
or under the error prefix. Each place reports a position:

- the table's stream: the changes after the lake's newest one, by their sequence numbers;
- Kinesis: the last record of each shard. Firehose delivers a shard in order, so the shard is delivered when the lake
  has that record, or when an object under the error prefix is newer;
- the error prefix and the queue: the number of their objects and messages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from lake.clients import SqsClient, client, error_code
from lake.failures import Place, place
from lake.objects import S3Client, listed
from lake.streamed import Streamed
from lake.tips import Tip, Tips
from stack import StackOutputs, UserError

WHOLE_WAY = (
    "table_name",
    "workgroup_name",
    "database_name",
    "view_name",
    "change_log_name",
    "delivery_stream_name",
    "stream_name",
    "stream_arn",
    "pipe_name",
    "dead_letter_queue_url",
)
"""The outputs for the table, the lake, and every place in between."""
_SECOND = timedelta(seconds=1)
_SEQUENCE_AT = 13
_STREAM = "0"
# Codes for denied access and missing resources: the place stays unknown.
_UNKNOWN = {
    "AccessDenied",
    "AccessDeniedException",
    "NoSuchBucket",
    "ResourceNotFoundException",
    "TrimmedDataAccessException",
    "ValidationException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
}
_T = TypeVar("_T")


class Way(Struct, frozen=True, kw_only=True):
    """The changes that the lake lacks, by place; None where unknown.

    `in_stream` are changes of the table's stream that no Pipe has put on Kinesis yet, `in_delivery` those on Kinesis or
    in Firehose's buffer (at least one for each shard whose last record has not arrived). `failed` are objects under
    the error prefix, `dead_letters` messages of the dead-letter queue: `lake replay` puts both on the stream again.
    """

    in_stream: int | None = None
    in_delivery: int | None = None
    failed: int | None = None
    dead_letters: int | None = None

    @property
    def moving(self) -> int:
        """The number of changes that will still arrive without a replay."""
        return (self.in_stream or 0) + (self.in_delivery or 0)


class Positions:
    """Finds the changes on their way in one deployed pipeline. `arrived` returns which events the change log has."""

    def __init__(self, outputs: StackOutputs, arrived: Callable[[Collection[str]], Collection[str]]) -> None:
        self._arrived = arrived
        self._streamed: Streamed | None = None
        if outputs.stream_arn is not None and outputs.pipe_name is not None:
            self._streamed = Streamed(client("dynamodbstreams", outputs), outputs.stream_arn)
        self._tips: Tips | None = None
        if outputs.stream_name is not None:
            self._tips = Tips(client("kinesis", outputs), outputs.stream_name)
        self._s3: S3Client = client("s3", outputs)
        self._place = _known(lambda: _place(outputs))
        self._sqs: SqsClient = client("sqs", outputs)
        self._queue_url = outputs.dead_letter_queue_url

    def look(self, last: str | None) -> Way:
        """Return the places of changes; `last` is the change log's highest sequence."""
        tips = None if self._tips is None else _known(self._tips.find)
        errors = None if self._place is None else _known(self._errors)
        newer = None if self._streamed is None else _known(lambda: self._newer(last))
        waiting = None if tips is None else self._waiting(tips, errors or [])
        reached = max((tip.change_number for tip in tips or ()), default=0)
        between = None if newer is None else sum(number <= reached for number in newer)
        return Way(
            in_stream=None if newer is None else len(newer) - (between or 0),
            in_delivery=None if waiting is None else max(waiting, between or 0) if waiting else 0,
            failed=None if errors is None else len(errors),
            dead_letters=_known(self._dead_letters),
        )

    def _newer(self, last: str | None) -> list[int]:
        if self._streamed is None or (last is not None and last[_SEQUENCE_AT - 1 : _SEQUENCE_AT] != _STREAM):
            return []
        return self._streamed.newer(0 if last is None else int(last[_SEQUENCE_AT:]))

    def _waiting(self, tips: list[Tip], errors: list[datetime]) -> int:
        """Return the number of shards whose last record is neither in the lake nor, by time, under the error prefix."""
        arrived = self._arrived([tip.event_id for tip in tips if tip.event_id])
        failed_at = max(errors, default=None)
        return sum(
            tip.event_id not in arrived and (failed_at is None or failed_at + _SECOND < tip.arrived_at) for tip in tips
        )

    def _errors(self) -> list[datetime]:
        found = self._place
        if found is None:
            return []
        return [entry["LastModified"] for entry in listed(self._s3, found.bucket, found.prefix)]

    def _dead_letters(self) -> int:
        if not self._queue_url:
            return 0
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


def _place(outputs: StackOutputs) -> Place | None:
    if outputs.delivery_stream_name is None:
        return None
    try:
        return place(client("firehose", outputs), outputs.delivery_stream_name)
    except UserError:
        return None


def _known(look: Callable[[], _T]) -> _T | None:
    """Return a place's position; None where unknown."""
    try:
        return look()
    except Exception as error:
        if error_code(error) in _UNKNOWN:
            return None
        raise
