"""Limits that the sandbox can set on one stage of a pipeline, each with its rate in changes per second."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from capacity.bottleneck import Stage
from capacity.report import CapacityReport
from tests.e2e.pipeline import Pipeline

_PER_S = 100
_SHARDS = 4
"""Of the sandbox's stack: Pulumi.local.yaml."""
_UNLIMITED_UNITS = 40_000
_HOT_KEYS, _HOT_SHARE, _UPDATES = 20, 0.8, 0.9


class StageLimit(NamedTuple):
    """A limit: the stage that it limits, how it is set, the settings of the run, and its rate.

    `per_s` is in changes per second, and may depend on the run's measurements. It is None for a partition: an order in
    flight is not written again, so a throttle lowers the load of hot orders, and no rate of all writes is its limit.
    """

    stage: Stage
    is_set: Callable[[Pipeline], AbstractContextManager[object]]
    per_s: Callable[[CapacityReport], float] | None
    options: tuple[str, ...] = ()


@contextmanager
def _table(pipeline: Pipeline) -> Generator[None]:
    """The maximum of an on-demand table: an order takes one write unit."""
    client, table = pipeline.client("dynamodb"), pipeline.outputs.require("table_name")
    client.update_table(TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": _PER_S})
    try:
        with pipeline.inject("limits", service="dynamodb"):
            yield
    finally:
        client.update_table(TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": _UNLIMITED_UNITS})


def _partition(pipeline: Pipeline) -> AbstractContextManager[object]:
    """A few hot keys, each of which is a partition of the sandbox."""
    return pipeline.inject("limits", service="dynamodb", partition_writes=_PER_S / _HOT_KEYS)


def _stream(pipeline: Pipeline) -> AbstractContextManager[object]:
    """Return the write rate of all shards."""
    return pipeline.inject("limits", service="kinesis", operation="PutRecords", shard_records=_PER_S / _SHARDS)


_BATCH, _BATCH_S = 50, 0.5


@contextmanager
def _pipe(pipeline: Pipeline) -> Generator[None]:
    """Slow batches of a fixed size: the sandbox's Pipe sends one after another."""
    with _resized(pipeline, BatchSize=_BATCH):
        ms = 1000 * _BATCH_S
        with pipeline.inject("latency", service="kinesis", operation="PutRecords", caller="worker", ms=ms):
            yield


@contextmanager
def _resized(pipeline: Pipeline, **changed: object) -> Generator[None]:
    client, name = pipeline.client("pipes"), pipeline.outputs.require("pipe_name")
    pipe: Mapping[str, Any] = client.describe_pipe(Name=name)
    given = dict(pipe["SourceParameters"]["DynamoDBStreamParameters"])
    del given["StartingPosition"]  # of CreatePipe alone

    def update(parameters: Mapping[str, object]) -> None:
        source = {"DynamoDBStreamParameters": parameters}
        client.update_pipe(Name=name, RoleArn=pipe["RoleArn"], SourceParameters=source)

    update(given | changed)
    try:
        yield
    finally:
        update(given)


def _transform(pipeline: Pipeline) -> AbstractContextManager[object]:
    """A function with a fixed time per record: the sandbox's Firehose has one invocation at a time."""
    name = pipeline.outputs.require("function_name")
    return pipeline.inject("function", how="slow", function=name, record_ms=1000 / _PER_S)


_READ_BYTES = 30_000


def _delivery(pipeline: Pipeline) -> AbstractContextManager[object]:
    """Return the rate at which Firehose can read the shards."""
    return pipeline.inject("limits", service="kinesis", operation="GetRecords", shard_read_bytes=_READ_BYTES)


def _per_s(_: CapacityReport) -> float:
    return _PER_S


def _stream_per_s(report: CapacityReport) -> float:
    """What the shards take when the fullest takes all that it may: the Pipe repeats a batch before it sends another."""
    return _PER_S / _SHARDS / _fullest_share(report)


def _batches_per_s(report: CapacityReport) -> float:
    """Return the limit by the measured time of an execution, which includes this machine's overhead."""
    took_ms = [step.signals.pipe_duration_ms or 0.0 for step in report.steps]
    return _BATCH / max(_BATCH_S, max(took_ms) / 1000)


def _transformed_per_s(report: CapacityReport) -> float:
    """Return the limit by the function's measured time per record, which includes this machine's overhead."""
    took_s = [(step.signals.function_busy_s or 0.0) / step.acked for step in report.steps if not step.held]
    return 1 / max(1 / _PER_S, sum(took_s) / len(took_s))


def _read_per_s(report: CapacityReport) -> float:
    """What Firehose reads of all shards: each on its own, so that one which is fuller by chance holds up no other."""
    sizes = [step.change_bytes for step in report.steps if step.change_bytes]
    return _SHARDS * _READ_BYTES / (sum(sizes) / len(sizes))


def _fullest_share(report: CapacityReport) -> float:
    """Return the share of the fullest shard in the failed steps: the keys are spread by chance."""
    shares: list[float] = []
    for step in report.steps:
        loads = [shard.bytes_per_s for shard in step.shards]
        if not step.held and loads:
            shares.append(max(loads) / sum(loads))
    return sum(shares) / len(shares) if shares else 1 / _SHARDS


LIMITS: tuple[StageLimit, ...] = (
    StageLimit("table", _table, _per_s),
    StageLimit(
        "partition",
        _partition,
        None,
        (
            *("--mix", f"insert={10 - 10 * _UPDATES:.0f},update={10 * _UPDATES:.0f}"),
            *("--keys", f"hot:keys={_HOT_KEYS},share={_HOT_SHARE},rest=1ms"),
        ),
    ),
    StageLimit("stream", _stream, _stream_per_s),
    StageLimit("pipe", _pipe, _batches_per_s),
    StageLimit("transform", _transform, _transformed_per_s),
    # Reading the stream back after a step takes as long as the step, because the limit is of all that read a shard: the
    # first step is not far above it.
    StageLimit("delivery", _delivery, _read_per_s, ("--from", "90")),
)
