"""The values that the provider adds to a resource: its id and AWS's computed properties.

An id has the form for `pulumi import` on each type's page of pulumi-aws
(https://www.pulumi.com/registry/packages/aws/api-docs/, "Import"), except for a Kinesis stream, whose id is its ARN
(internal/service/kinesis/stream.go of github.com/hashicorp/terraform-provider-aws). ARNs have the forms of AWS's
Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_ARN = "arn:{partition}:"
_QUEUE = "https://sqs.{region}.amazonaws.com/{account}/{name}"
_STREAM = _ARN + "kinesis:{region}:{account}:stream/{name}"


@dataclass(frozen=True)
class Kind:
    """A type's templates, filled in from its inputs, `region`, `account`, `partition` and a unique `serial`.

    `on_bus` and `of_bus` are an event bus's name with what joins it on, "" for the
    default bus (internal/service/events/id.go of terraform-provider-aws).

    `name` is the input that the bridge would fill in with a random one where
    the program gives none (`SetAutonaming` of the bridge, and AutoName in
    provider/resources.go of github.com/pulumi/pulumi-aws).
    """

    id: str = "{name}"
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    name: str = "name"


def kind_of(type_: str) -> Kind:
    """Return a type's kind; an unlisted one has its name as id, and an ARN made of both."""
    if type_ in _KINDS:
        return _KINDS[type_]
    module, _, name = type_.removeprefix("aws:").partition("/")
    return Kind("{name}", {"arn": f"{_ARN}{module}:{{region}}:{{account}}:{name.partition(':')[0]}/{{name}}"})


def _with_arn(arn: str, id_: str = "{name}", **more: str) -> Kind:
    return Kind(id_, {"arn": _ARN + arn, **more})


_OF_BUCKET = Kind("{bucket}")
_KINDS: Mapping[str, Kind] = {
    "aws:appautoscaling/policy:Policy": _with_arn("autoscaling:{region}:{account}:scalingPolicy:{serial}"),
    "aws:appautoscaling/target:Target": _with_arn(
        "application-autoscaling:{region}:{account}:scalable-target/{serial}", "{resourceId}/{scalableDimension}"
    ),
    "aws:athena/namedQuery:NamedQuery": Kind("{serial}"),
    "aws:athena/workgroup:Workgroup": _with_arn("athena:{region}:{account}:workgroup/{name}"),
    "aws:cloudwatch/dashboard:Dashboard": Kind(
        "{dashboardName}", {"dashboardArn": _ARN + "cloudwatch::{account}:dashboard/{dashboardName}"}, "dashboardName"
    ),
    "aws:cloudwatch/eventBus:EventBus": _with_arn("events:{region}:{account}:event-bus/{name}"),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": Kind("{eventBusName}"),
    "aws:cloudwatch/eventRule:EventRule": _with_arn("events:{region}:{account}:rule/{on_bus}{name}", "{on_bus}{name}"),
    "aws:cloudwatch/eventTarget:EventTarget": Kind("{of_bus}{rule}-{targetId}"),
    "aws:cloudwatch/logGroup:LogGroup": _with_arn("logs:{region}:{account}:log-group:{name}"),
    "aws:cloudwatch/logStream:LogStream": _with_arn(
        "logs:{region}:{account}:log-group:{logGroupName}:log-stream:{name}", "{logGroupName}:{name}"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _with_arn("cloudwatch:{region}:{account}:alarm:{name}"),
    "aws:dynamodb/contributorInsights:ContributorInsights": Kind("name:{tableName}/index:/{account}"),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": Kind("{tableName},{streamArn}"),
    "aws:dynamodb/table:Table": _with_arn(
        "dynamodb:{region}:{account}:table/{name}",
        streamArn=_ARN + "dynamodb:{region}:{account}:table/{name}/stream/2026-01-01T00:00:00.000",
        streamLabel="2026-01-01T00:00:00.000",
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": _with_arn(
        "glue:{region}:{account}:database/{name}", "{account}:{name}", catalogId="{account}"
    ),
    "aws:glue/catalogTable:CatalogTable": _with_arn(
        "glue:{region}:{account}:table/{databaseName}/{name}",
        "{account}:{databaseName}:{name}",
        catalogId="{account}",
    ),
    "aws:glue/crawler:Crawler": _with_arn("glue:{region}:{account}:crawler/{name}"),
    "aws:iam/role:Role": _with_arn("iam::{account}:role/{name}", uniqueId="AROA{serial}"),
    "aws:iam/rolePolicy:RolePolicy": Kind("{role}:{name}"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _with_arn(
        "firehose:{region}:{account}:deliverystream/{name}",
        _ARN + "firehose:{region}:{account}:deliverystream/{name}",
    ),
    "aws:kinesis/stream:Stream": _with_arn("kinesis:{region}:{account}:stream/{name}", _STREAM),
    "aws:kms/alias:Alias": _with_arn("kms:{region}:{account}:{name}"),
    "aws:kms/key:Key": _with_arn("kms:{region}:{account}:key/{serial}", "{serial}", keyId="{serial}"),
    "aws:lambda/function:Function": _with_arn("lambda:{region}:{account}:function:{name}", version="$LATEST"),
    "aws:pipes/pipe:Pipe": _with_arn("pipes:{region}:{account}:pipe/{name}"),
    "aws:s3/bucket:Bucket": Kind("{bucket}", {"arn": _ARN + "s3:::{bucket}", "bucketRegion": "{region}"}, "bucket"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _OF_BUCKET,
    "aws:s3/bucketLogging:BucketLogging": _OF_BUCKET,
    "aws:s3/bucketNotification:BucketNotification": _OF_BUCKET,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _OF_BUCKET,
    "aws:s3/bucketPolicy:BucketPolicy": _OF_BUCKET,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _OF_BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _OF_BUCKET,
    "aws:s3/bucketVersioning:BucketVersioning": _OF_BUCKET,
    "aws:scheduler/schedule:Schedule": _with_arn(
        "scheduler:{region}:{account}:schedule/default/{name}", "default/{name}"
    ),
    "aws:sfn/stateMachine:StateMachine": _with_arn(
        "states:{region}:{account}:stateMachine:{name}", _ARN + "states:{region}:{account}:stateMachine:{name}"
    ),
    "aws:sns/topic:Topic": _with_arn("sns:{region}:{account}:{name}", _ARN + "sns:{region}:{account}:{name}"),
    "aws:sns/topicPolicy:TopicPolicy": Kind("{arn}"),
    "aws:sns/topicSubscription:TopicSubscription": Kind("{topic}:{serial}", {"arn": "{topic}:{serial}"}),
    "aws:sqs/queue:Queue": _with_arn("sqs:{region}:{account}:{name}", _QUEUE, url=_QUEUE),
    "aws:sqs/queuePolicy:QueuePolicy": Kind("{queueUrl}"),
}
