"""When somebody must look, and what that somebody should do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from components import metrics
from components.metrics import Metric, Pipeline
from components.settings import Settings

Comparison = Literal["GreaterThanThreshold", "LessThanThreshold"]


@dataclass(frozen=True)
class Alarm:
    """A threshold on a metric: in alarm when `periods_over` of `periods` periods are over it."""

    name: str
    metric: Metric
    threshold: float
    description: str
    comparison: Comparison = "GreaterThanThreshold"
    period_seconds: int = 60
    periods: int = 5
    periods_over: int = 3


def alarms(pipeline: Pipeline, settings: Settings) -> list[Alarm]:
    """The alarms of a pipeline, in the order in which a change meets their stages."""
    late_ms = settings.alarm_latency_seconds * 1000
    throttles, failures = settings.alarm_throttles_per_minute, settings.alarm_failures_per_minute
    return [
        Alarm(
            "write-throttles",
            metrics.table(pipeline, "WriteThrottleEvents"),
            throttles,
            "Writes to the table are throttled. Look for a hot key (saved query busiest-keys); if the load is "
            "even, raise tableMaxWriteUnits or warm the table with tableWarmWriteUnits before the peak.",
        ),
        *(_pipe_alarms(pipeline, settings) if settings.capture_mode == "pipe" else [_native_alarm(pipeline)]),
        Alarm(
            "stream-throttles",
            metrics.stream(pipeline, "WriteProvisionedThroughputExceeded"),
            throttles,
            "Kinesis refuses writes: a shard takes 1 MB or 1,000 records a second. Raise kinesisShards, or set it "
            "to 0 for on-demand. Nothing is lost while the source retries, but the lake falls behind.",
        ),
        Alarm(
            "stream-age",
            metrics.stream(pipeline, "GetRecords.IteratorAgeMilliseconds", "Maximum"),
            late_ms,
            f"{'Firehose or the event Pipe' if settings.event_fanout else 'Firehose'} falls behind the Kinesis stream. "
            "Look at the transform's errors and duration and at the "
            f"delivery alarms; records are lost after {settings.kinesis_retention_hours} hours, so raise "
            "kinesisRetentionHours if the cause will take long.",
        ),
        Alarm(
            "capture-age",
            metrics.rows(pipeline, "OldestEventAge", "Maximum"),
            late_ms,
            "Changes reach the transform later than alarmLatencySeconds after they were made: the table's stream, "
            "the Pipe or Kinesis is behind. Look at their alarms, and at the Pipe's duration on the dashboard; "
            "DynamoDB Streams keeps a change for 24 hours.",
        ),
        Alarm(
            "transform-errors",
            metrics.function(pipeline, "Errors"),
            failures,
            "The transform fails as a whole. Read its log group; after transformRetries Firehose writes the batch "
            "to errors/processing-failed/ in the lake, from where it can be replayed once the cause is mended.",
        ),
        Alarm(
            "bad-records",
            metrics.rows(pipeline, "ProcessingFailed"),
            failures,
            "Some changes are no rows. They lie, as they came, under errors/processing-failed/ in the lake; the "
            "transform's log says how many for which reason. Mend the schema or the transform, then replay them.",
            periods=1,
            periods_over=1,
        ),
        Alarm(
            "transform-throttles",
            metrics.function(pipeline, "Throttles"),
            throttles,
            "The transform is throttled. Raise lambdaConcurrency or the account's limit of concurrent executions.",
        ),
        Alarm(
            "delivery-failures",
            metrics.delivery(pipeline, "DeliveryToS3.Success", "Average"),
            1,
            "Firehose cannot write to the lake. Read its log group: a changed bucket policy, key policy or role "
            "is the usual cause. It tries for 24 hours, and for as long as Kinesis keeps the records.",
            comparison="LessThanThreshold",
        ),
        Alarm(
            "delivery-freshness",
            metrics.delivery(pipeline, "DeliveryToS3.DataFreshness", "Maximum"),
            settings.buffer_interval_seconds + settings.alarm_latency_seconds,
            "The oldest change not yet in the lake is older than its buffer and alarmLatencySeconds. Queries see "
            "a stale table: look at the alarms of the earlier stages first, then at Firehose's log group.",
        ),
        *([_error_alarm(pipeline)] if settings.error_queue else []),
        *(_event_alarms(pipeline, settings) if settings.event_fanout else []),
    ]


def _error_alarm(pipeline: Pipeline) -> Alarm:
    return Alarm(
        "lake-errors",
        metrics.errors(pipeline, "NumberOfMessagesSent"),
        0,
        "Objects were written under errors/ in the lake: changes that did not become rows. The error queue names "
        "them, the path says what failed, the object holds the changes and the reason. Mend the cause, replay them.",
        period_seconds=300,
        periods=1,
        periods_over=1,
    )


def _native_alarm(pipeline: Pipeline) -> Alarm:
    return Alarm(
        "skipped-changes",
        metrics.skipped(pipeline),
        0,
        "DynamoDB skipped changes whose record exceeds 1 MiB in Kinesis: the lake will never see them. Write the items "
        "again in smaller pieces, or set captureMode to pipe, which shortens such changes.",
        period_seconds=300,
        periods=1,
        periods_over=1,
    )


def _pipe_alarms(pipeline: Pipeline, settings: Settings) -> list[Alarm]:
    return [
        *_of_pipe("pipe", "The Pipe", metrics.pipe, pipeline, settings),
        *_of_pipe("large-pipe", "The Pipe of large changes", metrics.large_pipe, pipeline, settings),
        Alarm(
            "shorten-errors",
            metrics.shorten(pipeline, "Errors"),
            settings.alarm_failures_per_minute,
            "The function that shortens large changes fails. Read its log group; the Pipe of large changes gives "
            "up to the dead-letter queue what it fails at, and python -m lake replay --dead-letters fetches it.",
        ),
        Alarm(
            "dead-letters",
            metrics.dead_letters(pipeline, "ApproximateNumberOfMessagesVisible"),
            0,
            "A Pipe gave changes up. Each message names a shard and a range of sequence numbers: find the cause in "
            "the Pipe's log group, mend it, then run python -m lake replay --dead-letters within 24 hours, for as long "
            "as the table's stream keeps them. Later, write those items again. Messages are kept for 14 days.",
            periods=1,
            periods_over=1,
        ),
    ]


def _of_pipe(
    name: str, called: str, metric: Callable[[Pipeline, str], Metric], pipeline: Pipeline, settings: Settings
) -> list[Alarm]:
    return [
        Alarm(
            f"{name}-failures",
            metric(pipeline, "ExecutionFailed"),
            settings.alarm_failures_per_minute,
            f"{called} cannot deliver to Kinesis. Read its log group; the stream's throttles and the Pipe's role "
            "are the usual causes. DynamoDB Streams keeps a change for 24 hours: mend it before then.",
        ),
        Alarm(
            f"{name}-throttles",
            metric(pipeline, "ExecutionThrottled"),
            settings.alarm_throttles_per_minute,
            f"{called} is throttled by the account's limit of concurrent executions. Ask for a higher one, or "
            "lower pipeParallelism on other Pipes.",
        ),
    ]


def _event_alarms(pipeline: Pipeline, settings: Settings) -> list[Alarm]:
    """The Pipe's age needs no alarm of its own: that of the stream is its slowest reader's."""
    return [
        Alarm(
            "event-pipe-failures",
            metrics.event_pipe(pipeline, "ExecutionFailed"),
            settings.alarm_failures_per_minute,
            "The event Pipe cannot deliver to the bus. Read its log group; its role and the bus's key policy are the "
            f"usual causes. Kinesis keeps a change for {settings.kinesis_retention_hours} hours: mend it before then.",
        ),
        Alarm(
            "event-pipe-throttles",
            metrics.event_pipe(pipeline, "ExecutionThrottled"),
            settings.alarm_throttles_per_minute,
            "The event Pipe is throttled by the account's limit of concurrent executions. Ask for a higher one, or "
            "lower pipeParallelism.",
        ),
        Alarm(
            "event-dead-letters",
            metrics.event_dead_letters(pipeline, "ApproximateNumberOfMessagesVisible"),
            0,
            "Domain events were given up: by the Pipe (the message names a shard and sequence numbers), by EventBridge "
            "(its attributes name the rule and the error), or by the consumer (the message is the event). Find the "
            "cause there; events can be sent again from the change log. Messages are kept for 14 days.",
            periods=1,
            periods_over=1,
        ),
    ]
