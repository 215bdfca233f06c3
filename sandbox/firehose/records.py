"""The records in flight of a delivery stream, and its checkpoint."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sandbox.shards import Checkpoint
from sandbox.streams import KinesisRecord


@dataclass(slots=True, eq=False)
class BufferedRecord:
    """A source record. It is complete when all `pending` deliveries are acknowledged; `size_bytes` is its data's."""

    shard_id: str
    source: KinesisRecord
    pending: int = 1
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.size_bytes = self.source.size_bytes

    @property
    def data(self) -> bytes:
        """The record's bytes."""
        return self.source.data

    @property
    def arrived_ms(self) -> int:
        """Its arrival in the stream, in epoch milliseconds."""
        return int(self.source.arrived_at * 1000)


class RecordsInFlight:
    """The records in flight of every shard, in order; the checkpoint follows the oldest incomplete one."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._shards: dict[str, deque[BufferedRecord]] = {}
        self.in_flight_bytes = 0

    def add(self, record: BufferedRecord) -> None:
        """Add a record that was read."""
        self._shards.setdefault(record.shard_id, deque()).append(record)
        self.in_flight_bytes += record.size_bytes

    def acknowledge(self, record: BufferedRecord) -> None:
        """Acknowledge one of the record's deliveries (or its drop)."""
        record.pending -= 1
        if record.pending == 0:
            self.in_flight_bytes -= record.size_bytes

    def save(self) -> None:
        """Advance the checkpoint to the oldest incomplete record, and write it."""
        for shard_id, records in self._shards.items():
            done: BufferedRecord | None = None
            while records and records[0].pending == 0:
                done = records.popleft()
            if done is not None:
                self._checkpoint.advance(shard_id, done.source.sequence)
        self._checkpoint.save()

    def is_empty(self, shard_id: str) -> bool:
        """Return whether the shard has no record in flight."""
        return not self._shards.get(shard_id)

    @property
    def backlog(self) -> int:
        """The number of incomplete records."""
        return sum(len(records) for records in self._shards.values())

    def oldest_ms(self) -> int | None:
        """Arrival of the oldest record in flight, in epoch milliseconds; None without one."""
        return min((records[0].arrived_ms for records in self._shards.values() if records), default=None)
