"""Readers of DynamoDB, Kinesis, Firehose and Pipes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back.reading import Resource, reads, tags_of

FIREHOSE_S_OWN = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
"""https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html"""


@reads("aws:dynamodb/table:Table")
def table(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.dynamodb.describe_table(TableName=it.id)["Table"]
    recovery = aws.dynamodb.describe_continuous_backups(TableName=it.id)["ContinuousBackupsDescription"]
    encryption: dict[str, str] = found.get("SSEDescription", {})
    status = recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    keys = {each["KeyType"]: each["AttributeName"] for each in found["KeySchema"]}
    capacity = found["ProvisionedThroughput"]
    return found | {
        "name": found["TableName"],
        "billingMode": found["BillingModeSummary"]["BillingMode"],
        "hashKey": keys["HASH"],
        "rangeKey": keys.get("RANGE"),
        "attributes": [
            {"name": each["AttributeName"], "type": each["AttributeType"]} for each in found["AttributeDefinitions"]
        ],
        "readCapacity": capacity["ReadCapacityUnits"],
        "writeCapacity": capacity["WriteCapacityUnits"],
        **found["StreamSpecification"],
        "pointInTimeRecovery": {"enabled": status == "ENABLED"},
        "serverSideEncryption": {"enabled": bool(encryption), "kmsKeyArn": encryption.get("KMSMasterKeyArn")},
        "tags": tags_of(aws.dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]),
    }


@reads("aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination")
def native(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["tableName"]
    found = aws.dynamodb.describe_kinesis_streaming_destination(TableName=name)
    (destination,) = found["KinesisDataStreamDestinations"]
    return found | destination


@reads("aws:dynamodb/contributorInsights:ContributorInsights")
def contributor_insights(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.dynamodb.describe_contributor_insights(TableName=it.inputs["tableName"])
    if found["ContributorInsightsStatus"] == "DISABLED":
        raise ValueError("it is disabled")
    return found | {"mode": found["ContributorInsightsMode"]}


@reads("aws:appautoscaling/target:Target")
def scalable_target(aws: Aws, it: Resource) -> Mapping[str, Any]:
    scaling = aws.application_autoscaling
    (found,) = scaling.describe_scalable_targets(
        ServiceNamespace="dynamodb",
        ResourceIds=[it.inputs["resourceId"]],
        ScalableDimension=it.inputs["scalableDimension"],
    )["ScalableTargets"]
    return found | {"tags": scaling.list_tags_for_resource(ResourceARN=found["ScalableTargetARN"])["Tags"]}


@reads("aws:appautoscaling/policy:Policy")
def scaling_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    (found,) = aws.application_autoscaling.describe_scaling_policies(
        ServiceNamespace="dynamodb", PolicyNames=[it.inputs["name"]], ResourceId=it.inputs["resourceId"]
    )["ScalingPolicies"]
    return found | {"name": found["PolicyName"]}


@reads("aws:kinesis/stream:Stream")
def stream(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.kinesis.describe_stream_summary(StreamARN=it.id)["StreamDescriptionSummary"]
    return found | {
        "name": found["StreamName"],
        "retentionPeriod": found["RetentionPeriodHours"],
        "shardCount": found["OpenShardCount"],
        "kmsKeyId": found.get("KeyId"),
        "tags": tags_of(aws.kinesis.list_tags_for_resource(ResourceARN=it.id)["Tags"]),
    }


@reads("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
def delivery_stream(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["name"]
    found = aws.firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    s3 = found["Destinations"][0]["ExtendedS3DestinationDescription"]
    key = s3.get("EncryptionConfiguration", {}).get("KMSEncryptionConfig", {}).get("AWSKMSKeyARN")
    hints = s3["BufferingHints"]
    for processor in s3.get("ProcessingConfiguration", {}).get("Processors", []):
        # Firehose tells its own values, too, and the provider keeps none of them in its state.
        own = FIREHOSE_S_OWN | {"RoleArn": s3["RoleARN"]}
        processor["Parameters"] = [
            each for each in processor["Parameters"] if own.get(each["ParameterName"]) != each["ParameterValue"]
        ]
    return {
        "name": found["DeliveryStreamName"],
        "destination": "extended_s3",
        "kinesisSourceConfiguration": found["Source"]["KinesisStreamSourceDescription"],
        "extendedS3Configuration": s3
        | {
            "bufferingSize": hints["SizeInMBs"],
            "bufferingInterval": hints["IntervalInSeconds"],
            "kmsKeyArn": key,
        },
        "tags": tags_of(aws.firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"]),
    }


@reads("aws:pipes/pipe:Pipe")
def pipe(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.pipes.describe_pipe(Name=it.id)
