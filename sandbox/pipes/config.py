"""A pipe's configuration, from DescribePipe."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from sandbox.supervisor import UnsupportedError

DEFAULT_BATCH_SIZE = 100
FOREVER = -1
MAXIMUM_BUS_BATCH = 10
"""The maximum batch of a pipe to an event bus, which is the target's maximum.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""
_DETAIL_TYPE = "Event from aws:pipes"


class UnsupportedPipeError(UnsupportedError):
    """A pipe that this worker does not support; its text is the reason."""


class PipeConfig(Struct, frozen=True):
    """A pipe from a stream, DynamoDB's or Kinesis's, to a Kinesis stream or an event bus.

    Times in seconds, `created_at` since the epoch. A limit of -1 means no limit. `partition_key` is for a Kinesis
    stream; `detail_type` and `event_source` are for a bus; each is a constant or a JSON path. `enrichment_arn` is a
    Lambda function's, "" without an enrichment.
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceDynamoDBStreamParameters.html
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceKinesisStreamParameters.html
    """

    name: str
    arn: str
    created_at: float
    source_arn: str
    target_arn: str
    starting_position: str
    partition_key: str = ""
    detail_type: str = _DETAIL_TYPE
    event_source: str = ""
    batch_size: int = DEFAULT_BATCH_SIZE
    batching_window_s: int = 0
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_s: int = FOREVER
    bisect: bool = False
    dead_letter_arn: str | None = None
    filters: tuple[str, ...] = ()
    input_template: str | None = None
    enrichment_arn: str = ""

    @property
    def reads_kinesis(self) -> bool:
        """Whether the source is a Kinesis stream; otherwise it is a DynamoDB stream."""
        return is_kinesis(self.source_arn)

    @property
    def writes_to_bus(self) -> bool:
        """Whether the target is an event bus; otherwise it is a Kinesis stream."""
        return is_bus(self.target_arn)

    @property
    def identity(self) -> str:
        """Distinguishes the pipe from a later one with the same name."""
        return f"{self.arn} {self.created_at} {self.source_arn}"

    @property
    def since(self) -> float | None:
        """The time from which records are read: LATEST is the pipe's creation.

        DynamoDB's creation times are whole seconds, so it is rounded down.
        """
        return None if self.starting_position == "TRIM_HORIZON" else float(int(self.created_at))


def parse_pipe(description: Mapping[str, Any]) -> PipeConfig:
    """The configuration in a response of DescribePipe.

    Raises:
        UnsupportedPipeError: its source, target or enrichment is not supported.
    """
    pipe = msgspec.convert(description, _Pipe)
    if not is_kinesis(pipe.Source) and not (":dynamodb:" in pipe.Source and "/stream/" in pipe.Source):
        raise UnsupportedPipeError(
            f"pipe {pipe.Name} reads {pipe.Source}: only DynamoDB streams and Kinesis streams are supported"
        )
    if not is_kinesis(pipe.Target) and not is_bus(pipe.Target):
        raise UnsupportedPipeError(
            f"pipe {pipe.Name} writes to {pipe.Target}: only Kinesis streams and event buses are supported"
        )
    if pipe.Enrichment and not is_function(pipe.Enrichment):
        raise UnsupportedPipeError(
            f"pipe {pipe.Name} is enriched by {pipe.Enrichment}: only Lambda functions are supported"
        )
    if pipe.EnrichmentParameters.InputTemplate:
        raise UnsupportedPipeError(f"pipe {pipe.Name} has an input template of its enrichment, which is not supported")
    kinesis, bus = pipe.TargetParameters.KinesisStreamParameters, pipe.TargetParameters.EventBridgeEventBusParameters
    if is_kinesis(pipe.Target) and kinesis is None:
        raise UnsupportedPipeError(f"pipe {pipe.Name} has no KinesisStreamParameters.PartitionKey")
    stream = (
        pipe.SourceParameters.KinesisStreamParameters
        if is_kinesis(pipe.Source)
        else pipe.SourceParameters.DynamoDBStreamParameters
    )
    if stream.StartingPosition == "AT_TIMESTAMP":
        raise UnsupportedPipeError(f"pipe {pipe.Name} starts AT_TIMESTAMP, which is not supported")
    batch_size = int(stream.BatchSize)
    if is_bus(pipe.Target) and batch_size > MAXIMUM_BUS_BATCH:
        raise UnsupportedPipeError(
            f"pipe {pipe.Name} has batches of {batch_size}: the maximum for an event bus is {MAXIMUM_BUS_BATCH}"
        )
    return PipeConfig(
        name=pipe.Name,
        arn=pipe.Arn,
        created_at=pipe.CreationTime.timestamp(),
        source_arn=pipe.Source,
        target_arn=pipe.Target,
        starting_position=stream.StartingPosition,
        partition_key=kinesis.PartitionKey if kinesis else "",
        detail_type=(bus.DetailType if bus else None) or _DETAIL_TYPE,
        event_source=(bus.Source if bus else None) or f"Pipe {pipe.Name}",
        batch_size=batch_size,
        batching_window_s=int(stream.MaximumBatchingWindowInSeconds),
        maximum_retry_attempts=int(stream.MaximumRetryAttempts),
        maximum_record_age_s=int(stream.MaximumRecordAgeInSeconds),
        bisect=stream.OnPartialBatchItemFailure == "AUTOMATIC_BISECT",
        dead_letter_arn=stream.DeadLetterConfig.Arn,
        filters=tuple(entry.Pattern for entry in pipe.SourceParameters.FilterCriteria.Filters if entry.Pattern),
        input_template=pipe.TargetParameters.InputTemplate,
        enrichment_arn=pipe.Enrichment or "",
    )


def is_kinesis(arn: str) -> bool:
    """Return whether an ARN is a Kinesis stream's."""
    return ":kinesis:" in arn and ":stream/" in arn


def is_function(arn: str) -> bool:
    """Return whether an ARN is a Lambda function's."""
    return ":lambda:" in arn and ":function:" in arn


def is_bus(arn: str) -> bool:
    """Return whether an ARN is an event bus's."""
    return ":events:" in arn and ":event-bus/" in arn


class _DeadLetterConfig(Struct):
    Arn: str | None = None


class _Stream(Struct):
    StartingPosition: str = "LATEST"
    BatchSize: float = DEFAULT_BATCH_SIZE
    MaximumBatchingWindowInSeconds: float = 0
    MaximumRetryAttempts: float = FOREVER
    MaximumRecordAgeInSeconds: float = FOREVER
    OnPartialBatchItemFailure: str | None = None
    DeadLetterConfig: _DeadLetterConfig = field(default_factory=_DeadLetterConfig)


class _Filter(Struct):
    Pattern: str | None = None


class _FilterCriteria(Struct):
    Filters: list[_Filter] = []


class _Source(Struct):
    DynamoDBStreamParameters: _Stream = field(default_factory=_Stream)
    KinesisStreamParameters: _Stream = field(default_factory=_Stream)
    FilterCriteria: _FilterCriteria = field(default_factory=_FilterCriteria)


class _Kinesis(Struct):
    PartitionKey: str


class _Bus(Struct):
    DetailType: str | None = None
    Source: str | None = None


class _Target(Struct):
    KinesisStreamParameters: _Kinesis | None = None
    EventBridgeEventBusParameters: _Bus | None = None
    InputTemplate: str | None = None


class _Enrichment(Struct):
    InputTemplate: str | None = None


class _Pipe(Struct):
    Name: str
    Arn: str
    Source: str
    Target: str
    CreationTime: datetime
    Enrichment: str | None = None
    EnrichmentParameters: _Enrichment = field(default_factory=_Enrichment)
    SourceParameters: _Source = field(default_factory=_Source)
    TargetParameters: _Target = field(default_factory=_Target)
