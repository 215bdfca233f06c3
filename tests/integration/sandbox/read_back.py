"""What a deployed resource's own API says of it, in the words of the resource's inputs, so that both can be compared.

A reader calls what the provider calls to read a resource (see the package
`provider` beside this) and names by the provider's names what the API names
otherwise; where the two differ by case alone, `differences` sees through it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.provider.calls import pairs

ACCOUNT = "123456789012"
FIREHOSE_S_OWN = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
"""https://docs.aws.amazon.com/firehose/latest/APIReference/API_ProcessorParameter.html"""


class Resource(NamedTuple):
    """What the deployer made: its type, its logical name, its id and what was asked for."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]


Reader = Callable[[Aws, Resource], Mapping[str, Any]]
READERS: dict[str, Reader] = {}


def reads(type_: str) -> Callable[[Reader], Reader]:
    def register(reader: Reader) -> Reader:
        READERS[type_] = reader
        return reader

    return register


def differences(given: object, found: object, path: str = "") -> Iterator[str]:
    """Where what was asked for is not what is there, each as a path and both values; more may be there."""
    given, found = _plain(given), _plain(found)
    if isinstance(given, dict) and isinstance(found, dict):
        asked = cast("dict[str, object]", given)
        there = {name.casefold(): value for name, value in cast("dict[str, object]", found).items()}
        for name, value in asked.items():
            yield from differences(value, there.get(name.casefold()), f"{path}.{name}" if path else name)
    elif isinstance(given, list) and isinstance(found, list):
        asked_list, there_list = cast("list[object]", given), cast("list[object]", found)
        if len(asked_list) != len(there_list):
            yield f"{path}: {given!r} is {found!r}"
        for index, (asked_one, there_one) in enumerate(zip(_sorted(asked_list), _sorted(there_list), strict=False)):
            yield from differences(asked_one, there_one, f"{path}[{index}]")
    elif given != found:
        yield f"{path}: {given!r} is {found!r}"


def _plain(value: object) -> object:
    """Documents in JSON as what they say, whole numbers as such, and flags as Booleans."""
    if isinstance(value, str):
        if value[:1] in ("{", "["):
            try:
                return _plain(json.loads(value))
            except ValueError:
                return value
        return {"true": True, "false": False}.get(value, int(value) if value.isdecimal() else value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _sorted(values: list[object]) -> list[object]:
    return sorted(values, key=str) if all(isinstance(value, str) for value in values) else values


def _map(tags: list[dict[str, str]]) -> dict[str, str]:
    return pairs(tags)


@reads("aws:athena/namedQuery:NamedQuery")
def named_query(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.athena.get_named_query(NamedQueryId=it.id)["NamedQuery"]
    return found | {"query": found["QueryString"]}


@reads("aws:athena/workgroup:Workgroup")
def workgroup(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.athena.get_work_group(WorkGroup=it.id)["WorkGroup"]
    encryption = found["Configuration"]["ResultConfiguration"].get("EncryptionConfiguration", {})
    encryption["kmsKeyArn"] = encryption.get("KmsKey")
    tags = aws.athena.list_tags_for_resource(ResourceARN=aws.arn("athena", f"workgroup/{it.id}"))["Tags"]
    return found | {"tags": _map(tags)}


@reads("aws:cloudwatch/dashboard:Dashboard")
def dashboard(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.cloudwatch.get_dashboard(DashboardName=it.id)


@reads("aws:cloudwatch/metricAlarm:MetricAlarm")
def alarm(aws: Aws, it: Resource) -> Mapping[str, Any]:
    (found,) = aws.cloudwatch.describe_alarms(AlarmNames=[it.id])["MetricAlarms"]
    dimensions = {each["Name"]: each["Value"] for each in found.get("Dimensions", [])}
    tags = aws.cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    queries = [query | _flat(query.get("MetricStat", {})) for query in found.get("Metrics", [])]
    named = {"name": found["AlarmName"], "dimensions": dimensions, "metricQueries": queries}
    return found | named | {"tags": _map(tags)}


def _flat(stat: Mapping[str, Any]) -> dict[str, Any]:
    """A metric and its statistic in one block, as the provider has them."""
    return {"metric": {**stat["Metric"], **stat}} if stat else {}


@reads("aws:cloudwatch/eventBus:EventBus")
def event_bus(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.events.describe_event_bus(Name=it.id)
    return found | {"tags": _map(aws.events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"])}


@reads("aws:cloudwatch/eventBusPolicy:EventBusPolicy")
def event_bus_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.events.describe_event_bus(Name=it.inputs["eventBusName"])
    return found | {"eventBusName": found["Name"]}


@reads("aws:cloudwatch/eventRule:EventRule")
def event_rule(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.events.describe_rule(Name=it.inputs["name"], EventBusName=it.inputs.get("eventBusName", "default"))
    return found | {"tags": _map(aws.events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"])}


@reads("aws:cloudwatch/eventTarget:EventTarget")
def event_target(aws: Aws, it: Resource) -> Mapping[str, Any]:
    where = {"rule": it.inputs["rule"], "eventBusName": it.inputs.get("eventBusName", "default")}
    (found,) = aws.events.list_targets_by_rule(Rule=where["rule"], EventBusName=where["eventBusName"])["Targets"]
    told = found | where | {"targetId": found["Id"]}
    if transformer := found.get("InputTransformer"):
        told["inputTransformer"] = _also(transformer, inputPaths="InputPathsMap")
    return told


@reads("aws:cloudwatch/logGroup:LogGroup")
def log_group(aws: Aws, it: Resource) -> Mapping[str, Any]:
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=it.id)["logGroups"]
    (found,) = [group for group in groups if group["logGroupName"] == it.id]
    tags = aws.logs.list_tags_for_resource(resourceArn=aws.arn("logs", f"log-group:{it.id}"))["tags"]
    return found | {"name": found["logGroupName"], "tags": tags}


@reads("aws:cloudwatch/logStream:LogStream")
def log_stream(aws: Aws, it: Resource) -> Mapping[str, Any]:
    group = it.inputs["logGroupName"]
    (found,) = aws.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=it.id)["logStreams"]
    return {"name": found["logStreamName"], "logGroupName": group}


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
        "tags": _map(aws.dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]),
    }


@reads("aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination")
def native(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["tableName"]
    found = aws.dynamodb.describe_kinesis_streaming_destination(TableName=name)
    (destination,) = found["KinesisDataStreamDestinations"]
    return found | destination


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


@reads("aws:glue/catalogDatabase:CatalogDatabase")
def database(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.glue.get_database(Name=it.inputs["name"])["Database"]
    tags = aws.glue.get_tags(ResourceArn=aws.arn("glue", f"database/{found['Name']}"))["Tags"]
    return found | {"tags": tags}


@reads("aws:glue/catalogTable:CatalogTable")
def catalog_table(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.glue.get_table(DatabaseName=it.inputs["databaseName"], Name=it.inputs["name"])["Table"]


@reads("aws:glue/crawler:Crawler")
def crawler(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.glue.get_crawler(Name=it.id)["Crawler"]
    tags = aws.glue.get_tags(ResourceArn=aws.arn("glue", f"crawler/{it.id}"))["Tags"]
    schedule = found.get("Schedule", {}).get("ScheduleExpression")
    return found | {"schedule": schedule, "tags": tags, **found["Targets"]}


@reads("aws:iam/role:Role")
def iam_role(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.iam.get_role(RoleName=it.id)["Role"]
    return found | {
        "name": found["RoleName"],
        "assumeRolePolicy": found["AssumeRolePolicyDocument"],
        "tags": _map(found["Tags"]),
    }


@reads("aws:iam/rolePolicy:RolePolicy")
def role_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.iam.get_role_policy(RoleName=it.inputs["role"], PolicyName=it.inputs["name"])
    return {"role": found["RoleName"], "name": found["PolicyName"], "policy": found["PolicyDocument"]}


@reads("aws:kinesis/stream:Stream")
def stream(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.kinesis.describe_stream_summary(StreamARN=it.id)["StreamDescriptionSummary"]
    return found | {
        "name": found["StreamName"],
        "retentionPeriod": found["RetentionPeriodHours"],
        "shardCount": found["OpenShardCount"],
        "kmsKeyId": found.get("KeyId"),
        "tags": _map(aws.kinesis.list_tags_for_resource(ResourceARN=it.id)["Tags"]),
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
        "tags": _map(aws.firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"]),
    }


@reads("aws:kms/key:Key")
def key(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.kms.describe_key(KeyId=it.id)["KeyMetadata"] | {
        "policy": aws.kms.get_key_policy(KeyId=it.id, PolicyName="default")["Policy"],
        "enableKeyRotation": aws.kms.get_key_rotation_status(KeyId=it.id)["KeyRotationEnabled"],
        "tags": _map(aws.kms.list_resource_tags(KeyId=it.id)["Tags"]),
    }


@reads("aws:kms/alias:Alias")
def alias(aws: Aws, it: Resource) -> Mapping[str, Any]:
    (found,) = [each for each in aws.kms.list_aliases()["Aliases"] if each["AliasName"] == it.id]
    return found | {"name": found["AliasName"]}


@reads("aws:lambda/function:Function")
def function(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.lambda_.get_function(FunctionName=it.id)
    configuration = found["Configuration"]
    return configuration | {
        "name": configuration["FunctionName"],
        "reservedConcurrentExecutions": found.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        "tags": found["Tags"],
    }


@reads("aws:pipes/pipe:Pipe")
def pipe(aws: Aws, it: Resource) -> Mapping[str, Any]:
    return aws.pipes.describe_pipe(Name=it.id)


@reads("aws:s3/bucket:Bucket")
def bucket(aws: Aws, it: Resource) -> Mapping[str, Any]:
    aws.s3.head_bucket(Bucket=it.id)
    resource = {"AccountId": ACCOUNT, "ResourceArn": f"arn:aws:s3:::{it.id}"}
    return {"bucket": it.id, "tags": _map(aws.s3control.list_tags_for_resource(**resource)["Tags"])}


def _of_bucket(type_: str, method: str, *path: str) -> None:
    """A reader of what is set on a bucket: a method of S3, and where in its answer the settings are."""

    def read(aws: Aws, it: Resource) -> Mapping[str, Any]:
        name = it.inputs["bucket"]
        found: Any = getattr(aws.s3, method)(Bucket=name)
        for member in path:
            found = found[member]
        return found | {"bucket": name}

    READERS[f"aws:s3/{type_[0].lower()}{type_[1:]}:{type_}"] = read


_of_bucket("BucketPolicy", "get_bucket_policy")
_of_bucket("BucketLogging", "get_bucket_logging", "LoggingEnabled")
_of_bucket("BucketLifecycleConfiguration", "get_bucket_lifecycle_configuration")
_of_bucket("BucketPublicAccessBlock", "get_public_access_block", "PublicAccessBlockConfiguration")
_of_bucket("BucketServerSideEncryptionConfiguration", "get_bucket_encryption", "ServerSideEncryptionConfiguration")


@reads("aws:s3/bucketVersioning:BucketVersioning")
def versioning(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["bucket"]
    return {"bucket": name, "versioningConfiguration": aws.s3.get_bucket_versioning(Bucket=name)}


@reads("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def ownership(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["bucket"]
    (rule,) = aws.s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    return {"bucket": name, "rule": rule}


@reads("aws:s3/bucketNotification:BucketNotification")
def notification(aws: Aws, it: Resource) -> Mapping[str, Any]:
    name = it.inputs["bucket"]
    configured = aws.s3.get_bucket_notification_configuration(Bucket=name)
    queues = configured.get("QueueConfigurations", [])
    filters = [
        {rule["Name"].lower(): rule["Value"] for rule in each["Filter"]["Key"]["FilterRules"]} for each in queues
    ]
    return {
        "bucket": name,
        "eventbridge": "EventBridgeConfiguration" in configured,
        "queues": [
            queue | {"filterPrefix": each.get("prefix"), "filterSuffix": each.get("suffix")}
            for queue, each in zip(queues, filters, strict=True)
        ],
    }


@reads("aws:sns/topic:Topic")
def topic(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sns.get_topic_attributes(TopicArn=it.id)["Attributes"]
    tags = aws.sns.list_tags_for_resource(ResourceArn=it.id)["Tags"]
    return found | {"name": found["TopicArn"].rpartition(":")[2], "tags": _map(tags)}


@reads("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sns.get_topic_attributes(TopicArn=it.inputs["arn"])["Attributes"]
    return found | {"arn": found["TopicArn"]}


@reads("aws:sns/topicSubscription:TopicSubscription")
def subscription(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sns.get_subscription_attributes(SubscriptionArn=it.id)["Attributes"]
    return found | {"topic": found["TopicArn"]}


@reads("aws:sqs/queue:Queue")
def queue(aws: Aws, it: Resource) -> Mapping[str, Any]:
    found = aws.sqs.get_queue_attributes(QueueUrl=it.id, AttributeNames=["All"])["Attributes"]
    return found | {
        "name": found["QueueArn"].rpartition(":")[2],
        "messageRetentionSeconds": found["MessageRetentionPeriod"],
        "visibilityTimeoutSeconds": found["VisibilityTimeout"],
        "tags": aws.sqs.list_queue_tags(QueueUrl=it.id).get("Tags", {}),
    }


@reads("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(aws: Aws, it: Resource) -> Mapping[str, Any]:
    url = it.inputs["queueUrl"]
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    return found | {"queueUrl": url}


def _also(found: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Members under the provider's names, too."""
    return {**found, **{name: found.get(member) for name, member in names.items()}}
