"""A shard that replaces moto's."""

from __future__ import annotations

import time
from asyncio import Event
from typing import Any

import msgspec
from moto.kinesis.models import Shard as MotoShard

from sandbox.front.record_log import RecordLog

# 56 digits, as in Kinesis; the ranges of different shards are disjoint, and a child's is above its parents'.
_SEQUENCE_BASE = 4959 * 10**52
_SEQUENCES_PER_SHARD = 10**24
_MAX_SHARDS = 2**31
_encode = msgspec.json.Encoder().encode


def shard_number(sequence: int) -> int | None:
    """The number of the shard whose records have such a sequence number; None if no shard's have."""
    number = (sequence - _SEQUENCE_BASE) // _SEQUENCES_PER_SHARD
    return number if 0 <= number < _MAX_SHARDS else None


class StoredShard(MotoShard):
    """A shard whose records are serialized once, as the JSON that GetRecords returns.

    The records of a split or merged shard stay in it, as on AWS, and its children begin empty. `created_s` and
    `closed_s` are epoch seconds; `closed_s` is None while the shard is open. A caller that waits for the next record,
    or for the end, has an event in `waiting`.
    """

    def __init__(
        self,
        shard_id: int,
        starting_hash: int,
        ending_hash: int,
        parent: str | None = None,
        adjacent_parent: str | None = None,
    ) -> None:
        self.waiting: set[Event] = set()
        self.created_s = time.time()
        self.closed_s: float | None = None
        super().__init__(shard_id, starting_hash, ending_hash, parent, adjacent_parent)
        self.first_sequence = _SEQUENCE_BASE + shard_id * _SEQUENCES_PER_SHARD
        self.log = RecordLog()

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the shard without its waiting callers, which belong to this process."""
        return vars(self) | {"waiting": set()}

    @property
    def is_open(self) -> bool:
        """Whether it accepts records."""
        return self.closed_s is None

    @is_open.setter
    def is_open(self, value: bool) -> None:
        self.closed_s = None if value else self.closed_s or time.time()
        self._wake()

    def put_record(self, partition_key: str, data: str, explicit_hash_key: str) -> str:  # noqa: ARG002 - as moto calls it
        """Append a record, `data` in base64; return its sequence number."""
        # Rounded to the reported milliseconds, so that a read AT_TIMESTAMP of a record's own time includes it.
        now_s = int(time.time() * 1000) / 1000
        sequence = str(self.first_sequence + self.log.end)
        record = b'{"ApproximateArrivalTimestamp":%.3f,"Data":"%b","PartitionKey":%b,"SequenceNumber":"%b"}' % (
            now_s,
            data.encode("ascii"),
            _encode(partition_key),
            sequence.encode("ascii"),
        )
        self.log.append(record, now_s)
        if self.waiting:
            self._wake()
        return sequence

    def get_min_sequence_number(self) -> int:
        """The sequence number of the oldest record."""
        return self.first_sequence + self.log.first

    def get_max_sequence_number(self) -> int:
        """The sequence number of the newest record."""
        return self.first_sequence + max(self.log.end - 1, 0)

    def _wake(self) -> None:
        for event in self.waiting:
            event.set()
