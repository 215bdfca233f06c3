"""The metrics of each stage, with the names of AWS's documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

TRANSFORM_NAMESPACE = "ChangeDataCapture"
"""The namespace of the transform's metrics, which it logs in the embedded metric format."""

Statistic = Literal["Sum", "Average", "Maximum", "Minimum", "SampleCount"]


@dataclass(frozen=True)
class Pipeline:
    """The names of the stages' resources, which are their metrics' dimensions."""

    table_name: pulumi.Input[str]
    stream_name: pulumi.Input[str]
    pipe_name: pulumi.Input[str]
    dead_letter_queue_name: pulumi.Input[str]
    delivery_stream_name: pulumi.Input[str]
    function_name: pulumi.Input[str]
    workgroup_name: pulumi.Input[str]
    large_pipe_name: pulumi.Input[str] = ""
    shorten_function_name: pulumi.Input[str] = ""
    error_queue_name: pulumi.Input[str] = ""
    event_pipe_name: pulumi.Input[str] = ""
    event_queue_name: pulumi.Input[str] = ""
    event_dead_letter_queue_name: pulumi.Input[str] = ""
    merge_machine_arn: pulumi.Input[str] = ""
    merge_dead_letter_queue_name: pulumi.Input[str] = ""


@dataclass(frozen=True)
class Metric:
    """One metric with its statistic; `label` is shown on the dashboard.

    With a `query` it is the result of that Metrics Insights query, in which {names} of dimensions are replaced by their
    values: for a metric of which AWS documents a dimension's name but not its values.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: Statistic = "Sum"
    label: str = ""
    query: str = ""


def skipped(pipeline: Pipeline) -> Metric:
    """The changes that the table's Kinesis destination skipped because they exceed a record's size.

    Its dimensions are TableName and DelegatedOperation
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html).
    """
    query = (
        'SELECT SUM(FailedToReplicateRecordCount) FROM SCHEMA("AWS/DynamoDB", DelegatedOperation, TableName) '
        "WHERE TableName = '{TableName}'"
    )
    name, dimensions = "FailedToReplicateRecordCount", {"TableName": pipeline.table_name}
    return Metric("AWS/DynamoDB", name, dimensions, "Sum", "skipped", query)


def large_pipe(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the Pipe of large changes."""
    return Metric("AWS/EventBridge/Pipes", name, {"PipeName": pipeline.large_pipe_name}, statistic, label)


def shorten(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the function that shortens large changes."""
    return Metric("AWS/Lambda", name, {"FunctionName": pipeline.shorten_function_name}, statistic, label)


def table(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "", **more: str) -> Metric:
    """A metric of the DynamoDB table; `more` adds dimensions (Operation, StreamLabel, ...)."""
    return Metric("AWS/DynamoDB", name, {"TableName": pipeline.table_name, **more}, statistic, label)


def stream(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the Kinesis stream."""
    return Metric("AWS/Kinesis", name, {"StreamName": pipeline.stream_name}, statistic, label)


def pipe(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the EventBridge Pipe."""
    return Metric("AWS/EventBridge/Pipes", name, {"PipeName": pipeline.pipe_name}, statistic, label)


def dead_letters(pipeline: Pipeline, name: str, statistic: Statistic = "Maximum", label: str = "") -> Metric:
    """A metric of the dead-letter queue."""
    return Metric("AWS/SQS", name, {"QueueName": pipeline.dead_letter_queue_name}, statistic, label)


def event_pipe(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the Pipe that publishes domain events."""
    return Metric("AWS/EventBridge/Pipes", name, {"PipeName": pipeline.event_pipe_name}, statistic, label)


def event_queue(pipeline: Pipeline, name: str, statistic: Statistic = "Maximum", label: str = "") -> Metric:
    """A metric of the example consumer's queue."""
    return Metric("AWS/SQS", name, {"QueueName": pipeline.event_queue_name}, statistic, label)


def event_dead_letters(pipeline: Pipeline, name: str, statistic: Statistic = "Maximum", label: str = "") -> Metric:
    """A metric of the domain events' dead-letter queue."""
    return Metric("AWS/SQS", name, {"QueueName": pipeline.event_dead_letter_queue_name}, statistic, label)


def merge(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the state machine of the scheduled merge.

    https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    """
    return Metric("AWS/States", name, {"StateMachineArn": pipeline.merge_machine_arn}, statistic, label)


def merge_dead_letters(pipeline: Pipeline, name: str, statistic: Statistic = "Maximum", label: str = "") -> Metric:
    """A metric of the dead-letter queue of the merge's schedule."""
    return Metric("AWS/SQS", name, {"QueueName": pipeline.merge_dead_letter_queue_name}, statistic, label)


def errors(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the lake's error queue."""
    return Metric("AWS/SQS", name, {"QueueName": pipeline.error_queue_name}, statistic, label)


def delivery(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the Firehose delivery stream."""
    return Metric("AWS/Firehose", name, {"DeliveryStreamName": pipeline.delivery_stream_name}, statistic, label)


def function(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the transform function."""
    return Metric("AWS/Lambda", name, {"FunctionName": pipeline.function_name}, statistic, label)


def rows(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric that the transform logs."""
    return Metric(TRANSFORM_NAMESPACE, name, {"FunctionName": pipeline.function_name}, statistic, label)


def workgroup(pipeline: Pipeline, name: str, statistic: Statistic = "Sum", label: str = "") -> Metric:
    """A metric of the Athena workgroup."""
    return Metric("AWS/Athena", name, {"WorkGroup": pipeline.workgroup_name}, statistic, label)
