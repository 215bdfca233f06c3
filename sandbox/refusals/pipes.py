"""EventBridge Pipes: rules of a Pipe's source, target, filter and log.

Measured on AWS and recorded in rules/pipes of badmintoncryer/cdk-preflight, which has the beginning of the sentence
about a batch; the maximum batch of each target is in "EventBridge Pipes batching and concurrency" of the EventBridge
User Guide.
"""

from __future__ import annotations

from typing import Any

from sandbox.front.reply import ServiceError
from sandbox.refusals import patterns
from sandbox.refusals.given import fields, listed
from sandbox.refusals.registry import Asked, refuses

_SOURCES = {
    "ActiveMQBrokerParameters": "mq",
    "DynamoDBStreamParameters": "dynamodb",
    "KinesisStreamParameters": "kinesis",
    "ManagedStreamingKafkaParameters": "kafka",
    "RabbitMQBrokerParameters": "mq",
    "SqsQueueParameters": "sqs",
}
_TARGETS = {
    "CloudWatchLogsParameters": {"logs"},
    "EventBridgeEventBusParameters": {"events"},
    "KinesisStreamParameters": {"kinesis"},
    "LambdaFunctionParameters": {"lambda"},
    "SqsQueueParameters": {"sqs"},
    "StepFunctionStateMachineParameters": {"states"},
}
_NEEDED = {"dynamodb": "DynamoDBStreamParameters", "kinesis": "KinesisStreamParameters"}
_LARGEST_BATCH = {"events": 10, "firehose": 500, "kinesis": 500, "sns": 10, "sqs": 10}
_LOG_DESTINATIONS = ("CloudwatchLogsLogDestination", "FirehoseLogDestination", "S3LogDestination")


@refuses("pipes", "CreatePipe")
def regions(asked: Asked) -> ServiceError | None:
    """Refuse a source or target outside the Pipe's region."""
    if all(_part(asked.get(end), 3) in ("", asked.region) for end in ("Source", "Target")):
        return None
    return _invalid("Creating cross-region pipe is not permitted.")


@refuses("pipes", "CreatePipe")
def source(asked: Asked) -> ServiceError | None:
    """Refuse a source with the parameters of a different kind, or a stream without parameters."""
    service = _part(asked.get("Source"), 2)
    given = fields(asked.get("SourceParameters"))
    if any(block in given and service != kind for block, kind in _SOURCES.items()):
        return _invalid("Invalid source parameter provided for source")
    block = _NEEDED.get(service)
    if block is not None and block not in given:
        return _invalid(f"SourceParameters.{block} Missing required parameter.")
    return None


@refuses("pipes", "CreatePipe", "UpdatePipe")
def target(asked: Asked) -> ServiceError | None:
    """Refuse a target with the parameters of a different kind."""
    service = _part(asked.get("Target"), 2)
    given = fields(asked.get("TargetParameters"))
    if service and any(block in given and service not in kinds for block, kinds in _TARGETS.items()):
        return _invalid("Invalid target parameter provided for target")
    return None


@refuses("pipes", "CreatePipe", "UpdatePipe")
def batch(asked: Asked) -> ServiceError | None:
    """Refuse a batch size above the target's maximum."""
    most = _LARGEST_BATCH.get(_part(asked.get("Target"), 2))
    for size in (fields(block).get("BatchSize") for block in fields(asked.get("SourceParameters")).values()):
        if most is not None and size is not None and size > most:
            return _invalid(f"The configured batch size {size} is greater than the max supported")
    return None


@refuses("pipes", "CreatePipe", "UpdatePipe")
def filters(asked: Asked) -> ServiceError | None:
    """Refuse a filter that is not a valid event pattern."""
    for one in listed(asked.at("SourceParameters.FilterCriteria.Filters")):
        why = patterns.complaint(one.get("Pattern", ""))
        if why is not None:
            return _invalid(f"Invalid Event Pattern. Reason: {why}" if why else "Invalid Event Pattern")
    return None


@refuses("pipes", "CreatePipe", "UpdatePipe")
def logs(asked: Asked) -> ServiceError | None:
    """Refuse enabled logging without a destination."""
    given = fields(asked.get("LogConfiguration"))
    if not given or given.get("Level") == "OFF" or any(given.get(name) for name in _LOG_DESTINATIONS):
        return None
    return _invalid("Must provide at least 1 log destination in LogConfiguration")


def _part(arn: Any, number: int) -> str:
    parts = str(arn or "").split(":")
    return parts[number] if len(parts) > number else ""


def _invalid(sentence: str) -> ServiceError:
    return ServiceError("ValidationException", sentence)
