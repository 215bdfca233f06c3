"""One shard of a pipe: batching, retries, giving up, checkpoints. Time is the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.awsjson import CallError, RemoteError, UnreachableError
from sandbox.pipes.config import PipeConfig
from sandbox.pipes.runner import as_pipes_emits, compile_steps
from sandbox.pipes.shard import PipeCounters, PipeShard
from sandbox.pipes.target import Outgoing, Rejection
from sandbox.shards import Checkpoint, Cursor, RecordPage, Shard
from sandbox.state import StateDir
from sandbox.streams import ChangeRecord

STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000"


@dataclass
class Source:
    """A shard in memory."""

    records: list[ChangeRecord] = field(default_factory=list[ChangeRecord])
    reads: int = 0
    fails_from: float = float("inf")

    def add(self, *keys: str, at: float = 1000.0) -> None:
        for key in keys:
            sequence = str(len(self.records) + 1)
            event: dict[str, Any] = {
                "eventID": sequence,
                "eventName": "INSERT",
                "dynamodb": {"Keys": {"id": {"S": key}}, "SequenceNumber": sequence},
            }
            self.records.append(ChangeRecord(sequence, at, event))

    def shards(self) -> list[Shard]:
        return [Shard("shard")]

    def iterator(self, shard_id: str, after: str | None) -> str:
        return after or "0"

    def read(self, iterator: str) -> RecordPage[ChangeRecord]:
        self.reads += 1
        if self.reads >= self.fails_from:
            raise UnreachableError("refused")
        records = self.records[int(iterator) :]
        return RecordPage(records, str(len(self.records)), at_tip=True, more=False)


@dataclass
class Target:
    """Takes everything but the keys in `refused`; `error` fails whole calls."""

    batches: list[list[str]] = field(default_factory=list[list[str]])
    accepted: list[str] = field(default_factory=list[str])
    refused: set[str] = field(default_factory=set[str])
    error: CallError | None = None

    def put(self, records: list[Outgoing]) -> dict[int, Rejection]:
        keys = [str(record.partition_key) for record in records]
        self.batches.append(keys)
        if self.error is not None:
            raise self.error
        self.accepted += [key for key in keys if key not in self.refused]
        return {i: Rejection("InternalFailure", "try later") for i, key in enumerate(keys) if key in self.refused}


@dataclass
class Queue:
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)


@dataclass
class Bench:
    """A pipe's shard between a source and a target in memory, with a clock to turn."""

    state: StateDir
    options: dict[str, Any]
    source: Source = field(default_factory=Source)
    target: Target = field(default_factory=Target)
    queue: Queue = field(default_factory=Queue)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        settings: dict[str, Any] = {
            "starting_position": "TRIM_HORIZON",
            "partition_key": "$.dynamodb.Keys.id.S",
        } | self.options
        config = PipeConfig(
            "orders",
            "arn:aws:pipes:eu-west-1:123456789012:pipe/orders",
            0.0,
            STREAM,
            "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
            **settings,
        )
        self.checkpoint = Checkpoint(self.state, "pipes-orders", config.identity)
        cursor = Cursor(self.source, Shard("shard"), self.checkpoint.accepted("shard"), None)
        self.counters = PipeCounters()
        self.shard = PipeShard(
            config,
            cursor,
            compile_steps(config),
            self.target,
            self.queue,
            self.checkpoint,
            self.counters,
            lambda: self.now,
        )

    def run(self, seconds: float = 0.0) -> None:
        """Step until nothing is due within the time."""
        end = self.now + seconds
        for _ in range(10_000):
            pause = self.shard.step()
            if pause > 0:
                if self.now + pause > end:
                    self.now = end
                    return
                self.now += pause
        pytest.fail("the shard never rests")

    @property
    def accepted_to(self) -> str | None:
        return self.checkpoint.accepted("shard")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(StateDir(tmp_path), {})


def bench_with(tmp_path: Path, **options: Any) -> Bench:
    return Bench(StateDir(tmp_path), options)


def test_records_are_sent_as_soon_as_they_are_there(bench: Bench) -> None:
    bench.source.add("a", "b")
    bench.run()
    assert bench.target.batches == [["a", "b"]]
    assert bench.accepted_to == "2"


def test_a_shard_is_polled_four_times_a_second(bench: Bench) -> None:
    bench.run(10)
    assert bench.source.reads == pytest.approx(41, abs=1)


def test_a_batch_holds_as_many_as_its_size(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, batch_size=2)
    bench.source.add("a", "b", "c", "d", "e")
    bench.run()
    assert bench.target.batches == [["a", "b"], ["c", "d"], ["e"]]


def test_what_a_batch_leaves_over_is_sent_with_what_has_come_since(tmp_path: Path) -> None:
    """A pipe reads until it has a full batch: eb-pipes-dynamodb.html, polling and batching streams."""
    bench = bench_with(tmp_path, batch_size=3)

    class Slow(Target):
        """More records come during its first calls."""

        def put(self, records: list[Outgoing]) -> dict[int, Rejection]:
            if len(self.batches) < 2:
                bench.source.add(*(f"{len(self.batches)}{name}" for name in "xyz"))
            return super().put(records)

    bench.shard.target = bench.target = Slow()
    bench.source.add("a", "b", "c", "d")
    bench.run()
    assert bench.target.batches == [["a", "b", "c"], ["d", "0x", "0y"], ["0z", "1x", "1y"], ["1z"]]


def test_what_a_batch_leaves_over_does_not_wait_for_an_unreadable_stream(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, batch_size=2)
    bench.source.add("a", "b", "c")
    bench.source.fails_from = 2
    with pytest.raises(UnreachableError):
        bench.run()
    bench.run()
    assert bench.target.batches == [["a", "b"], ["c"]]


def test_a_window_gathers_until_it_is_over_or_the_batch_is_full(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, batch_size=3, batching_window_s=5)
    bench.source.add("a")
    bench.run(4)
    assert bench.target.batches == []
    bench.source.add("b", "c")
    bench.run(0.5)
    assert bench.target.batches == [["a", "b", "c"]]
    bench.source.add("d")
    bench.run(6)
    assert bench.target.batches[1:] == [["d"]]


def test_what_the_filter_keeps_out_counts_as_accepted(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, filters=('{"dynamodb": {"Keys": {"id": {"S": ["b"]}}}}',))
    bench.source.add("a", "b", "c")
    bench.run()
    assert bench.target.batches == [["b"]]
    assert bench.accepted_to == "3"
    bench.source.add("a")
    bench.run(1)
    assert bench.accepted_to == "4"
    assert bench.counters.filtered == 3


def test_a_partial_failure_sends_the_failed_ones_again_in_order(bench: Bench) -> None:
    bench.source.add("a", "b", "a", "c", "a")
    bench.target.refused = {"a"}
    bench.run()
    assert bench.target.batches == [["a", "b", "a", "c", "a"]]
    assert bench.accepted_to is None
    bench.target.refused = set()
    bench.run(1)
    assert bench.target.batches[1:] == [["a", "a", "a"]]
    assert bench.accepted_to == "5"


def test_an_outage_is_waited_out_however_long(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, maximum_retry_attempts=0)
    bench.source.add("a")
    for error in (UnreachableError("refused"), RemoteError(500, "InternalFailure", "")):
        bench.target.error = error
        bench.run(100)
    assert bench.queue.messages == []
    bench.target.error = None
    bench.run(20)
    assert bench.target.accepted == ["a"]


def test_a_refused_batch_is_discarded_after_its_retries(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, maximum_retry_attempts=2)
    bench.target.error = RemoteError(400, "ResourceNotFoundException", "no stream")
    bench.source.add("a", "b")
    bench.run(30)
    assert len(bench.target.batches) == 3
    message = bench.queue.messages[0]
    assert message["context"] == {
        "partnerResourceArn": "arn:aws:pipes:eu-west-1:123456789012:pipe/orders",
        "condition": "RetryAttemptsExhausted",
    }
    assert message["version"] == "1.0"
    assert message["timestamp"].endswith("Z")
    assert message["DDBStreamBatchInfo"] == {
        "shardId": "shard",
        "startSequenceNumber": "1",
        "endSequenceNumber": "2",
        "approximateArrivalOfFirstRecord": "1970-01-01T00:16:40Z",
        "approximateArrivalOfLastRecord": "1970-01-01T00:16:40Z",
        "batchSize": 2,
        "streamArn": STREAM,
    }
    assert bench.accepted_to == "2"
    assert bench.counters.discarded == 2


def test_bisecting_finds_the_one_that_is_refused(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, maximum_retry_attempts=1, bisect=True)
    bench.target.refused = {"bad"}
    bench.source.add("a", "b", "bad", "c", "d")
    bench.run(60)
    assert bench.target.accepted == ["a", "b", "c", "d"]
    assert [m["DDBStreamBatchInfo"]["startSequenceNumber"] for m in bench.queue.messages] == ["3"]
    assert bench.queue.messages[0]["DDBStreamBatchInfo"]["batchSize"] == 1


def test_bisecting_a_refused_call_halves_the_batch(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, maximum_retry_attempts=0, bisect=True)
    bench.target.error = RemoteError(400, "ValidationException", "")
    bench.source.add("a", "b", "c", "d")
    bench.run(60)
    assert [len(batch) for batch in bench.target.batches] == [4, 2, 1, 1, 2, 1, 1]
    assert len(bench.queue.messages) == 4
    assert bench.accepted_to == "4"


def test_records_that_are_too_old_are_discarded(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, maximum_record_age_s=60)
    bench.target.error = UnreachableError("refused")
    bench.source.add("old", at=950.0)
    bench.source.add("young", at=1000.0)
    bench.run(30)
    bench.target.error = None
    bench.run(12)
    assert bench.target.accepted == ["young"]
    assert [m["context"]["condition"] for m in bench.queue.messages] == ["RecordAgeExceeded"]
    assert bench.accepted_to == "2"


def test_nothing_is_discarded_that_the_dead_letter_queue_refuses(tmp_path: Path) -> None:
    from botocore.exceptions import EndpointConnectionError

    class Closed(Queue):
        def send(self, message: dict[str, Any]) -> None:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    bench = bench_with(tmp_path, maximum_retry_attempts=0)
    bench.shard.dead_letters = Closed()
    bench.target.error = RemoteError(400, "ValidationException", "")
    bench.source.add("a")
    bench.run(60)
    assert bench.accepted_to is None
    bench.target.error = None
    bench.run(20)
    assert bench.target.accepted == ["a"]


def test_a_restart_goes_on_behind_the_last_accepted_batch(tmp_path: Path) -> None:
    bench = bench_with(tmp_path, batch_size=2)
    bench.source.add("a", "b", "c")
    bench.run()
    bench.source.add("d")
    bench.restart()
    bench.run()
    assert bench.target.batches == [["a", "b"], ["c"], ["d"]]


def test_the_lag_is_the_age_of_the_oldest_record_not_accepted(bench: Bench) -> None:
    assert bench.shard.lag_ms() == 0
    bench.target.error = UnreachableError("refused")
    bench.source.add("a", at=990.0)
    bench.run(5)
    assert bench.shard.lag_ms() == pytest.approx(15_000, abs=300)
    assert bench.shard.backlog == 1


def test_the_event_is_handed_on_as_pipes_does() -> None:
    event = {
        "eventID": "1",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {"Keys": {"id": {"S": "a"}}},
    }
    emitted = as_pipes_emits(event, STREAM, "eu-west-1")
    assert list(emitted) == [
        "eventID",
        "eventName",
        "eventVersion",
        "eventSource",
        "awsRegion",
        "dynamodb",
        "eventSourceARN",
    ]
    assert emitted["awsRegion"] == "eu-west-1"
    assert emitted["eventSourceARN"] == STREAM
