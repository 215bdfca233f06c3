"""The pipeline's CloudWatch alarms; each description has the action to take."""

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
    """A threshold on a metric. The alarm is raised when `periods_over` of `periods` periods exceed it."""

    name: str
    metric: Metric
    threshold: float
    description: str
    comparison: Comparison = "GreaterThanThreshold"
    period_seconds: int = 60
    periods: int = 5
    periods_over: int = 3


def alarms(pipeline: Pipeline, settings: Settings) -> list[Alarm]:
    """The alarms of a pipeline, in the order of the stages that a change passes."""
    late_ms = settings.alarm_latency_seconds * 1000
    throttles, failures = settings.alarm_throttles_per_minute, settings.alarm_failures_per_minute
    return [
        Alarm(
            "write-throttles",
            metrics.table(pipeline, "WriteThrottleEvents"),
            throttles,
            "Writes to the table are throttled. Check for a hot key with the saved query busiest-keys. If the load is "
            "even, raise tableMaxWriteUnits, or set warm throughput (tableWarmWriteUnits) before the peak.",
        ),
        *(_pipe_alarms(pipeline, settings) if settings.capture_mode == "pipe" else [_native_alarm(pipeline)]),
        Alarm(
            "stream-throttles",
            metrics.stream(pipeline, "WriteProvisionedThroughputExceeded"),
            throttles,
            "Kinesis throttles writes: a shard accepts 1 MB or 1,000 records per second. Raise kinesisShards, or set "
            "it to 0 for on-demand. The source retries, so nothing is lost, but the lake falls behind.",
        ),
        Alarm(
            "stream-age",
            metrics.stream(pipeline, "GetRecords.IteratorAgeMilliseconds", "Maximum"),
            late_ms,
            f"{'Firehose or the event Pipe' if settings.event_fanout else 'Firehose'} falls behind the Kinesis stream. "
            "Check the transform's errors and duration and the "
            "delivery alarms. Records expire after "
            f"{settings.kinesis_retention_hours} hours: raise kinesisRetentionHours if the repair takes long.",
        ),
        Alarm(
            "capture-age",
            metrics.rows(pipeline, "OldestEventAge", "Maximum"),
            late_ms,
            "Changes reach the transform later than alarmLatencySeconds: the table's stream, the Pipe or Kinesis is "
            "behind. Check their alarms and the Pipe's duration on the dashboard. DynamoDB Streams keeps a change for "
            "24 hours.",
        ),
        Alarm(
            "transform-errors",
            metrics.function(pipeline, "Errors"),
            failures,
            "Invocations of the transform fail. Read its log group. After transformRetries, Firehose writes the batch "
            "to errors/processing-failed/ in the lake; replay it when the cause is fixed.",
        ),
        Alarm(
            "bad-records",
            metrics.rows(pipeline, "ProcessingFailed"),
            failures,
            "The transform rejects some changes. They are unchanged under errors/processing-failed/ in the lake; the "
            "transform's log counts them by reason. Fix the schema or the transform, then replay them.",
            periods=1,
            periods_over=1,
        ),
        Alarm(
            "transform-throttles",
            metrics.function(pipeline, "Throttles"),
            throttles,
            "The transform is throttled. Raise lambdaConcurrency or the account's quota of concurrent executions.",
        ),
        Alarm(
            "delivery-failures",
            metrics.delivery(pipeline, "DeliveryToS3.Success", "Average"),
            1,
            "Firehose cannot write to the lake. Read its log group: the usual cause is a changed bucket policy, key "
            "policy or role. Firehose retries for 24 hours, within the retention of Kinesis.",
            comparison="LessThanThreshold",
        ),
        Alarm(
            "delivery-freshness",
            metrics.delivery(pipeline, "DeliveryToS3.DataFreshness", "Maximum"),
            settings.buffer_interval_seconds + settings.alarm_latency_seconds,
            "The oldest change not yet in the lake is older than the buffer interval plus alarmLatencySeconds, so "
            "queries return stale data. Check the alarms of the earlier stages first, then Firehose's log group.",
        ),
        *([_error_alarm(pipeline)] if settings.error_queue else []),
        *(_merge_alarms(pipeline) if settings.merge_interval_minutes else []),
        *(_event_alarms(pipeline, settings) if settings.event_fanout else []),
    ]


def _merge_alarms(pipeline: Pipeline) -> list[Alarm]:
    right = "The views stay correct, but queries read more of the log meanwhile"
    return [
        Alarm(
            "merge-failures",
            metrics.merge(pipeline, "ExecutionsFailed"),
            0,
            f"A scheduled merge failed. {right}. The execution's page in Step Functions names the statement and "
            "Athena's error; the next execution, or python -m lake merge, continues.",
            period_seconds=300,
            periods=1,
            periods_over=1,
        ),
        Alarm(
            "merge-timeouts",
            metrics.merge(pipeline, "ExecutionsTimedOut"),
            0,
            f"A scheduled merge took more than two hours. {right}. Raise mergeIntervalMinutes, or Athena's quota of "
            "concurrent queries if they waited.",
            period_seconds=300,
            periods=1,
            periods_over=1,
        ),
        Alarm(
            "merge-dead-letters",
            metrics.merge_dead_letters(pipeline, "ApproximateNumberOfMessagesVisible"),
            0,
            f"EventBridge Scheduler could not start a merge. {right}. Each message names the error; the usual cause is "
            "the schedule's role. Purge the queue when it is fixed. Messages are kept for 14 days.",
            periods=1,
            periods_over=1,
        ),
    ]


def _error_alarm(pipeline: Pipeline) -> Alarm:
    return Alarm(
        "lake-errors",
        metrics.errors(pipeline, "NumberOfMessagesSent"),
        0,
        "Objects were written under errors/ in the lake: changes that did not become rows. The error queue lists "
        "them; the path names the failure, and the object has the changes and the reason. Fix the cause, then replay "
        "them.",
        period_seconds=300,
        periods=1,
        periods_over=1,
    )


def _native_alarm(pipeline: Pipeline) -> Alarm:
    return Alarm(
        "skipped-changes",
        metrics.skipped(pipeline),
        0,
        "DynamoDB skipped changes whose Kinesis record exceeds 1 MiB; they never reach the lake. Write the items "
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
            "The function that shortens large changes fails. Read its log group. The Pipe of large changes sends what "
            "fails to the dead-letter queue; python -m lake replay --dead-letters delivers it later.",
        ),
        Alarm(
            "dead-letters",
            metrics.dead_letters(pipeline, "ApproximateNumberOfMessagesVisible"),
            0,
            "A Pipe sent changes to the dead-letter queue. Each message names a shard and a range of sequence "
            "numbers. Find the cause in the Pipe's log group, fix it, then run python -m lake replay --dead-letters "
            "within the 24 hours for which the table's stream keeps the changes. After that, write the items again. "
            "Messages are kept for 14 days.",
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
            f"{called} cannot deliver to Kinesis. Read its log group; the usual causes are throttling of the stream "
            "and the Pipe's role. DynamoDB Streams keeps a change for 24 hours: fix the cause before then.",
        ),
        Alarm(
            f"{name}-throttles",
            metric(pipeline, "ExecutionThrottled"),
            settings.alarm_throttles_per_minute,
            f"{called} is throttled by the account's quota of concurrent executions. Request a higher quota, or "
            "lower pipeParallelism on other Pipes.",
        ),
    ]


def _event_alarms(pipeline: Pipeline, settings: Settings) -> list[Alarm]:
    """The alarms of the event Pipe. Its age needs no alarm: the stream's age is that of its slowest reader."""
    return [
        Alarm(
            "event-pipe-failures",
            metrics.event_pipe(pipeline, "ExecutionFailed"),
            settings.alarm_failures_per_minute,
            "The event Pipe cannot deliver to the bus. Read its log group; the usual causes are its role and the "
            f"bus's key policy. Kinesis keeps a change for {settings.kinesis_retention_hours} hours: fix the cause "
            "before then.",
        ),
        Alarm(
            "event-pipe-throttles",
            metrics.event_pipe(pipeline, "ExecutionThrottled"),
            settings.alarm_throttles_per_minute,
            "The event Pipe is throttled by the account's quota of concurrent executions. Request a higher quota, or "
            "lower pipeParallelism.",
        ),
        Alarm(
            "event-dead-letters",
            metrics.event_dead_letters(pipeline, "ApproximateNumberOfMessagesVisible"),
            0,
            "Domain events could not be delivered: by the Pipe (the message names a shard and sequence numbers), by "
            "EventBridge (its attributes name the rule and the error), or by the consumer (the message is the event). "
            "Find the cause there; the events can be published again from the change log. Messages are kept for 14 "
            "days.",
            periods=1,
            periods_over=1,
        ),
    ]
