"""Which inputs replace a resource: the table against the graph, and against AWS's own resource schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

import pytest
from pulumi._types import input_type_py_to_pulumi_names

from components.explain.replaces import REPLACES, changes, replacing
from tests.unit.components.linter import schemas
from tests.unit.components.provider import args_of
from tests.unit.components.running import CHOSEN, Record

# Between them these bring every type that the program can ask for.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "all": {
        **CHOSEN,
        "tableCapacity": "provisioned",
        "tableMaxReadUnits": "50",
        "tableMaxWriteUnits": "900",
    },
    "native": {"captureMode": "native"},
}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_type_of_the_program_is_in_the_table(choice: str, record: Record) -> None:
    used = {one.type for one in record("prod", CHOICES[choice]).resources if one.custom}
    assert used <= REPLACES.keys()


@pytest.mark.parametrize("type_", REPLACES)
def test_every_entry_is_a_property_of_the_provider_and_names_its_source(type_: str) -> None:
    properties = set(input_type_py_to_pulumi_names(args_of(type_)).values())
    assert {path.partition(".")[0] for path in REPLACES[type_]} <= properties
    assert all(".go" in source or path == "region" for path, source in REPLACES[type_].items())


@pytest.mark.parametrize(
    ("type_", "changed", "forced"),
    [
        ("aws:dynamodb/table:Table", "hashKey", "hashKey"),
        ("aws:dynamodb/table:Table", "billingMode", ""),
        ("aws:pipes/pipe:Pipe", "sourceParameters.dynamodbStreamParameters.batchSize", ""),
        (
            "aws:pipes/pipe:Pipe",
            "sourceParameters.dynamodbStreamParameters.startingPosition",
            "sourceParameters.dynamodbStreamParameters.startingPosition",
        ),
        ("aws:pipes/pipe:Pipe", "source", "source"),
        (
            "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
            "kinesisSourceConfiguration.kinesisStreamArn",
            "kinesisSourceConfiguration",
        ),
        ("aws:ssm/parameter:Parameter", "name", ""),
    ],
)
def test_a_change_replaces_where_the_provider_says_so(type_: str, changed: str, forced: str) -> None:
    assert replacing(type_, changed) == forced


def test_a_difference_is_named_by_its_path() -> None:
    old = {"name": "a", "rules": [{"id": "x", "days": 1}, {"id": "y"}], "tags": {"a": "1"}, "columns": [1, 2]}
    new = {"name": "a", "rules": [{"id": "x", "days": 2}, {"id": "y"}], "tags": {"b": "1"}, "columns": [1]}
    assert list(changes(old, new)) == ["columns", "rules[0].days", "tags.a", "tags.b"]
    assert list(changes(old, old)) == []


# AWS's own word: which properties of its resource types can be set at creation only, and their names here.
# (createOnlyProperties of the CloudFormation schemas, https://docs.aws.amazon.com/cloudformation-cli/latest/
# userguide/resource-type-schema.html, as cfn-lint carries them.)
CREATE_ONLY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "aws:appautoscaling/policy:Policy": (
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyName": "name",
            "ResourceId": "resourceId",
            "ScalableDimension": "scalableDimension",
            "ServiceNamespace": "serviceNamespace",
        },
    ),
    "aws:appautoscaling/target:Target": (
        "AWS::ApplicationAutoScaling::ScalableTarget",
        {
            "ResourceId": "resourceId",
            "ScalableDimension": "scalableDimension",
            "ServiceNamespace": "serviceNamespace",
        },
    ),
    "aws:athena/namedQuery:NamedQuery": (
        "AWS::Athena::NamedQuery",
        {
            "Name": "name",
            "Database": "database",
            "Description": "description",
            "QueryString": "query",
            "WorkGroup": "workgroup",
        },
    ),
    "aws:athena/workgroup:Workgroup": ("AWS::Athena::WorkGroup", {"Name": "name"}),
    "aws:cloudwatch/dashboard:Dashboard": ("AWS::CloudWatch::Dashboard", {"DashboardName": "dashboardName"}),
    "aws:cloudwatch/eventBus:EventBus": ("AWS::Events::EventBus", {"Name": "name"}),
    "aws:cloudwatch/eventRule:EventRule": ("AWS::Events::Rule", {"Name": "name"}),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", {"LogGroupName": "name"}),
    "aws:cloudwatch/logStream:LogStream": (
        "AWS::Logs::LogStream",
        {"LogGroupName": "logGroupName", "LogStreamName": "name"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("AWS::CloudWatch::Alarm", {"AlarmName": "name"}),
    "aws:dynamodb/table:Table": ("AWS::DynamoDB::Table", {"TableName": "name"}),
    "aws:glue/catalogDatabase:CatalogDatabase": ("AWS::Glue::Database", {"DatabaseName": "name"}),
    "aws:glue/catalogTable:CatalogTable": (
        "AWS::Glue::Table",
        {"DatabaseName": "databaseName", "TableInput/Name": "name"},
    ),
    "aws:glue/crawler:Crawler": ("AWS::Glue::Crawler", {"Name": "name"}),
    "aws:iam/role:Role": ("AWS::IAM::Role", {"RoleName": "name", "Path": "path"}),
    "aws:iam/rolePolicy:RolePolicy": ("AWS::IAM::RolePolicy", {"PolicyName": "name", "RoleName": "role"}),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (
        "AWS::KinesisFirehose::DeliveryStream",
        {"DeliveryStreamName": "name", "KinesisStreamSourceConfiguration": "kinesisSourceConfiguration"},
    ),
    "aws:kinesis/stream:Stream": ("AWS::Kinesis::Stream", {"Name": "name"}),
    "aws:kms/alias:Alias": ("AWS::KMS::Alias", {"AliasName": "name"}),
    "aws:lambda/function:Function": ("AWS::Lambda::Function", {"FunctionName": "name", "PackageType": "packageType"}),
    "aws:pipes/pipe:Pipe": (
        "AWS::Pipes::Pipe",
        {
            "Name": "name",
            "Source": "source",
            "SourceParameters/DynamoDBStreamParameters/StartingPosition": (
                "sourceParameters.dynamodbStreamParameters.startingPosition"
            ),
            "SourceParameters/KinesisStreamParameters/StartingPosition": (
                "sourceParameters.kinesisStreamParameters.startingPosition"
            ),
        },
    ),
    "aws:s3/bucket:Bucket": ("AWS::S3::Bucket", {"BucketName": "bucket"}),
    "aws:s3/bucketPolicy:BucketPolicy": ("AWS::S3::BucketPolicy", {"Bucket": "bucket"}),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", {"TopicName": "name", "FifoTopic": "fifoTopic"}),
    "aws:sns/topicSubscription:TopicSubscription": (
        "AWS::SNS::Subscription",
        {"Endpoint": "endpoint", "Protocol": "protocol", "TopicArn": "topic"},
    ),
    "aws:sqs/queue:Queue": ("AWS::SQS::Queue", {"QueueName": "name", "FifoQueue": "fifoQueue"}),
}

# What the provider replaces though AWS's schema does not say so, of what the program sets.
PROVIDERS_OWN: Mapping[tuple[str, str], str] = {
    ("aws:dynamodb/table:Table", "hashKey"): "AWS: KeySchema, at times (conditionalCreateOnlyProperties)",
    ("aws:dynamodb/table:Table", "rangeKey"): "AWS: KeySchema, at times (conditionalCreateOnlyProperties)",
    ("aws:cloudwatch/eventRule:EventRule", "eventBusName"): "AWS: at times (conditionalCreateOnlyProperties)",
    ("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "destination"): "says which configuration is used",
}


@cache
def create_only(aws_type: str) -> set[str]:
    """The paths that AWS's schema of a type calls createOnly."""
    data = schemas()
    region = json.loads((data / "providers" / "eu-west-1.json").read_text())
    schema = json.loads((data / "resources" / f"{region[aws_type]}.json").read_text())
    return {path.removeprefix("/properties/") for path in schema["createOnlyProperties"]}


@pytest.mark.parametrize("type_", CREATE_ONLY)
def test_what_aws_cannot_change_is_replaced(type_: str) -> None:
    aws_type, named = CREATE_ONLY[type_]
    assert named.keys() <= create_only(aws_type)
    assert set(named.values()) <= REPLACES[type_].keys()


@pytest.mark.parametrize("type_", CREATE_ONLY)
def test_what_is_replaced_is_what_aws_cannot_change(type_: str, record: Record) -> None:
    """Of what the program sets: a table that replaced more than it need would frighten for nothing."""
    graphs = [record("prod", choice) for choice in CHOICES.values()]
    given = {name for graph in graphs for one in graph.of(type_) for name in one.inputs}
    ours = {path for path in REPLACES[type_] if path.partition(".")[0] in given}
    assert {path for path in ours - set(CREATE_ONLY[type_][1].values()) if (type_, path) not in PROVIDERS_OWN} <= {
        "extendedS3Configuration.dynamicPartitioningConfiguration.enabled",
        "sourceParameters.kinesisStreamParameters.startingPositionTimestamp",
    }
