"""Under all faults and crashes of the worker, the records of a delivery stream are in S3, in the errors, or dropped."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.awsjson import UnreachableError
from sandbox.firehose.config import Buffering, ObjectDestination, Processor, StreamConfig
from sandbox.firehose.flow import Flow, Ports
from sandbox.firehose.records import BufferedRecord
from sandbox.firehose.transform import Dropped, Failed, FunctionError, Outcome, Transformed
from sandbox.shards import Checkpoint, RecordPage, Shard
from sandbox.state import StateDir
from sandbox.streams import KinesisRecord

PREFIX, ERRORS = "data/!{timestamp:HH}/", "errors/!{firehose:error-output-type}/"


@dataclass
class Script:
    """Faults, one a call, until they are used up."""

    faults: list[Any]

    def next(self) -> Any:
        return self.faults.pop() if self.faults else None


@dataclass
class Stream:
    """Two shards, the first of which was split into two: the children have the later records."""

    records: dict[str, list[KinesisRecord]]
    script: Script
    page: int

    def shards(self) -> list[Shard]:
        self._fail()
        return [Shard("s-0", (), is_open=False), Shard("s-1"), Shard("s-2", ("s-0",)), Shard("s-3", ("s-0",))]

    def iterator(self, shard_id: str, after: str | None) -> str:
        self._fail()
        sequences = [record.sequence for record in self.records[shard_id]]
        return f"{shard_id}:{0 if after is None else sequences.index(after) + 1}"

    def read(self, iterator: str) -> RecordPage[KinesisRecord]:
        self._fail()
        shard_id, index = iterator.split(":")
        records = self.records[shard_id][int(index) : int(index) + self.page]
        end = int(index) + len(records)
        behind = end < len(self.records[shard_id])
        ended = shard_id == "s-0" and not behind
        return RecordPage(records, None if ended else f"{shard_id}:{end}", at_tip=not behind, more=behind)

    def _fail(self) -> None:
        if self.script.next():
            raise UnreachableError("refused")


@dataclass
class Function:
    """Drops, fails or passes records by their number; fails as a whole by the script."""

    script: Script
    dropped: set[bytes] = field(default_factory=set[bytes])

    def transform(self, records: Sequence[BufferedRecord]) -> list[Outcome]:
        match self.script.next():
            case "outage":
                raise UnreachableError("refused")
            case "error":
                raise FunctionError("Lambda.FunctionError", "failed", "as scripted")
            case _:
                return [self._outcome(record) for record in records]

    def _outcome(self, record: BufferedRecord) -> Outcome:
        number = int(record.data)
        if number % 7 == 0:
            self.dropped.add(record.data)
            return Dropped(record)
        if number % 5 == 0:
            return Failed(record, "Lambda.ProcessingFailedStatus", "as requested")
        return Transformed(record, record.data + b"\n", {})


@dataclass
class Store:
    """S3 in memory; fails by the script."""

    script: Script
    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def put_object(self, **arguments: Any) -> Any:
        if self.script.next():
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        self.objects[arguments["Key"]] = arguments["Body"]

    def lines(self, prefix: str) -> list[bytes]:
        return [line for key, body in self.objects.items() if key.startswith(prefix) for line in body.splitlines()]


def accounted_for(store: Store, function: Function) -> set[bytes]:
    """Return the records that are delivered, in the errors, or dropped on purpose."""
    errors = store.lines("errors/processing-failed/")
    refused = {b64decode(json.loads(line)["rawData"]) for line in errors}
    return {*store.lines("data/"), *refused, *function.dropped}


FAULTS = st.lists(st.booleans(), max_size=20)


@settings(deadline=None)
@given(
    counts=st.tuples(*[st.integers(0, 25)] * 4),
    page=st.integers(1, 30),
    source_faults=FAULTS,
    store_faults=FAULTS,
    function_faults=st.lists(st.sampled_from([None, "outage", "error"]), max_size=12),
    crashes=st.lists(st.integers(1, 15), max_size=4),
    buffer_s=st.sampled_from([0.0, 1.0]),
    backup=st.booleans(),
)
def test_every_record_is_delivered_refused_or_dropped(
    counts: tuple[int, int, int, int],
    page: int,
    source_faults: list[bool],
    store_faults: list[bool],
    function_faults: list[str | None],
    crashes: list[int],
    buffer_s: float,
    backup: bool,
) -> None:
    destination = ObjectDestination("lake", PREFIX, ERRORS, Buffering(40, buffer_s), "UNCOMPRESSED", None, "UTC")
    raw = ObjectDestination("lake", "raw/", None, Buffering(1, 0.0), "UNCOMPRESSED", None, "UTC")
    config = StreamConfig(
        "d",
        "arn:aws:firehose:eu-west-1:123456789012:deliverystream/d",
        "1",
        0.0,
        "arn",
        destination,
        raw if backup else None,
        Processor("arn:lambda", Buffering(20, buffer_s), 1),
        None,
        {},
        b"",
    )
    numbers = iter(range(1, 1000))
    records = {
        f"s-{shard}": [KinesisRecord(str(n), 100.0 + n, "k", b"%d" % n) for n in islice(numbers, count)]
        for shard, count in enumerate(counts)
    }
    expected = {record.data for shard in records.values() for record in shard}
    source = Stream(records, Script(list(source_faults)), page)
    function, store = Function(Script(list(function_faults))), Store(Script(list(store_faults)))
    clock = [1000.0]
    with TemporaryDirectory() as directory:
        for steps in [*crashes, 400]:
            checkpoint = Checkpoint(StateDir(Path(directory)), "d", config.identity)
            flow = Flow(config, Ports(source, store, function, None, lambda: clock[0]), checkpoint)
            for _ in range(steps):
                clock[0] += flow.step()
                if flow.account()["backlog"] == 0 and accounted_for(store, function) >= expected:
                    break

    assert accounted_for(store, function) == expected
    assert all(int(data) % 35 for data in store.lines("data/"))
    if backup:
        raw_bytes = b"".join(body for key, body in store.objects.items() if key.startswith("raw/"))
        assert all(data in raw_bytes for data in expected)
