"""The refusals of a stream under faults: parts of batches, and calls beyond a shard's write and read limits.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sandbox.faults.active import ACTIVE_FAULTS, ActiveFaults, Standing
from sandbox.faults.buckets import TokenBucket
from sandbox.faults.errors import PROVISIONED
from sandbox.kinesis.shard import StoredShard

if TYPE_CHECKING:
    from moto.kinesis.models import Stream

Refusal = tuple[str, str]
"""An error's code and message."""
_INTERNAL = "Internal service failure."
_SECOND = 1.0
_READ_AHEAD_S = 5
"""A call may return 10 MiB, a shard's limit for five seconds, in which the shard refuses further calls."""


class ShardThroughput:
    """Refuses records while the faults `partial` and `limits` are on."""

    def __init__(self, active: ActiveFaults, clock: Callable[[], float] = time.time) -> None:
        self._active = active
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def refused(self, stream: Stream, entries: Sequence[tuple[StoredShard, int]], operation: str) -> dict[int, Refusal]:
        """The refused records of a call, by their place; `entries` has each record's shard and size in bytes."""
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

    def readable_bytes(self, stream: Stream, shard: StoredShard) -> float | None:
        """How many bytes a GetRecords of a shard may return: None without a limit, 0 if it is refused."""
        readable: float | None = None
        for standing in self._active.matching("limits", "kinesis", "GetRecords"):
            calls, bytes_ = self._reading(stream, shard, standing)
            if (not calls.has(1) or not bytes_.is_positive) and self._active.strikes(standing):
                return 0
            calls.take(1)
            readable = min(readable or math.inf, max(1.0, bytes_.per_s * _READ_AHEAD_S))
        return readable

    def has_read(self, stream: Stream, shard: StoredShard, size_bytes: int) -> None:
        """Subtract what a GetRecords has returned from the shard's allowance."""
        for standing in self._active.matching("limits", "kinesis", "GetRecords"):
            self._reading(stream, shard, standing)[1].take(size_bytes)

    def _reading(self, stream: Stream, shard: StoredShard, standing: Standing) -> tuple[TokenBucket, TokenBucket]:
        """The buckets of a shard's read calls and of their bytes."""
        calls, bytes_ = (standing.fault.number(name) for name in ("shard_reads", "shard_read_bytes"))
        of = stream.arn, shard.shard_id
        return self._bucket((*of, "reads"), calls), self._bucket((*of, "read bytes"), bytes_)

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


def over_reads(stream: Stream, shard: StoredShard) -> str:
    """GetRecords' message, as in https://github.com/awslabs/amazon-kinesis-client/issues/1521."""
    return f"Rate exceeded for Shard - {stream.account_id}/{stream.stream_name}/{shard.shard_id}"


def _over(stream: Stream, shard: StoredShard) -> str:
    return f"Rate exceeded for shard {shard.shard_id} in stream {stream.stream_name} under account {stream.account_id}."
