"""A pipe's configuration, as DescribePipe gives it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

DEFAULT_BATCH_SIZE = 100
FOREVER = -1


class UnsupportedPipeError(Exception):
    """A pipe that this worker does not run; its text says why."""


class PipeConfig(Struct, frozen=True):
    """A pipe from a DynamoDB stream to a Kinesis stream. Times in seconds, `created_at` since the epoch.

    Limits of -1 mean none.
    https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceDynamoDBStreamParameters.html
    """

    name: str
    arn: str
    created_at: float
    source_arn: str
    target_arn: str
    starting_position: str
    partition_key: str
    batch_size: int = DEFAULT_BATCH_SIZE
    batching_window_s: int = 0
    maximum_retry_attempts: int = FOREVER
    maximum_record_age_s: int = FOREVER
    bisect: bool = False
    dead_letter_arn: str | None = None
    filters: tuple[str, ...] = ()
    input_template: str | None = None

    @property
    def identity(self) -> str:
        """What makes this pipe itself and not a later one of the same name."""
        return f"{self.arn} {self.created_at} {self.source_arn}"

    @property
    def since(self) -> float | None:
        """From when on records are read: LATEST means from the pipe's creation.

        DynamoDB gives creation times in whole seconds, hence the rounding down.
        """
        return None if self.starting_position == "TRIM_HORIZON" else float(int(self.created_at))


def parse_pipe(description: Mapping[str, Any]) -> PipeConfig:
    """The configuration in an answer of DescribePipe.

    Raises:
        UnsupportedPipeError: its source, target or enrichment is of a kind not run here.
    """
    pipe = msgspec.convert(description, _Pipe)
    if ":dynamodb:" not in pipe.Source or "/stream/" not in pipe.Source:
        raise UnsupportedPipeError(f"pipe {pipe.Name} reads {pipe.Source}: only DynamoDB streams are read here")
    if ":kinesis:" not in pipe.Target:
        raise UnsupportedPipeError(f"pipe {pipe.Name} writes to {pipe.Target}: only Kinesis streams are written here")
    if pipe.Enrichment:
        raise UnsupportedPipeError(f"pipe {pipe.Name} has an enrichment, which is not run here")
    kinesis = pipe.TargetParameters.KinesisStreamParameters
    if kinesis is None:
        raise UnsupportedPipeError(f"pipe {pipe.Name} has no KinesisStreamParameters.PartitionKey")
    stream = pipe.SourceParameters.DynamoDBStreamParameters
    return PipeConfig(
        name=pipe.Name,
        arn=pipe.Arn,
        created_at=pipe.CreationTime.timestamp(),
        source_arn=pipe.Source,
        target_arn=pipe.Target,
        starting_position=stream.StartingPosition,
        partition_key=kinesis.PartitionKey,
        batch_size=int(stream.BatchSize),
        batching_window_s=int(stream.MaximumBatchingWindowInSeconds),
        maximum_retry_attempts=int(stream.MaximumRetryAttempts),
        maximum_record_age_s=int(stream.MaximumRecordAgeInSeconds),
        bisect=stream.OnPartialBatchItemFailure == "AUTOMATIC_BISECT",
        dead_letter_arn=stream.DeadLetterConfig.Arn,
        filters=tuple(entry.Pattern for entry in pipe.SourceParameters.FilterCriteria.Filters if entry.Pattern),
        input_template=pipe.TargetParameters.InputTemplate,
    )


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
    FilterCriteria: _FilterCriteria = field(default_factory=_FilterCriteria)


class _Kinesis(Struct):
    PartitionKey: str


class _Target(Struct):
    KinesisStreamParameters: _Kinesis | None = None
    InputTemplate: str | None = None


class _Pipe(Struct):
    Name: str
    Arn: str
    Source: str
    Target: str
    CreationTime: datetime
    Enrichment: str | None = None
    SourceParameters: _Source = field(default_factory=_Source)
    TargetParameters: _Target = field(default_factory=_Target)
