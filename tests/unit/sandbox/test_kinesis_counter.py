"""Kinesis' metrics of a PutRecords of which some records are refused, by AWS's descriptions of them.

https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.front.counting.kinesis import THROTTLED, KinesisCounter
from sandbox.monitoring.recorder import RECORDER

_SHARDS: Any = [SimpleNamespace(shard_id=name) for name in ("s-0", "s-1", "s-0", "s-1")]
_SIZES = [100, 200, 300, 400]
_CODES = {1: THROTTLED, 3: "InternalFailure"}


@pytest.fixture
def counted() -> dict[tuple[str, str], float]:
    """The sums of all metrics, by their names and the shard, "" for the stream's own."""
    RECORDER.take()
    stream: Any = SimpleNamespace(region="eu-west-1", stream_name="changes", shard_level_metrics=["ALL"])
    KinesisCounter().put(stream, "PutRecords", _SHARDS, _SIZES, _CODES, 0)
    return {
        (one.metric.name, dict(one.metric.dimensions).get("ShardId", "")): one.samples.sum for one in RECORDER.take()
    }


def test_the_stream_counts_what_was_taken_refused_and_throttled(counted: dict[tuple[str, str], float]) -> None:
    assert {name: value for (name, shard), value in counted.items() if not shard and "Latency" not in name} == {
        "PutRecords.Bytes": 400,
        "PutRecords.Success": 1,
        "PutRecords.Records": 2,
        "PutRecords.TotalRecords": 4,
        "PutRecords.SuccessfulRecords": 2,
        "PutRecords.FailedRecords": 1,
        "PutRecords.ThrottledRecords": 1,
        "IncomingRecords": 2,
        "IncomingBytes": 400,
        "WriteProvisionedThroughputExceeded": 1,
    }


def test_with_enhanced_monitoring_each_shard_counts_its_own(counted: dict[tuple[str, str], float]) -> None:
    by_shard = {key: value for key, value in counted.items() if key[1]}
    assert by_shard == {
        ("IncomingRecords", "s-0"): 2,
        ("IncomingBytes", "s-0"): 400,
        ("WriteProvisionedThroughputExceeded", "s-0"): 0,
        ("IncomingRecords", "s-1"): 0,
        ("IncomingBytes", "s-1"): 0,
        ("WriteProvisionedThroughputExceeded", "s-1"): 1,
    }
