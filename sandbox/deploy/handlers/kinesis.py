"""Kinesis data streams and Firehose delivery streams."""

from __future__ import annotations

from typing import Any

from sandbox.deploy.inputs import Inputs
from sandbox.deploy.registry import Created, New, handles
from sandbox.deploy.shapes import Shape, fill
from sandbox.errors import SandboxError

_DEFAULT_RETENTION_HOURS = 24


@handles("aws:kinesis/stream:Stream")
def stream(new: New) -> Created:
    """Create a data stream with its retention, encryption and tags."""
    inputs = new.inputs
    name = new.physical_name()
    tags = new.tags()
    shape = new.aws.api("kinesis").request_shape("create_stream")
    new.call("kinesis", "create_stream", StreamName=name, **fill(shape, inputs))
    retention = inputs.integer("retentionPeriod") or _DEFAULT_RETENTION_HOURS
    if retention != _DEFAULT_RETENTION_HOURS:
        new.call("kinesis", "increase_stream_retention_period", StreamName=name, RetentionPeriodHours=retention)
    if metrics := inputs.strings("shardLevelMetrics"):
        new.call("kinesis", "enable_enhanced_monitoring", StreamName=name, ShardLevelMetrics=metrics)
    encryption, key = inputs.text("encryptionType"), inputs.text("kmsKeyId")
    if encryption == "KMS":
        new.call("kinesis", "start_stream_encryption", StreamName=name, EncryptionType=encryption, KeyId=key)
    if tags:
        new.call("kinesis", "add_tags_to_stream", StreamName=name, Tags=tags)
    arn = new.call("kinesis", "describe_stream_summary", StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    return Created(arn, {"name": name, "arn": arn, "retentionPeriod": retention})


@handles("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
def firehose_delivery_stream(new: New) -> Created:
    """Create a delivery stream to S3, from a Kinesis stream or from direct puts."""
    inputs = new.inputs
    destination = inputs.require("destination")
    configuration = inputs.block("extendedS3Configuration")
    if destination != "extended_s3" or configuration is None:
        raise SandboxError(f"destination is {destination!r}, and the sandbox's Firehose delivers to extended_s3 only")
    shape = new.aws.api("firehose").request_shape("create_delivery_stream")
    arguments: dict[str, Any] = {"DeliveryStreamType": "DirectPut"}
    if source := inputs.block("kinesisSourceConfiguration"):
        arguments["DeliveryStreamType"] = "KinesisStreamAsSource"
        arguments["KinesisStreamSourceConfiguration"] = fill(shape.members["KinesisStreamSourceConfiguration"], source)
    arguments["ExtendedS3DestinationConfiguration"] = _s3(
        shape.members["ExtendedS3DestinationConfiguration"], configuration
    )
    name = new.physical_name()
    arn = new.create("firehose", "create_delivery_stream", DeliveryStreamName=name, **arguments)["DeliveryStreamARN"]
    outputs = {"name": name, "arn": arn, "destinationId": "destinationId-000000000001", "versionId": "1"}
    return Created(arn, outputs)


def _s3(shape: Shape, inputs: Inputs) -> dict[str, Any]:
    """The properties that the provider flattens and the API nests; the others differ only in case."""
    nested: dict[str, Any] = {}
    size, interval = inputs.integer("bufferingSize"), inputs.integer("bufferingInterval")
    hints = {"SizeInMBs": size, "IntervalInSeconds": interval}
    if given := {name: value for name, value in hints.items() if value is not None}:
        nested["BufferingHints"] = given
    if key := inputs.text("kmsKeyArn"):
        nested["EncryptionConfiguration"] = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    if partitioning := inputs.block("dynamicPartitioningConfiguration"):
        retry = partitioning.integer("retryDuration")
        nested["DynamicPartitioningConfiguration"] = {"Enabled": partitioning.flag("enabled")} | (
            {} if retry is None else {"RetryOptions": {"DurationInSeconds": retry}}
        )
    if backup := inputs.block("s3BackupConfiguration"):
        nested["S3BackupConfiguration"] = _s3(shape.members["S3BackupConfiguration"], backup)
    return _with_processor_defaults(nested | fill(shape, inputs))


def _with_processor_defaults(destination: dict[str, Any]) -> dict[str, Any]:
    """The destination with the parameters that the provider adds to Lambda processors.

    AWS requires both buffering hints or neither, so they are required: defaultProcessorParameters in
    internal/service/firehose/delivery_stream.go of hashicorp/terraform-provider-aws.
    """
    added = {
        "NumberOfRetries": "3",
        "BufferSizeInMBs": "1",
        "BufferIntervalInSeconds": "60",
        "RoleArn": destination["RoleARN"],
    }
    for processor in destination.get("ProcessingConfiguration", {}).get("Processors", []):
        if processor["Type"] != "Lambda":
            continue
        parameters = processor.setdefault("Parameters", [])
        given = {parameter["ParameterName"] for parameter in parameters}
        parameters += [
            {"ParameterName": name, "ParameterValue": value} for name, value in added.items() if name not in given
        ]
    return destination
