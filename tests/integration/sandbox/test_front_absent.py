"""Unsupported calls return one sentence in each protocol, and clients do not retry them.

The retried responses: botocore/data/_retry.json and botocore/retries/standard.py (500, 502, 503, 504).
"""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from sandbox.awsjson import authorization
from sandbox.front import cbor
from sandbox.state import client

FLEETS = {"FleetId": "fleet-1"}
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/nowhere"


def refused(url: str, service: str, method: str, **arguments: Any) -> tuple[str, str, int, int]:
    """Return the code, message and status of a call's error, and the client's number of retries."""
    with pytest.raises(ClientError) as caught:
        getattr(client(service, url), method)(**arguments)
    response: dict[str, Any] = {**vars(caught.value)}["response"]
    error, metadata = response["Error"], response["ResponseMetadata"]
    return error["Code"], error["Message"], metadata["HTTPStatusCode"], metadata["RetryAttempts"]


@pytest.mark.parametrize(
    ("service", "method", "arguments", "code", "what"),
    [
        ("dynamodb", "list_global_tables", {}, "UnknownOperationException", "dynamodb ListGlobalTables"),
        ("glue", "list_usage_profiles", {}, "UnknownOperationException", "glue ListUsageProfiles"),
        ("lambda", "get_account_settings", {}, "UnknownOperationException", "lambda GetAccountSettings"),
        ("sns", "list_sms_sandbox_phone_numbers", {}, "InvalidAction", "sns ListSMSSandboxPhoneNumbers"),
        ("s3", "list_bucket_metrics_configurations", {"Bucket": "b"}, "NotImplemented", "s3 ListBucketMetrics"),
        (
            *("s3", "put_bucket_metrics_configuration"),
            {"Bucket": "b", "Id": "x", "MetricsConfiguration": {"Id": "x"}},
            *("NotImplemented", "s3 PutBucketMetrics"),
        ),
        ("s3", "get_object_torrent", {"Bucket": "b", "Key": "k"}, "NotImplemented", r"s3's GET \?torrent"),
        ("gamelift", "describe_runtime_configuration", FLEETS, "UnknownOperationException", "gamelift Describe"),
        (
            *("cloudwatch", "put_composite_alarm", {"AlarmName": "both", "AlarmRule": "TRUE"}),
            *("InvalidAction", "cloudwatch PutCompositeAlarm"),
        ),
        ("cloudformation", "list_stacks", {}, "InvalidAction", "cloudformation ListStacks"),
    ],
    ids=lambda value: value if isinstance(value, str) and "_" in value else "",
)
def test_an_unsupported_operation_is_reported_once(
    sandbox_server: Any, service: str, method: str, arguments: dict[str, Any], code: str, what: str
) -> None:
    found = refused(sandbox_server.endpoint_url, service, method, **arguments)
    assert (found[0], found[2], found[3]) == (code, 501, 0)
    assert found[1].startswith("The sandbox does not have ")
    assert what.replace("\\", "") in found[1]


def test_a_failure_of_the_sandbox_is_reported_once(sandbox_server: Any) -> None:
    code, message, status, retries = refused(
        sandbox_server.endpoint_url, "dynamodb", "describe_import", ImportArn=f"{TABLE}/import/{'0' * 14}-12345678"
    )
    assert (code, status, retries) == ("SandboxFailure", 501, 0)
    assert "The sandbox failed at dynamodb DescribeImport" in message


@pytest.mark.parametrize("kind", ["analytics", "intelligent_tiering", "metrics"])
def test_an_unsupported_part_of_a_bucket_does_not_cost_the_bucket(sandbox_server: Any, kind: str) -> None:
    """moto treats DELETE /bucket?metrics&id=x as DELETE /bucket."""
    s3, bucket = client("s3", sandbox_server.endpoint_url), f"parts-{kind.replace('_', '-')}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    method = f"delete_bucket_{kind}_configuration"
    assert refused(sandbox_server.endpoint_url, "s3", method, Bucket=bucket, Id="x")[0] == "NotImplemented"
    s3.head_bucket(Bucket=bucket)
    s3.delete_bucket(Bucket=bucket)


def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(str(urlsplit(url).netloc), timeout=60)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def signed(service: str, target: str, content_type: str) -> dict[str, str]:
    scope = authorization("eu-west-1", service)
    return {
        "Authorization": scope,
        "X-Amz-Target": target,
        "Content-Type": content_type,
        "X-Amz-Date": "20260101T000000Z",
    }


@pytest.mark.parametrize(
    ("service", "prefix"), [("dynamodb", "DynamoDB_20120810"), ("kinesis", "Kinesis_20131202"), ("glue", "AWSGlue")]
)
def test_an_operation_that_no_model_knows_is_refused_as_aws_does(
    sandbox_server: Any, service: str, prefix: str
) -> None:
    """Status 400: mhart/kinesalite index.js, architect/dynalite index.js."""
    headers = signed(service, f"{prefix}.FrobnicateTable", "application/x-amz-json-1.1")
    status, _, body = post(sandbox_server.endpoint_url, headers, b"{}")
    assert (status, json.loads(body)["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize("service", ["dynamodb", "kinesis", "glue"])
def test_a_call_without_a_target_is_refused_as_aws_does(sandbox_server: Any, service: str) -> None:
    """architect/dynalite index.js: UnknownOperationException, status 400."""
    headers = signed(service, "", "application/x-amz-json-1.0")
    del headers["X-Amz-Target"]
    status, _, body = post(sandbox_server.endpoint_url, headers, b"{}")
    error = json.loads(body)
    assert (status, error["__type"]) == (400, "UnknownOperationException")
    assert "X-Amz-Target" in error["message"]


def test_an_action_that_no_model_knows_is_refused_as_aws_does(sandbox_server: Any) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html"""
    headers = {"Authorization": authorization("eu-west-1", "sns"), "Content-Type": "application/x-www-form-urlencoded"}
    status, _, body = post(sandbox_server.endpoint_url, headers, b"Action=Frobnicate&Version=2010-03-31")
    assert status == 400
    assert b"<Code>InvalidAction</Code>" in body


def test_in_cbor_it_is_said_in_cbor(sandbox_server: Any) -> None:
    headers = signed("kinesis", "Kinesis_20131202.FrobnicateStream", "application/x-amz-cbor-1.1")
    status, answered, body = post(sandbox_server.endpoint_url, headers, b"\xa0")
    assert (status, answered["content-type"]) == (400, "application/x-amz-cbor-1.1")
    assert cbor.decode(body, cbor.MILLISECONDS)["__type"] == "UnknownOperationException"


MISSING = "com.amazon.coral.service#MissingAuthenticationTokenException"
INCOMPLETE = "com.amazon.coral.service#IncompleteSignatureException"


@pytest.mark.parametrize(
    ("authorization_", "type_", "sentence"),
    [
        (None, MISSING, "Request is missing Authentication Token"),
        ("Bearer x", MISSING, "Request is missing Authentication Token"),
        ("AWS4-HMAC-SHA256 Credential=a", INCOMPLETE, "Authorization header requires 'Signature' parameter. "),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=x",
            INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term",
        ),
    ],
)
@pytest.mark.parametrize("prefix", ["DynamoDB_20120810.GetItem", "DynamoDBStreams_20120810.ListStreams"])
def test_a_call_to_dynamodb_without_a_signature_is_refused_as_dynamodb_does(
    sandbox_server: Any, prefix: str, authorization_: str | None, type_: str, sentence: str
) -> None:
    """The sentences are in architect/dynalite index.js, recorded on AWS."""
    headers = {"X-Amz-Target": prefix, "Content-Type": "application/x-amz-json-1.0", "X-Amz-Date": "20260101T000000Z"}
    if authorization_ is not None:
        headers["Authorization"] = authorization_
    status, _, body = post(sandbox_server.endpoint_url, headers, b"{}")
    answer = json.loads(body)
    assert (status, answer["__type"]) == (400, type_)
    assert answer["message"].startswith(sentence)
