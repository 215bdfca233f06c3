"""Reads from the deployed pipeline's services how many changes passed each place, and when.

The stream's records are read after the step, from its start time, so that reading takes no capacity during the step.
Objects and rows of the lake show when changes became readable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

from msgspec import Struct

from capacity.bottleneck import ShardLoad
from capacity.flow import Passages
from lake import buffering
from lake.athena import Athena, QueryError
from lake.clients import SqsClient, client, error_code
from lake.failures import place
from lake.freshness import Arrived, Freshness, arrivals, measure, modified
from lake.objects import S3Client, listed
from lake.tips import KinesisReader
from stack import StackOutputs, UserError
from transform.schema import TABLE

LAKE_RESOLUTION_S = 1.0
"""The resolution of an object's LastModified, in seconds."""
_PAGE = 10_000
_MAX_READ = 500_000
_FIRST_POLL_S, _SLOWEST_POLL_S = 0.5, 10.0
_MARGIN_S = 15.0
_REFUSED = {"ProvisionedThroughputExceededException"}
_PATIENCE_S, _PAUSE_S = 120.0, 1.0
_SHARDS_AT_ONCE = 16


class StreamRead(Struct, frozen=True):
    """A step's records on the stream by shard: arrival in seconds since the start, and bytes with the partition key."""

    records: dict[str, list[tuple[float, int]]]

    @property
    def passages(self) -> Passages:
        """Return the arrival times on all shards."""
        return Passages((at, 1) for shard in self.records.values() for at, _ in shard)

    @property
    def bytes_each(self) -> float:
        """The mean size of a record; 0 without records."""
        sizes = [size for shard in self.records.values() for _, size in shard]
        return sum(sizes) / len(sizes) if sizes else 0.0

    def loads(self, began: float, ended: float) -> list[ShardLoad]:
        """Return each shard's load per second between two times."""
        found: list[ShardLoad] = []
        for shard, records in self.records.items():
            sizes = [size for at, size in records if began <= at <= ended]
            found.append(ShardLoad(shard, len(sizes) / (ended - began), sum(sizes) / (ended - began)))
        return found


class LakeArrivals(Struct, frozen=True):
    """The changes of a step that Athena can read, and the times of their objects."""

    arrived: list[Arrived]
    came: dict[str, datetime]

    def passages(self, began: datetime) -> Passages:
        """Return the times of the changes in seconds since a time, at the end of their object's second."""
        return Passages(
            ((self.came[one.path] - began).total_seconds() + LAKE_RESOLUTION_S, one.changes)
            for one in self.arrived
            if one.path in self.came
        )

    @property
    def freshness(self) -> Freshness:
        """Return the freshness of the changes."""
        return measure(self.arrived, self.came)


class DeployedPipeline:
    """Reads the positions of one pipeline. Raises: UserError: an output is missing."""

    def __init__(self, outputs: StackOutputs) -> None:
        self._outputs = outputs
        self._kinesis: KinesisReader = client("kinesis", outputs)
        self._stream = outputs.require("stream_name")
        self._s3: S3Client = client("s3", outputs)
        self._athena = Athena(
            client("athena", outputs), outputs.require("workgroup_name"), outputs.require("database_name")
        )
        self._sqs: SqsClient = client("sqs", outputs)
        firehose, delivery = client("firehose", outputs), outputs.require("delivery_stream_name")
        self.buffered_s = buffering.buffering_s(firehose, delivery)
        self._errors = place(firehose, delivery)

    def stream(self, began: datetime, expected: int) -> StreamRead | None:
        """Return the records on the stream since a time; None when reading them takes longer than a step."""
        if expected > _MAX_READ:
            return None
        shards = list(self._shards())
        # Each shard has its own limit of reading.
        with ThreadPoolExecutor(_SHARDS_AT_ONCE) as readers:
            read = readers.map(self._read, shards, repeat(began))
            return StreamRead(dict(zip(shards, read, strict=True)))

    def _shards(self) -> Iterator[str]:
        request: dict[str, object] = {"StreamName": self._stream}
        while True:
            page = self._kinesis.list_shards(**request)
            yield from (shard["ShardId"] for shard in page["Shards"])
            if not page.get("NextToken"):
                return
            request = {"NextToken": page["NextToken"]}

    def _read(self, shard: str, began: datetime) -> list[tuple[float, int]]:
        found: list[tuple[float, int]] = []
        iterator: str | None = self._kinesis.get_shard_iterator(
            StreamName=self._stream, ShardId=shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=began
        )["ShardIterator"]
        while iterator is not None:
            page = self._page(iterator)
            for record in page["Records"]:
                at = (record["ApproximateArrivalTimestamp"] - began).total_seconds()
                found.append((at, len(record["Data"]) + len(record["PartitionKey"].encode())))
            if not page["Records"] and not page.get("MillisBehindLatest"):
                break
            iterator = page.get("NextShardIterator")
        return found

    def _page(self, iterator: str) -> dict[str, Any]:
        """Read from an iterator as soon as the shard's limits allow it.

        A shard gives 2 MiB a second to all its readers together, so that reading a step may take as long as the step
        did; botocore's retries share a quota and end earlier.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return self._kinesis.get_records(ShardIterator=iterator, Limit=_PAGE)
            except Exception as error:
                if error_code(error) not in _REFUSED or time.monotonic() >= deadline:
                    raise
                time.sleep(_PAUSE_S)

    def drain(
        self,
        began: datetime,
        changes: int,
        timeout_s: float,
        watch: Callable[[int, int], None],
    ) -> LakeArrivals:
        """Wait until this number of changes has arrived since a time, or none for longer than the buffers' periods.

        `watch` receives the arrived and the expected number at each poll.
        """
        deadline = time.monotonic() + timeout_s
        quiet_s = self.buffered_s + _MARGIN_S
        seen, changed_at, pause = -1, time.monotonic(), _FIRST_POLL_S
        while True:
            arrived = self._arrived(began)
            total = sum(one.changes for one in arrived)
            watch(total, changes)
            now = time.monotonic()
            if total != seen:
                seen, changed_at, pause = total, now, _FIRST_POLL_S
            if total >= changes or now >= deadline or now - changed_at >= quiet_s:
                return LakeArrivals(arrived, modified(self._s3, {one.path for one in arrived}))
            time.sleep(pause)
            pause = min(pause * 1.5, _SLOWEST_POLL_S)

    def _arrived(self, began: datetime) -> list[Arrived]:
        change_log = self._outputs.change_log_name or TABLE.change_log
        try:
            # The time of a change in the table's stream is rounded down to the second.
            return list(arrivals(self._athena, change_log, began.replace(microsecond=0)))
        except QueryError as error:
            raise UserError(
                f"Athena cannot read {change_log} ({error}): check that the stack is deployed, and your permissions."
            ) from error

    def dead_letters(self) -> int | None:
        """Return the number of messages in the dead-letter queue; None without a queue."""
        url = self._outputs.dead_letter_queue_url
        if not url:
            return None
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def failed_objects(self, since: datetime) -> int:
        """Return the number of objects under the error prefix since a time."""
        found: Sequence[dict[str, Any]] = list(listed(self._s3, self._errors.bucket, self._errors.prefix))
        return sum(one["LastModified"] >= since.replace(microsecond=0) for one in found)


def next_second(lead_s: float) -> datetime:
    """Return the first whole second at least `lead_s` away, so that later changes belong to one step."""
    ahead = datetime.now(UTC) + timedelta(seconds=lead_s + 1)
    return ahead.replace(microsecond=0)
