"""DynamoDB and its scaling, Kinesis, Firehose and EventBridge Pipes."""

from __future__ import annotations

from typing import Any

from tests.integration.sandbox.provider.calls import Aws, bucket, pairs, provider, refused, role

ACCOUNT = "123456789012"
TAGS = [{"Key": "Stage", "Value": "table"}]


def _table(aws: Aws, name: str, **more: Any) -> dict[str, Any]:
    given = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "order_id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "order_id", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    return aws.dynamodb.create_table(**given | more)["TableDescription"]


@provider("aws:dynamodb/table:Table", "dynamodb/table.go")
def table(aws: Aws) -> None:
    dynamodb, arn = aws.dynamodb, aws.arn("dynamodb", "table/orders")
    key = aws.kms.create_key()["KeyMetadata"]["Arn"]

    def described() -> dict[str, Any]:
        return dynamodb.describe_table(TableName="orders")["Table"]

    _table(
        aws,
        "orders",
        OnDemandThroughput={"MaxReadRequestUnits": 500, "MaxWriteRequestUnits": 2000},
        WarmThroughput={"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 8000},
        DeletionProtectionEnabled=True,
        TableClass="STANDARD",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        Tags=TAGS,
    )
    found = described()
    assert (found["TableStatus"], found["TableArn"], found["DeletionProtectionEnabled"]) == ("ACTIVE", arn, True)
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert found["OnDemandThroughput"] == {"MaxReadRequestUnits": 500, "MaxWriteRequestUnits": 2000}
    warm = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 8000, "Status": "ACTIVE"}
    assert found["WarmThroughput"] == warm
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert found["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
    assert found["TableClassSummary"]["TableClass"] == "STANDARD"
    assert found["LatestStreamArn"].startswith(f"{arn}/stream/")
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}

    backups: Any = {"TableName": "orders", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    dynamodb.update_continuous_backups(**backups)
    recovery = dynamodb.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert recovery["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 35
    ttl = {"Enabled": True, "AttributeName": "expires_at"}
    dynamodb.update_time_to_live(TableName="orders", TimeToLiveSpecification=ttl)
    living = dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
    assert living == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == TAGS

    dynamodb.update_table(TableName="orders", OnDemandThroughput={"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 9})
    assert described()["OnDemandThroughput"] == {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 9}
    dynamodb.update_table(TableName="orders", WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 9000})
    assert described()["WarmThroughput"]["WriteUnitsPerSecond"] == 9000
    stream = described()["LatestStreamArn"]
    dynamodb.update_table(
        TableName="orders",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
    )
    found = described()
    assert found["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert found["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    assert found["LatestStreamArn"] == stream
    dynamodb.update_table(TableName="orders", SSESpecification={"Enabled": False})
    assert "SSEDescription" not in described()
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["Stage"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    refused("ValidationException", dynamodb.delete_table, "protected against deletion", TableName="orders")
    dynamodb.update_table(TableName="orders", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="orders")
    refused("ResourceNotFoundException", dynamodb.describe_table, TableName="orders")


@provider(
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination", "dynamodb/kinesis_streaming_destination.go"
)
def kinesis_streaming_destination(aws: Aws) -> None:
    dynamodb = aws.dynamodb
    _table(aws, "native")
    aws.kinesis.create_stream(StreamName="native", ShardCount=1)
    names = {"TableName": "native", "StreamArn": aws.arn("kinesis", "stream/native")}

    def described() -> dict[str, Any]:
        (found,) = dynamodb.describe_kinesis_streaming_destination(TableName="native")["KinesisDataStreamDestinations"]
        return found

    assert dynamodb.describe_kinesis_streaming_destination(TableName="native")["KinesisDataStreamDestinations"] == []
    precise = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    dynamodb.enable_kinesis_streaming_destination(**names, EnableKinesisStreamingConfiguration=precise)
    assert described() == {"StreamArn": names["StreamArn"], "DestinationStatus": "ACTIVE", **precise}
    coarse = {"ApproximateCreationDateTimePrecision": "MILLISECOND"}
    dynamodb.update_kinesis_streaming_destination(**names, UpdateKinesisStreamingConfiguration=coarse)
    assert described() == {"StreamArn": names["StreamArn"], "DestinationStatus": "ACTIVE", **coarse}
    dynamodb.disable_kinesis_streaming_destination(**names)
    assert described()["DestinationStatus"] == "DISABLED"
    aws.kinesis.delete_stream(StreamName="native")
    dynamodb.delete_table(TableName="native")


@provider("aws:dynamodb/contributorInsights:ContributorInsights", "dynamodb/contributor_insights.go")
def contributor_insights(aws: Aws) -> None:
    dynamodb, names = aws.dynamodb, {"TableName": "insights"}
    _table(aws, "insights")

    def described() -> dict[str, Any]:
        return dynamodb.describe_contributor_insights(**names)

    for mode in ("THROTTLED_KEYS", "ACCESSED_AND_THROTTLED_KEYS"):
        enable = names | {"ContributorInsightsAction": "ENABLE", "ContributorInsightsMode": mode}
        dynamodb.update_contributor_insights(**enable)
        found = described()
        assert (found["ContributorInsightsStatus"], found["ContributorInsightsMode"]) == ("ENABLED", mode)
        assert found["TableName"] == "insights"
        dynamodb.update_contributor_insights(**names, ContributorInsightsAction="DISABLE")
        assert described()["ContributorInsightsStatus"] == "DISABLED"
    dynamodb.delete_table(**names)
    refused("ResourceNotFoundException", dynamodb.describe_contributor_insights, **names)


_SCALED = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/scaled",
    "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
}


@provider("aws:appautoscaling/target:Target", "appautoscaling/target.go")
def scalable_target(aws: Aws) -> None:
    scaling = aws.application_autoscaling
    _table(
        aws,
        "scaled",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    by_id = {
        "ServiceNamespace": "dynamodb",
        "ResourceIds": ["table/scaled"],
        "ScalableDimension": _SCALED["ScalableDimension"],
    }
    scaling.register_scalable_target(**_SCALED, MinCapacity=5, MaxCapacity=100, Tags={"Stage": "table"})
    (found,) = scaling.describe_scalable_targets(**by_id)["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (5, 100)
    assert "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable" in found["RoleARN"]
    assert set(found["SuspendedState"].values()) == {False}
    arn = found["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Stage": "table"}
    scaling.register_scalable_target(**_SCALED, MinCapacity=6, MaxCapacity=200)
    (found,) = scaling.describe_scalable_targets(**by_id)["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (6, 200)
    scaling.tag_resource(ResourceARN=arn, Tags={"a": "b"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["Stage"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "b"}
    scaling.deregister_scalable_target(**_SCALED)
    assert scaling.describe_scalable_targets(**by_id)["ScalableTargets"] == []
    refused("ObjectNotFoundException", scaling.deregister_scalable_target, **_SCALED)
    aws.dynamodb.delete_table(TableName="scaled")


@provider("aws:appautoscaling/policy:Policy", "appautoscaling/policy.go")
def scaling_policy(aws: Aws) -> None:
    scaling = aws.application_autoscaling
    _table(
        aws,
        "scaled",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    scaling.register_scalable_target(**_SCALED, MinCapacity=5, MaxCapacity=100)
    tracking: dict[str, Any] = {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
        "ScaleInCooldown": 60,
        "ScaleOutCooldown": 0,
        "DisableScaleIn": False,
    }
    put = {"PolicyName": "writes", "PolicyType": "TargetTrackingScaling", **_SCALED}
    arn = scaling.put_scaling_policy(**put, TargetTrackingScalingPolicyConfiguration=tracking)["PolicyARN"]
    by_name = {"PolicyNames": ["writes"], **_SCALED}
    (found,) = scaling.describe_scaling_policies(**by_name)["ScalingPolicies"]
    assert (found["PolicyARN"], found["PolicyName"], found["PolicyType"]) == (arn, "writes", "TargetTrackingScaling")
    assert found["TargetTrackingScalingPolicyConfiguration"] == tracking
    changed = tracking | {"TargetValue": 60.0}
    scaling.put_scaling_policy(**put, TargetTrackingScalingPolicyConfiguration=changed)
    (found,) = scaling.describe_scaling_policies(**by_name)["ScalingPolicies"]
    assert found["TargetTrackingScalingPolicyConfiguration"] == changed
    scaling.delete_scaling_policy(PolicyName="writes", **_SCALED)
    assert scaling.describe_scaling_policies(**by_name)["ScalingPolicies"] == []
    refused("ObjectNotFoundException", scaling.delete_scaling_policy, PolicyName="writes", **_SCALED)
    scaling.deregister_scalable_target(**_SCALED)
    aws.dynamodb.delete_table(TableName="scaled")


@provider("aws:kinesis/stream:Stream", "kinesis/stream.go")
def stream(aws: Aws) -> None:
    kinesis, arn = aws.kinesis, aws.arn("kinesis", "stream/changes")

    def described() -> dict[str, Any]:
        return kinesis.describe_stream_summary(StreamName="changes")["StreamDescriptionSummary"]

    kinesis.create_stream(
        StreamName="changes", ShardCount=2, StreamModeDetails={"StreamMode": "PROVISIONED"}, Tags={"Stage": "capture"}
    )
    found = described()
    assert (found["StreamStatus"], found["StreamARN"], found["OpenShardCount"]) == ("ACTIVE", arn, 2)
    assert (found["RetentionPeriodHours"], found["StreamModeDetails"]) == (24, {"StreamMode": "PROVISIONED"})
    assert found["EncryptionType"] == "NONE"
    assert found["EnhancedMonitoring"][0]["ShardLevelMetrics"] == []
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "Stage", "Value": "capture"}]
    assert kinesis.list_tags_for_stream(StreamName="changes")["Tags"] == [{"Key": "Stage", "Value": "capture"}]
    kinesis.increase_stream_retention_period(StreamName="changes", RetentionPeriodHours=168)
    kinesis.start_stream_encryption(StreamName="changes", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.enable_enhanced_monitoring(StreamName="changes", ShardLevelMetrics=["IncomingBytes"])
    found = described()
    assert (found["RetentionPeriodHours"], found["EncryptionType"], found["KeyId"]) == (168, "KMS", "alias/aws/kinesis")
    assert found["EnhancedMonitoring"][0]["ShardLevelMetrics"] == ["IncomingBytes"]
    kinesis.decrease_stream_retention_period(StreamName="changes", RetentionPeriodHours=48)
    kinesis.stop_stream_encryption(StreamName="changes", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.disable_enhanced_monitoring(StreamName="changes", ShardLevelMetrics=["IncomingBytes"])
    kinesis.update_shard_count(StreamName="changes", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    found = described()
    assert (found["RetentionPeriodHours"], found["EncryptionType"], found["OpenShardCount"]) == (48, "NONE", 4)
    assert found["MaxRecordSizeInKiB"] == 1024
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
    assert described()["MaxRecordSizeInKiB"] == 2048
    large = {"Data": b"x" * (1500 << 10), "PartitionKey": "k"}
    kinesis.put_record(StreamName="changes", **large)
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=1024)
    refused("ValidationException", kinesis.put_record, "less than or equal to 1048576", StreamName="changes", **large)
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert described()["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    kinesis.add_tags_to_stream(StreamName="changes", Tags={"a": "b"})
    kinesis.remove_tags_from_stream(StreamName="changes", TagKeys=["Stage"])
    assert pairs(kinesis.list_tags_for_stream(StreamName="changes")["Tags"]) == {"a": "b"}
    kinesis.tag_resource(ResourceARN=arn, Tags={"c": "d"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert pairs(kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]) == {"c": "d"}
    kinesis.delete_stream(StreamName="changes", EnforceConsumerDeletion=True)
    refused("ResourceNotFoundException", kinesis.describe_stream_summary, StreamName="changes")


@provider("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "firehose/delivery_stream.go")
def delivery_stream(aws: Aws) -> None:
    firehose, role_arn = aws.firehose, role(aws, "delivery")
    bucket(aws, "delivered")
    aws.kinesis.create_stream(StreamName="delivered", ShardCount=1)
    source = {"KinesisStreamARN": aws.arn("kinesis", "stream/delivered"), "RoleARN": role_arn}
    processor = {
        "Type": "Lambda",
        "Parameters": [
            {"ParameterName": "LambdaArn", "ParameterValue": aws.arn("lambda", "function:f:$LATEST")},
            {"ParameterName": "BufferSizeInMBs", "ParameterValue": "1"},
            {"ParameterName": "BufferIntervalInSeconds", "ParameterValue": "60"},
        ],
    }
    destination: dict[str, Any] = {
        "RoleARN": role_arn,
        "BucketARN": "arn:aws:s3:::delivered",
        "Prefix": "changes/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "CompressionFormat": "GZIP",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"},
        "ProcessingConfiguration": {"Enabled": True, "Processors": [processor]},
        "S3BackupMode": "Disabled",
        "CustomTimeZone": "UTC",
        "FileExtension": ".gz",
    }
    firehose.create_delivery_stream(
        DeliveryStreamName="delivered",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration=source,
        ExtendedS3DestinationConfiguration=destination,
        Tags=TAGS,
    )

    def described() -> dict[str, Any]:
        return firehose.describe_delivery_stream(DeliveryStreamName="delivered")["DeliveryStreamDescription"]

    found = described()
    assert (found["DeliveryStreamStatus"], found["VersionId"]) == ("ACTIVE", "1")
    assert source.items() <= found["Source"]["KinesisStreamSourceDescription"].items()
    (delivered,) = found["Destinations"]
    assert destination.items() <= delivered["ExtendedS3DestinationDescription"].items()
    assert firehose.list_tags_for_delivery_stream(DeliveryStreamName="delivered")["Tags"] == TAGS
    update = {name: value for name, value in destination.items() if name != "S3BackupMode"}
    update["BufferingHints"] = {"SizeInMBs": 128, "IntervalInSeconds": 300}
    firehose.update_destination(
        DeliveryStreamName="delivered",
        CurrentDeliveryStreamVersionId=found["VersionId"],
        DestinationId=delivered["DestinationId"],
        ExtendedS3DestinationUpdate=update,
    )
    found = described()
    assert found["VersionId"] == "2"
    assert update.items() <= found["Destinations"][0]["ExtendedS3DestinationDescription"].items()
    firehose.tag_delivery_stream(DeliveryStreamName="delivered", Tags=[{"Key": "a", "Value": "b"}])
    firehose.untag_delivery_stream(DeliveryStreamName="delivered", TagKeys=["Stage"])
    assert pairs(firehose.list_tags_for_delivery_stream(DeliveryStreamName="delivered")["Tags"]) == {"a": "b"}
    firehose.delete_delivery_stream(DeliveryStreamName="delivered")
    refused("ResourceNotFoundException", firehose.describe_delivery_stream, DeliveryStreamName="delivered")
    aws.kinesis.delete_stream(StreamName="delivered")
    aws.s3.delete_bucket(Bucket="delivered")


@provider("aws:pipes/pipe:Pipe", "pipes/pipe.go")
def pipe(aws: Aws) -> None:
    pipes, arn = aws.pipes, aws.arn("pipes", "pipe/capture")
    # With RUNNING, a pipes worker would look for the source, which does not exist here.
    given: dict[str, Any] = {
        "Name": "capture",
        "Description": "first",
        "DesiredState": "STOPPED",
        "RoleArn": role(aws, "pipe"),
        "Source": aws.arn("dynamodb", "table/orders/stream/2026-01-01T00:00:00.000"),
        "Target": aws.arn("kinesis", "stream/changes"),
        "SourceParameters": {
            "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
            "DynamoDBStreamParameters": {
                "BatchSize": 500,
                "StartingPosition": "TRIM_HORIZON",
                "MaximumBatchingWindowInSeconds": 1,
                "MaximumRecordAgeInSeconds": -1,
                "MaximumRetryAttempts": 185,
                "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
                "ParallelizationFactor": 10,
                "DeadLetterConfig": {"Arn": aws.arn("sqs", "dead")},
            },
        },
        "TargetParameters": {"KinesisStreamParameters": {"PartitionKey": "$.dynamodb.Keys.order_id.S"}},
        "LogConfiguration": {
            "Level": "ERROR",
            "CloudwatchLogsLogDestination": {"LogGroupArn": aws.arn("logs", "log-group:g")},
        },
        "KmsKeyIdentifier": "alias/pipe",
    }
    pipes.create_pipe(**given, Tags={"Stage": "pipe"})
    refused("ConflictException", pipes.create_pipe, "already exists", **given)
    found = pipes.describe_pipe(Name="capture")
    assert given.items() <= found.items()
    assert (found["CurrentState"], found["Arn"], found["Tags"]) == ("STOPPED", arn, {"Stage": "pipe"})
    changed = dict(given["SourceParameters"]["DynamoDBStreamParameters"], BatchSize=100)
    # StartingPosition is not part of an update: it stays unchanged.
    position = changed.pop("StartingPosition")
    pipes.update_pipe(
        Name="capture",
        Description="second",
        DesiredState="STOPPED",
        RoleArn=given["RoleArn"],
        SourceParameters={**given["SourceParameters"], "DynamoDBStreamParameters": changed},
        Target=given["Target"],
        # The provider's request for a target whose template is removed (before its pull request 38598 in every update).
        TargetParameters={"InputTemplate": ""},
    )
    found = pipes.describe_pipe(Name="capture")
    assert found["Description"] == "second"
    assert (found["TargetParameters"], found["LogConfiguration"]) == (
        given["TargetParameters"],
        given["LogConfiguration"],
    )
    source = found["SourceParameters"]
    assert source["DynamoDBStreamParameters"] == changed | {"StartingPosition": position}
    assert source["FilterCriteria"] == given["SourceParameters"]["FilterCriteria"]
    pipes.tag_resource(resourceArn=arn, tags={"a": "b"})
    pipes.untag_resource(resourceArn=arn, tagKeys=["Stage"])
    assert pipes.describe_pipe(Name="capture")["Tags"] == {"a": "b"}
    assert pipes.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    pipes.delete_pipe(Name="capture")
    refused("NotFoundException", pipes.describe_pipe, Name="capture")
