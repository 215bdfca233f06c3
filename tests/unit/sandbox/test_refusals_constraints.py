"""The sentences of the models' constraints, against what AWS was recorded to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.refusals.constraints import refuse


def said(service: str, operation: str, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
    error = refuse(service, operation, parameters)
    return error and (error.code, error.message)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """An answer of AWS to a userCode of Cognito has the same order: the pattern, then the length."""
    code, message = said("events", "PutRule", {"Name": "", "Description": "x" * 513}) or ("", "")
    assert code == "ValidationException"
    assert message == (
        "3 validation errors detected: "
        "Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        "[\\.\\-_A-Za-z0-9]+; "
        "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        f"Value '{'x' * 513}' at 'description' failed to satisfy constraint: Member must have length less than or "
        "equal to 512"
    )


def test_a_stream_without_a_name() -> None:
    """mhart/kinesalite test/createStream.js, recorded when shardCount was required; it no longer is."""
    assert said("kinesis", "CreateStream", {"StreamName": "", "ShardCount": 0}) == (
        "ValidationException",
        (
            "3 validation errors detected: "
            "Value '' at 'streamName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; "
            "Value '' at 'streamName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1; "
            "Value '0' at 'shardCount' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1"
        ),
    )


def test_a_member_within_a_member() -> None:
    """The form is in mhart/dynalite validations/index.js: a member's path through its structures."""
    parameters = {
        "TableName": "audit",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 0},
    }
    assert said("dynamodb", "CreateTable", parameters) == (
        "ValidationException",
        (
            "1 validation error detected: Value '0' at 'provisionedThroughput.writeCapacityUnits' failed to satisfy "
            "constraint: Member must have value greater than or equal to 1"
        ),
    )


def test_a_key_of_a_map() -> None:
    """What EventBridge answered to names with spaces, as its users quote it; Lambda has the same form."""
    target = {
        "Id": "queue",
        "Arn": "arn:aws:sqs:eu-west-1:123456789012:queue",
        "InputTransformer": {"InputPathsMap": {"de onde?": "$.detail.sourceIPAddress"}, "InputTemplate": '"<a>"'},
    }
    assert said("events", "PutTargets", {"Rule": "audit", "Targets": [target]}) == (
        "ValidationException",
        (
            "1 validation error detected: Value '{de onde?=$.detail.sourceIPAddress}' at "
            "'targets.1.member.inputTransformer.inputPathsMap' failed to satisfy constraint: Map keys must satisfy "
            "constraint: [Member must have length less than or equal to 256, Member must have length greater than or "
            "equal to 1, Member must satisfy regular expression pattern: [A-Za-z0-9\\_\\-]+]"
        ),
    )


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "begins"),
    [
        (
            "firehose",
            "CreateDeliveryStream",
            {"DeliveryStreamName": "a b"},
            "ValidationException",
            "Value at 'delivery",
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"},
            "ValidationError",
            "Value at 'role",
        ),
        ("athena", "CreateWorkGroup", {"Name": "a b"}, "InvalidRequestException", "Value at 'name'"),
        ("logs", "CreateLogGroup", {"logGroupName": "a b"}, "InvalidParameterException", "Value 'a b' at 'logGroup"),
    ],
)
def test_the_services_differ_in_the_code_and_in_showing_the_value(
    service: str, operation: str, parameters: Mapping[str, Any], code: str, begins: str
) -> None:
    """floci-io/floci S3DestinationValidator; localstack/localstack tests/aws/services/iam and logs, the snapshots."""
    found = said(service, operation, parameters)
    assert found is not None
    assert found[0] == code
    assert found[1].startswith(f"1 validation error detected: {begins}")


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("firehose", "DescribeDeliveryStream", {"DeliveryStreamName": "a b"}),
        ("dynamodb", "Query", {"TableName": "a"}),
        ("sqs", "CreateQueue", {"QueueName": "a b"}),
        ("events", "NoSuchOperation", {}),
        # A table is named by its ARN too, which is longer than a name may be.
        ("dynamodb", "UpdateTable", {"TableName": f"arn:aws:dynamodb:eu-west-1:123456789012:table/{'t' * 255}"}),
    ],
)
def test_what_only_reads_or_has_sentences_elsewhere_is_let_through(
    service: str, operation: str, parameters: Mapping[str, Any]
) -> None:
    assert said(service, operation, parameters) is None
