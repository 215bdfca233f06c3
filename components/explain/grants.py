"""The permissions that a deployment needs for each type of resource: the calls that the provider makes.

The provider creates a resource, waits for it, reads it, updates it, tags it and deletes it (internal/service/ of
github.com/hashicorp/terraform-provider-aws). AWS requires further permissions of the caller (the `handlers` of its
CloudFormation resource schemas, as in cfn-lint). `arns` are the resources, as templates over the inputs' names;
`anywhere` are actions that IAM cannot restrict to a resource, or whose resource has no name before it is created.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Grant:
    """Actions on the ARNs, with {name} and the like filled from the resource's inputs, and actions on any resource."""

    actions: tuple[str, ...]
    arns: tuple[str, ...]
    anywhere: tuple[str, ...] = ()


def _actions(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


def _on(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"


_TAGS = ("ListTagsForResource", "TagResource", "UntagResource")
_TABLE_ALARMS = _on("cloudwatch", "alarm:TargetTracking-{resourceId}-*")
_CATALOGUE = _on("glue", "catalog")
_BUCKET = "arn:{partition}:s3:::{bucket}"
_TOPIC_OF = "{topic}"

# Pipes deliver their logs as vended logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/
# AWS-logs-and-resource-policy.html#AWS-logs-infrastructure-V1-CloudWatchLogs
_VENDED_LOGS = _actions(
    "logs",
    *("CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies"),
    *("GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"),
)

GRANTS: Mapping[str, Grant] = {
    "aws:appautoscaling/policy:Policy": Grant(
        _actions("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"),
        (_TABLE_ALARMS,),
        _actions("application-autoscaling", "DeleteScalingPolicy", "DescribeScalingPolicies", "PutScalingPolicy"),
    ),
    "aws:appautoscaling/target:Target": Grant(
        _actions("dynamodb", "DescribeTable", "UpdateTable"),
        (_on("dynamodb", "{resourceId}"),),
        _actions(
            "application-autoscaling",
            "DeregisterScalableTarget",
            "DescribeScalableTargets",
            "RegisterScalableTarget",
            *_TAGS,
        ),
    ),
    "aws:athena/namedQuery:NamedQuery": Grant(
        # On the workgroup, which has its own entry.
        _actions("athena", "CreateNamedQuery", "DeleteNamedQuery", "GetNamedQuery"),
        (),
    ),
    "aws:athena/workgroup:Workgroup": Grant(
        _actions("athena", "CreateWorkGroup", "DeleteWorkGroup", "GetWorkGroup", "UpdateWorkGroup", *_TAGS),
        (_on("athena", "workgroup/{name}"),),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Grant(
        _actions("cloudwatch", "DeleteDashboards", "GetDashboard", "PutDashboard"),
        ("arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}",),
    ),
    "aws:cloudwatch/eventBus:EventBus": Grant(
        _actions("events", "CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus", *_TAGS),
        (_on("events", "event-bus/{name}"),),
    ),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": Grant(
        _actions("events", "DescribeEventBus", "PutPermission", "RemovePermission"),
        (_on("events", "event-bus/{eventBusName}"),),
    ),
    "aws:cloudwatch/eventRule:EventRule": Grant(
        _actions("events", "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "PutRule", *_TAGS),
        (_on("events", "rule/{busAndRule}"),),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Grant(
        _actions("events", "ListTargetsByRule", "PutTargets", "RemoveTargets"), (_on("events", "rule/{busAndRule}"),)
    ),
    "aws:cloudwatch/logGroup:LogGroup": Grant(
        _actions(
            "logs",
            *("AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "DisassociateKmsKey"),
            *("PutRetentionPolicy", *_TAGS),
        ),
        (_on("logs", "log-group:{name}"), _on("logs", "log-group:{name}:*")),
        _actions("logs", "DescribeLogGroups"),
    ),
    "aws:cloudwatch/logStream:LogStream": Grant(
        _actions("logs", "CreateLogStream", "DeleteLogStream", "DescribeLogStreams"),
        (_on("logs", "log-group:{logGroupName}"), _on("logs", "log-group:{logGroupName}:*")),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Grant(
        _actions("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm", *_TAGS),
        (_on("cloudwatch", "alarm:{name}"),),
    ),
    "aws:dynamodb/contributorInsights:ContributorInsights": Grant(
        _actions("dynamodb", "DescribeContributorInsights", "UpdateContributorInsights"),
        (_on("dynamodb", "table/{tableName}"),),
    ),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": Grant(
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_gettingstarted.html
        (
            *_actions(
                "dynamodb",
                *("DescribeKinesisStreamingDestination", "DisableKinesisStreamingDestination"),
                "EnableKinesisStreamingDestination",
            ),
            *_actions("kinesis", "DescribeStream", "PutRecord", "PutRecords"),
        ),
        (_on("dynamodb", "table/{tableName}"), "{streamArn}"),
    ),
    "aws:dynamodb/table:Table": Grant(
        _actions(
            "dynamodb",
            *("CreateTable", "DeleteTable", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive"),
            *("ListTagsOfResource", "TagResource", "UntagResource", "UpdateContinuousBackups", "UpdateTable"),
            "UpdateTimeToLive",
        ),
        (_on("dynamodb", "table/{name}"),),
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": Grant(
        _actions(
            "glue",
            *("CreateDatabase", "DeleteDatabase", "GetDatabase", "GetTags", "TagResource", "UntagResource"),
            "UpdateDatabase",
        ),
        (
            *(_CATALOGUE, _on("glue", "database/{name}"), _on("glue", "table/{name}/*")),
            _on("glue", "userDefinedFunction/{name}/*"),
        ),
    ),
    "aws:glue/catalogTable:CatalogTable": Grant(
        _actions("glue", "CreateTable", "DeleteTable", "GetPartitionIndexes", "GetTable", "UpdateTable"),
        (_CATALOGUE, _on("glue", "database/{databaseName}"), _on("glue", "table/{databaseName}/*")),
    ),
    "aws:glue/crawler:Crawler": Grant(
        _actions(
            "glue",
            *("CreateCrawler", "DeleteCrawler", "GetCrawler", "GetTags", "StopCrawler", "TagResource", "UntagResource"),
            "UpdateCrawler",
        ),
        (_on("glue", "crawler/{name}"),),
    ),
    "aws:iam/role:Role": Grant(
        _actions(
            "iam",
            *("CreateRole", "DeleteRole", "GetRole", "ListAttachedRolePolicies", "ListInstanceProfilesForRole"),
            *("ListRolePolicies", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"),
            "UpdateRoleDescription",
        ),
        ("arn:{partition}:iam::{account}:role/{name}",),
    ),
    "aws:iam/rolePolicy:RolePolicy": Grant(
        _actions("iam", "DeleteRolePolicy", "GetRolePolicy", "PutRolePolicy"),
        ("arn:{partition}:iam::{account}:role/{role}",),
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Grant(
        _actions(
            "firehose",
            *("CreateDeliveryStream", "DeleteDeliveryStream", "DescribeDeliveryStream", "ListTagsForDeliveryStream"),
            *("TagDeliveryStream", "UntagDeliveryStream", "UpdateDestination"),
        ),
        (_on("firehose", "deliverystream/{name}"),),
    ),
    "aws:kinesis/stream:Stream": Grant(
        _actions(
            "kinesis",
            *("AddTagsToStream", "CreateStream", "DecreaseStreamRetentionPeriod", "DeleteStream"),
            *("DescribeStreamSummary", "IncreaseStreamRetentionPeriod", "ListTagsForStream", "RemoveTagsFromStream"),
            *("StartStreamEncryption", "StopStreamEncryption", "UpdateShardCount", "UpdateStreamMode", *_TAGS),
        ),
        (_on("kinesis", "stream/{name}"),),
        _actions("kinesis", "DescribeLimits"),
    ),
    "aws:kms/alias:Alias": Grant(
        _actions("kms", "CreateAlias", "DeleteAlias", "UpdateAlias"),
        (_on("kms", "{name}"), _on("kms", "key/*")),
        _actions("kms", "ListAliases"),
    ),
    "aws:kms/key:Key": Grant(
        # The last six: DynamoDB, Kinesis, Lambda and EventBridge use the key on behalf of the caller that creates them.
        _actions(
            "kms",
            *("DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation", "GetKeyPolicy"),
            *("GetKeyRotationStatus", "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource"),
            *("UntagResource", "UpdateKeyDescription"),
            *("CreateGrant", "Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"),
        ),
        (_on("kms", "key/*"),),
        _actions("kms", "CreateKey"),
    ),
    "aws:lambda/function:Function": Grant(
        _actions(
            "lambda",
            *("CreateFunction", "DeleteFunction", "DeleteFunctionConcurrency", "GetFunction"),
            *("GetFunctionCodeSigningConfig", "ListVersionsByFunction", "PutFunctionConcurrency", "TagResource"),
            *("ListTags", "UntagResource", "UpdateFunctionCode", "UpdateFunctionConfiguration"),
        ),
        (_on("lambda", "function:{name}"),),
    ),
    "aws:pipes/pipe:Pipe": Grant(
        _actions("pipes", "CreatePipe", "DeletePipe", "DescribePipe", "UpdatePipe", *_TAGS),
        (_on("pipes", "pipe/{name}"),),
        _VENDED_LOGS,
    ),
    "aws:s3/bucket:Bucket": Grant(
        # The provider reads every configuration of a bucket, and with forceDestroy deletes every object version.
        _actions(
            "s3",
            *("CreateBucket", "DeleteBucket", "DeleteObject", "DeleteObjectVersion", "GetAccelerateConfiguration"),
            *("GetBucketAcl", "GetBucketCORS", "GetBucketLocation", "GetBucketLogging"),
            *("GetBucketObjectLockConfiguration", "GetBucketPolicy", "GetBucketRequestPayment", "GetBucketTagging"),
            *("GetBucketVersioning", "GetBucketWebsite", "GetEncryptionConfiguration", "GetLifecycleConfiguration"),
            *("GetReplicationConfiguration", "ListBucket", "ListBucketVersions", "PutBucketTagging", *_TAGS),
        ),
        (_BUCKET, f"{_BUCKET}/*"),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Grant(
        _actions("s3", "GetLifecycleConfiguration", "PutLifecycleConfiguration"), (_BUCKET,)
    ),
    "aws:s3/bucketLogging:BucketLogging": Grant(_actions("s3", "GetBucketLogging", "PutBucketLogging"), (_BUCKET,)),
    "aws:s3/bucketNotification:BucketNotification": Grant(
        _actions("s3", "GetBucketNotification", "PutBucketNotification"), (_BUCKET,)
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Grant(
        _actions("s3", "GetBucketOwnershipControls", "PutBucketOwnershipControls"), (_BUCKET,)
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Grant(
        _actions("s3", "DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"), (_BUCKET,)
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Grant(
        _actions("s3", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"), (_BUCKET,)
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Grant(
        _actions("s3", "GetEncryptionConfiguration", "PutEncryptionConfiguration"), (_BUCKET,)
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Grant(
        _actions("s3", "GetBucketVersioning", "PutBucketVersioning"), (_BUCKET,)
    ),
    "aws:scheduler/schedule:Schedule": Grant(
        _actions("scheduler", "CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule"),
        (_on("scheduler", "schedule/default/{name}"),),
    ),
    "aws:sfn/stateMachine:StateMachine": Grant(
        _actions(
            "states",
            *("CreateStateMachine", "DeleteStateMachine", "DescribeStateMachine", "ListStateMachineVersions"),
            *("UpdateStateMachine", "ValidateStateMachineDefinition", *_TAGS),
        ),
        (_on("states", "stateMachine:{name}"),),
    ),
    "aws:sns/topic:Topic": Grant(
        _actions("sns", "CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", *_TAGS),
        (_on("sns", "{name}"),),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Grant(_actions("sns", "GetTopicAttributes", "SetTopicAttributes"), ("{arn}",)),
    "aws:sns/topicSubscription:TopicSubscription": Grant(
        _actions("sns", "Subscribe"),
        (_TOPIC_OF,),
        # A subscription has no name before it is created, so no policy can contain it.
        _actions("sns", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
    ),
    "aws:sqs/queue:Queue": Grant(
        _actions(
            "sqs",
            *("CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags"),
            *("SetQueueAttributes", "TagQueue", "UntagQueue"),
        ),
        (_on("sqs", "{name}"),),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Grant(
        _actions("sqs", "GetQueueAttributes", "SetQueueAttributes"), (_on("sqs", "{queueName}"),)
    ),
}
