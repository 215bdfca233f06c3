"""The inputs whose change makes the provider replace a resource.

`REPLACES` holds, for every type that the program uses, the properties that its schema marks ForceNew (RequiresReplace
where it is written with the plugin framework), each with its file in github.com/hashicorp/terraform-provider-aws, below
internal/service/: pulumi-aws wraps that provider, and its documentation does not list these properties. An entry covers
the property's whole value: every change below `kinesisSourceConfiguration` replaces.

The engine decides the order: Pulumi creates before it deletes unless a name would collide. All names here are explicit,
so a replaced resource is deleted first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

_PLACE = "the region that a resource of a regional service may name: ../provider/sdkv2, ../provider/framework"


def _from(file: str, *paths: str) -> Mapping[str, str]:
    return {**dict.fromkeys(paths, file), **({} if file.startswith("iam/") else {"region": _PLACE})}


REPLACES: Mapping[str, Mapping[str, str]] = {
    "aws:appautoscaling/policy:Policy": _from(
        "appautoscaling/policy.go", "name", "resourceId", "scalableDimension", "serviceNamespace"
    ),
    "aws:appautoscaling/target:Target": _from(
        "appautoscaling/target.go", "resourceId", "scalableDimension", "serviceNamespace"
    ),
    "aws:athena/namedQuery:NamedQuery": _from(
        "athena/named_query.go", "database", "description", "name", "query", "workgroup"
    ),
    "aws:athena/workgroup:Workgroup": _from("athena/workgroup.go", "name"),
    "aws:cloudwatch/dashboard:Dashboard": _from("cloudwatch/dashboard.go", "dashboardName"),
    "aws:cloudwatch/eventBus:EventBus": _from("events/bus.go", "name", "eventSourceName"),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": _from("events/bus_policy.go", "eventBusName"),
    "aws:cloudwatch/eventRule:EventRule": _from("events/rule.go", "eventBusName", "name", "namePrefix"),
    "aws:cloudwatch/eventTarget:EventTarget": _from("events/target.go", "eventBusName", "rule", "targetId"),
    "aws:cloudwatch/logGroup:LogGroup": _from("logs/group.go", "logGroupClass", "name", "namePrefix"),
    "aws:cloudwatch/logStream:LogStream": _from("logs/stream.go", "logGroupName", "name"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _from("cloudwatch/metric_alarm.go", "name"),
    # The program replaces it for another mode: the provider's resource has no update.
    "aws:dynamodb/contributorInsights:ContributorInsights": _from(
        "dynamodb/contributor_insights.go", "indexName", "mode", "tableName"
    ),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": _from(
        "dynamodb/kinesis_streaming_destination.go", "approximateCreationDateTimePrecision", "streamArn", "tableName"
    ),
    "aws:dynamodb/table:Table": _from("dynamodb/table.go", "hashKey", "name", "rangeKey"),
    "aws:glue/catalogDatabase:CatalogDatabase": _from("glue/catalog_database.go", "catalogId", "name"),
    "aws:glue/catalogTable:CatalogTable": _from("glue/catalog_table.go", "catalogId", "databaseName", "name"),
    "aws:glue/crawler:Crawler": _from("glue/crawler.go", "name"),
    "aws:iam/role:Role": _from("iam/role.go", "name", "namePrefix", "path"),
    "aws:iam/rolePolicy:RolePolicy": _from("iam/role_policy.go", "name", "namePrefix", "role"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _from(
        "firehose/delivery_stream.go",
        "destination",
        "extendedS3Configuration.dynamicPartitioningConfiguration.enabled",
        "kinesisSourceConfiguration",
        "name",
    ),
    "aws:kinesis/stream:Stream": _from("kinesis/stream.go", "name"),
    "aws:kms/alias:Alias": _from("kms/alias.go", "name", "namePrefix"),
    "aws:kms/key:Key": _from("kms/key.go", "customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion"),
    "aws:lambda/function:Function": _from("lambda/function.go", "name", "packageType"),
    "aws:pipes/pipe:Pipe": _from(
        "pipes/pipe.go, pipes/source_parameters.go",
        "name",
        "namePrefix",
        "source",
        "sourceParameters.dynamodbStreamParameters.startingPosition",
        "sourceParameters.kinesisStreamParameters.startingPosition",
        "sourceParameters.kinesisStreamParameters.startingPositionTimestamp",
    ),
    "aws:s3/bucket:Bucket": _from("s3/bucket.go", "bucket", "bucketPrefix", "objectLockEnabled"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _from(
        "s3/bucket_lifecycle_configuration.go", "bucket", "expectedBucketOwner"
    ),
    "aws:s3/bucketLogging:BucketLogging": _from("s3/bucket_logging.go", "bucket", "expectedBucketOwner"),
    "aws:s3/bucketNotification:BucketNotification": _from("s3/bucket_notification.go", "bucket"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _from("s3/bucket_ownership_controls.go", "bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": _from("s3/bucket_policy.go", "bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _from("s3/bucket_public_access_block.go", "bucket"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _from(
        "s3/bucket_server_side_encryption_configuration.go", "bucket", "expectedBucketOwner"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _from("s3/bucket_versioning.go", "bucket", "expectedBucketOwner"),
    "aws:scheduler/schedule:Schedule": _from("scheduler/schedule.go", "groupName", "name", "namePrefix"),
    "aws:sfn/stateMachine:StateMachine": _from("sfn/state_machine.go", "name", "namePrefix", "type"),
    "aws:sns/topic:Topic": _from("sns/topic.go", "fifoTopic", "name", "namePrefix"),
    "aws:sns/topicPolicy:TopicPolicy": _from("sns/topic_policy.go", "arn"),
    "aws:sns/topicSubscription:TopicSubscription": _from("sns/topic_subscription.go", "endpoint", "protocol", "topic"),
    "aws:sqs/queue:Queue": _from("sqs/queue.go", "fifoQueue", "name", "namePrefix"),
    "aws:sqs/queuePolicy:QueuePolicy": _from("sqs/queue_policy.go", "queueUrl"),
}


def replacing(type_: str, changed: str) -> str:
    """The entry of REPLACES that a changed path falls under, such as `source`; "" when the update is in place.

    `changed` is a path of `changes`. A type outside the table counts as updated in place.
    """
    for path in REPLACES.get(type_, {}):
        if changed == path or changed.startswith((f"{path}.", f"{path}[")):
            return path
    return ""


def changes(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    """The paths at which two resources' inputs differ, such as `sourceParameters.filterCriteria` or `rules[1].id`."""
    yield from _differences(old, new, "")


def _differences(old: object, new: object, path: str) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        before, after = cast("Mapping[str, object]", old), cast("Mapping[str, object]", new)
        for name in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif isinstance(old, list) and isinstance(new, list):
        befores, afters = cast("list[object]", old), cast("list[object]", new)
        if len(befores) != len(afters):
            yield path
            return
        for index, (before, after) in enumerate(zip(befores, afters, strict=True)):
            yield from _differences(before, after, f"{path}[{index}]")
    elif old != new:
        yield path
