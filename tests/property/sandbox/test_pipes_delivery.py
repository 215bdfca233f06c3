"""Under all target faults and worker crashes, a pipe loses nothing and delivers each key's last change last."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.awsjson import RemoteError, UnreachableError
from sandbox.pipes.config import PipeConfig
from sandbox.pipes.runner import compile_steps
from sandbox.pipes.shard import PipeCounters, PipeShard
from sandbox.pipes.target import Outgoing, Rejection
from sandbox.shards import Checkpoint, Cursor, RecordPage, Shard
from sandbox.state import StateDir
from sandbox.streams import ChangeRecord


@dataclass
class Stream:
    """Changes of few keys; reads return pages of various sizes."""

    records: list[ChangeRecord]
    pages: list[int]

    def shards(self) -> list[Shard]:
        return [Shard("shard")]

    def iterator(self, shard_id: str, after: str | None) -> str:
        return after or "0"

    def read(self, iterator: str) -> RecordPage[ChangeRecord]:
        size = self.pages.pop() if self.pages else 7
        start = int(iterator)
        records = self.records[start : start + size]
        end = start + len(records)
        return RecordPage(records, str(end), at_tip=end == len(self.records), more=end < len(self.records))


@dataclass
class Kinesis:
    """Applies the script's fault to each call, until the script ends."""

    script: list[object]
    accepted: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def put(self, records: list[Outgoing]) -> dict[int, Rejection]:
        fault = self.script.pop() if self.script else None
        if fault == "outage":
            raise UnreachableError("refused")
        if fault == "error":
            raise RemoteError(400, "LimitExceededException", "")
        refused = {i for i in range(len(records)) if isinstance(fault, int) and (fault >> (i % 16)) & 1}
        self.accepted += [
            (str(record.partition_key), record.data.decode()) for i, record in enumerate(records) if i not in refused
        ]
        return {i: Rejection("InternalFailure", "") for i in refused}


class Dead:
    """Counts the dead letters."""

    def __init__(self) -> None:
        self.sequences: set[str] = set()

    def send(self, message: dict[str, Any]) -> None:
        info = message["DDBStreamBatchInfo"]
        self.sequences |= {str(i) for i in range(int(info["startSequenceNumber"]), int(info["endSequenceNumber"]) + 1)}


FAULTS = st.one_of(st.none(), st.sampled_from(["outage", "error"]), st.integers(1, 2**16 - 1))


def changes(keys: list[int]) -> list[ChangeRecord]:
    return [
        ChangeRecord(str(i), 1000.0, {"dynamodb": {"Keys": {"id": {"S": f"k{key}"}}, "SequenceNumber": str(i)}})
        for i, key in enumerate(keys, 1)
    ]


@settings(deadline=None)
@given(
    keys=st.lists(st.integers(0, 4), max_size=60),
    pages=st.lists(st.integers(0, 20), max_size=20),
    script=st.lists(FAULTS, max_size=25),
    crashes=st.lists(st.integers(1, 12), max_size=5),
    batch_size=st.integers(1, 12),
    window_s=st.integers(0, 2),
    bisect=st.booleans(),
    retries=st.sampled_from([-1, 0, 2]),
)
def test_every_change_arrives_or_is_dead_lettered(
    keys: list[int],
    pages: list[int],
    script: list[object],
    crashes: list[int],
    batch_size: int,
    window_s: int,
    bisect: bool,
    retries: int,
) -> None:
    config = PipeConfig(
        "p",
        "arn:pipe",
        0.0,
        "arn:stream",
        "arn:target",
        "TRIM_HORIZON",
        "$.dynamodb.Keys.id.S",
        batch_size=batch_size,
        batching_window_s=window_s,
        maximum_retry_attempts=retries,
        bisect=bisect,
        input_template="<$.dynamodb.SequenceNumber>",
    )
    stream, kinesis, dead = Stream(changes(keys), pages), Kinesis(script), Dead()
    clock = [1000.0]
    with TemporaryDirectory() as directory:
        state = StateDir(Path(directory))
        for steps in [*crashes, 5_000]:
            checkpoint = Checkpoint(state, "p", config.identity)
            cursor = Cursor(stream, Shard("shard"), checkpoint.accepted("shard"), None)
            shard = PipeShard(
                config, cursor, compile_steps(config), kinesis, dead, checkpoint, PipeCounters(), lambda: clock[0]
            )
            for _ in range(steps):
                clock[0] += shard.step()
                if checkpoint.accepted("shard") == str(len(keys)):
                    break

    arrived = [(key, int(data.strip('"'))) for key, data in kinesis.accepted]
    assert {sequence for _, sequence in arrived} | {int(s) for s in dead.sequences} >= set(range(1, len(keys) + 1))
    if not dead.sequences:
        last = dict(arrived)
        assert last == {f"k{key}": i for i, key in enumerate(keys, 1)}
