"""Deletes each type of resource like the provider, and a whole stack like an engine's destroy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.read_back import READERS, Resource

Deleter = Callable[[Aws, Resource], Any]


def _empty(aws: Aws, it: Resource) -> None:
    """Delete like forceDestroy: all versions and markers, then the bucket."""
    for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=it.id):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        if objects:
            aws.s3.delete_objects(Bucket=it.id, Delete={"Objects": objects})
    aws.s3.delete_bucket(Bucket=it.id)


def _bucket(method: str, **arguments: Any) -> Deleter:
    return lambda aws, it: getattr(aws.s3, method)(Bucket=it.inputs["bucket"], **arguments)


def _bus(it: Resource) -> dict[str, str]:
    return {"EventBusName": it.inputs.get("eventBusName", "default")}


def _scaled(it: Resource) -> dict[str, str]:
    members = ("serviceNamespace", "resourceId", "scalableDimension")
    return {member[0].upper() + member[1:]: it.inputs[member] for member in members}


DELETERS: dict[str, Deleter] = {
    "aws:appautoscaling/policy:Policy": lambda aws, it: aws.application_autoscaling.delete_scaling_policy(
        PolicyName=it.id, **_scaled(it)
    ),
    "aws:appautoscaling/target:Target": lambda aws, it: aws.application_autoscaling.deregister_scalable_target(
        **_scaled(it)
    ),
    "aws:athena/namedQuery:NamedQuery": lambda aws, it: aws.athena.delete_named_query(NamedQueryId=it.id),
    "aws:athena/workgroup:Workgroup": lambda aws, it: aws.athena.delete_work_group(WorkGroup=it.id),
    "aws:cloudwatch/dashboard:Dashboard": lambda aws, it: aws.cloudwatch.delete_dashboards(DashboardNames=[it.id]),
    "aws:cloudwatch/eventBus:EventBus": lambda aws, it: aws.events.delete_event_bus(Name=it.id),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": lambda aws, it: aws.events.remove_permission(
        RemoveAllPermissions=True, **_bus(it)
    ),
    "aws:cloudwatch/eventRule:EventRule": lambda aws, it: aws.events.delete_rule(Name=it.inputs["name"], **_bus(it)),
    "aws:cloudwatch/eventTarget:EventTarget": lambda aws, it: aws.events.remove_targets(
        Rule=it.inputs["rule"], Ids=[it.inputs["targetId"]], **_bus(it)
    ),
    "aws:cloudwatch/logGroup:LogGroup": lambda aws, it: aws.logs.delete_log_group(logGroupName=it.id),
    "aws:cloudwatch/logStream:LogStream": lambda aws, it: aws.logs.delete_log_stream(
        logGroupName=it.inputs["logGroupName"], logStreamName=it.id
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda aws, it: aws.cloudwatch.delete_alarms(AlarmNames=[it.id]),
    "aws:dynamodb/contributorInsights:ContributorInsights": lambda aws, it: aws.dynamodb.update_contributor_insights(
        TableName=it.inputs["tableName"], ContributorInsightsAction="DISABLE"
    ),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": lambda aws, it: (
        aws.dynamodb.disable_kinesis_streaming_destination(
            TableName=it.inputs["tableName"], StreamArn=it.inputs["streamArn"]
        )
    ),
    "aws:dynamodb/table:Table": lambda aws, it: aws.dynamodb.delete_table(TableName=it.id),
    "aws:glue/catalogDatabase:CatalogDatabase": lambda aws, it: aws.glue.delete_database(Name=it.inputs["name"]),
    "aws:glue/catalogTable:CatalogTable": lambda aws, it: aws.glue.delete_table(
        DatabaseName=it.inputs["databaseName"], Name=it.inputs["name"]
    ),
    "aws:glue/crawler:Crawler": lambda aws, it: aws.glue.delete_crawler(Name=it.id),
    "aws:iam/role:Role": lambda aws, it: aws.iam.delete_role(RoleName=it.id),
    "aws:iam/rolePolicy:RolePolicy": lambda aws, it: aws.iam.delete_role_policy(
        RoleName=it.inputs["role"], PolicyName=it.inputs["name"]
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": lambda aws, it: aws.firehose.delete_delivery_stream(
        DeliveryStreamName=it.inputs["name"]
    ),
    "aws:kinesis/stream:Stream": lambda aws, it: aws.kinesis.delete_stream(StreamName=it.inputs["name"]),
    "aws:kms/alias:Alias": lambda aws, it: aws.kms.delete_alias(AliasName=it.id),
    "aws:kms/key:Key": lambda aws, it: aws.kms.schedule_key_deletion(KeyId=it.id, PendingWindowInDays=30),
    "aws:lambda/function:Function": lambda aws, it: aws.lambda_.delete_function(FunctionName=it.id),
    "aws:pipes/pipe:Pipe": lambda aws, it: aws.pipes.delete_pipe(Name=it.id),
    "aws:s3/bucket:Bucket": _empty,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket("delete_bucket_lifecycle"),
    "aws:s3/bucketLogging:BucketLogging": _bucket("put_bucket_logging", BucketLoggingStatus={}),
    "aws:s3/bucketNotification:BucketNotification": _bucket(
        "put_bucket_notification_configuration", NotificationConfiguration={}
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket("delete_bucket_ownership_controls"),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket("delete_bucket_policy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket("delete_public_access_block"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket(
        "delete_bucket_encryption"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket(
        "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}
    ),
    "aws:scheduler/schedule:Schedule": lambda aws, it: aws.scheduler.delete_schedule(
        GroupName="default", Name=it.inputs["name"]
    ),
    "aws:sfn/stateMachine:StateMachine": lambda aws, it: aws.stepfunctions.delete_state_machine(stateMachineArn=it.id),
    "aws:sns/topic:Topic": lambda aws, it: aws.sns.delete_topic(TopicArn=it.id),
    # The provider restores a topic's default policy; the topic is deleted next.
    "aws:sns/topicPolicy:TopicPolicy": lambda aws, it: None,
    "aws:sns/topicSubscription:TopicSubscription": lambda aws, it: aws.sns.unsubscribe(SubscriptionArn=it.id),
    "aws:sqs/queue:Queue": lambda aws, it: aws.sqs.delete_queue(QueueUrl=it.id),
    "aws:sqs/queuePolicy:QueuePolicy": lambda aws, it: aws.sqs.set_queue_attributes(
        QueueUrl=it.inputs["queueUrl"], Attributes={"Policy": ""}
    ),
}


def destroy(aws: Aws, resources: Iterable[Resource]) -> None:
    """Delete all in reverse order of creation, like an engine; remove a table's protection first, as in README."""
    for resource in reversed(list(resources)):
        if resource.inputs.get("deletionProtectionEnabled"):
            aws.dynamodb.update_table(TableName=resource.id, DeletionProtectionEnabled=False)
        DELETERS[resource.type](aws, resource)


def left(aws: Aws, resources: Iterable[Resource]) -> list[str]:
    """Return the resources that can still be read; a key exists until its waiting period ends."""
    found: list[str] = []
    for resource in resources:
        if resource.type == "aws:kms/key:Key":
            state = aws.kms.describe_key(KeyId=resource.id)["KeyMetadata"]["KeyState"]
            found += [] if state == "PendingDeletion" else [f"{resource.type} {resource.name} is {state}"]
            continue
        try:
            READERS[resource.type](aws, resource)
        except (ClientError, ValueError):
            # A list without the resource lacks the member that a reader takes.
            continue
        found.append(f"{resource.type} {resource.name}")
    return found
