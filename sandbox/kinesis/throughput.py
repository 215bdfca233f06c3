"""What faults have a stream not accept: a part of a batch, and what exceeds a shard's limits.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sandbox.faults.active import ACTIVE_FAULTS, ActiveFaults
from sandbox.faults.buckets import TokenBucket
from sandbox.faults.errors import PROVISIONED
from sandbox.kinesis.shard import StoredShard

if TYPE_CHECKING:
    from moto.kinesis.models import Stream

Refusal = tuple[str, str]
"""An error's code and message."""
_INTERNAL = "Internal service failure."
_SECOND = 1.0


class ShardThroughput:
    """Refuses records by the faults `partial` and `limits` that are on."""

    def __init__(self, active: ActiveFaults, clock: Callable[[], float] = time.time) -> None:
        self._active = active
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def refused(self, stream: Stream, entries: Sequence[tuple[StoredShard, int]], operation: str) -> dict[int, Refusal]:
        """Which records of a call are refused, by their place; of each its shard and size in bytes are given."""
        refused: dict[int, Refusal] = {}
        for standing in self._active.matching("partial", "kinesis", operation):
            code = standing.fault.text("error")
            for number in self._active.part_of(standing, len(entries)):
                message = (
                    "Internal service failure." if code == "InternalFailure" else _over(stream, entries[number][0])
                )
                refused[number] = code, message
        for standing in self._active.matching("limits", "kinesis", operation):
            limits = standing.fault.number("shard_records"), standing.fault.number("shard_bytes")
            for number, (shard, size) in enumerate(entries):
                if number in refused or self._admits(stream, shard, size, limits):
                    continue
                if self._active.strikes(standing):
                    refused[number] = PROVISIONED, _over(stream, shard)
        return refused

    def _admits(self, stream: Stream, shard: StoredShard, size_bytes: int, limits: tuple[float, float]) -> bool:
        records = self._bucket((stream.arn, shard.shard_id, "records"), limits[0])
        bytes_ = self._bucket((stream.arn, shard.shard_id, "bytes"), limits[1])
        if not records.has(1) or not bytes_.has(size_bytes):
            return False
        records.take(1)
        bytes_.take(size_bytes)
        return True

    def _bucket(self, key: tuple[str, str, str], per_s: float) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None or bucket.per_s != per_s:
            bucket = self._buckets[key] = TokenBucket(per_s, _SECOND, self._clock)
        return bucket


SHARD_THROUGHPUT = ShardThroughput(ACTIVE_FAULTS)


def _over(stream: Stream, shard: StoredShard) -> str:
    return f"Rate exceeded for shard {shard.shard_id} in stream {stream.stream_name} under account {stream.account_id}."
