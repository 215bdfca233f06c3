"""How often a delivery stream reads its shards: sooner than AWS while records come, as AWS does while none come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.firehose.config import Buffering, ObjectDestination, StreamConfig
from sandbox.firehose.flow import Flow, Ports
from sandbox.shards import Checkpoint, RecordPage, Shard
from sandbox.state import StateDir
from sandbox.streams import KinesisRecord


class _Stream:
    """One shard, which counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.records: list[KinesisRecord] = []

    def shards(self) -> list[Shard]:
        return [Shard("s-0")]

    def iterator(self, shard_id: str, after: str | None) -> str:
        del shard_id
        return "0" if after is None else str([record.sequence for record in self.records].index(after) + 1)

    def read(self, iterator: str) -> RecordPage[KinesisRecord]:
        self.reads += 1
        records = self.records[int(iterator) :]
        return RecordPage(records, str(len(self.records)), at_tip=True, more=False)


class _Store:
    def put_object(self, **arguments: Any) -> None:
        del arguments


def test_a_quiet_stream_is_read_once_a_second_and_a_busy_one_four_times(tmp_path: Path) -> None:
    destination = ObjectDestination("lake", "data/", "errors/", Buffering(40, 1.0), "UNCOMPRESSED", None, "UTC")
    arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/d"
    config = StreamConfig("d", arn, "1", 0.0, "arn", destination, None, None, None, {}, b"")
    stream, clock = _Stream(), [1000.0]
    checkpoint = Checkpoint(StateDir(tmp_path), "d", config.identity)
    flow = Flow(config, Ports(stream, _Store(), None, None, lambda: clock[0]), checkpoint)

    def reads(seconds: float) -> int:
        before, end = stream.reads, clock[0] + seconds
        while clock[0] < end:
            clock[0] += max(flow.step(), 0.01)
        return stream.reads - before

    assert 36 <= reads(10) <= 44
    reads(30)
    assert 9 <= reads(10) <= 11
    stream.records.append(KinesisRecord("1", clock[0], "k", b"{}"))
    reads(1)
    assert flow.account()["records_in"] == 1
    assert 36 <= reads(10) <= 44
