"""A call is read as botocore wrote it, in each of AWS's protocols, and answered as botocore reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from sandbox.awsjson import authorization
from sandbox.front.control import ControlPlane, parse, registry
from sandbox.front.control.call import ControlCall
from sandbox.front.reply import HttpReply, Request, ServiceError
from sandbox.state import client

ENDPOINT = "http://127.0.0.1:1"


class _Raw:
    """The body of an answer, as urllib3 has it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        return [self._body]


class Wire:
    """A botocore client whose requests go to a function instead of a socket."""

    def __init__(self, service: str, answer: Any) -> None:
        self.requests: list[Request] = []
        self._answer = answer
        self.client = client(service, ENDPOINT)
        self.client.meta.events.register("before-send", self._send)

    def _send(self, request: Any, **_: object) -> AWSResponse:
        parts = urlsplit(str(request.url))
        headers = [
            (name.lower(), value.decode() if isinstance(value, bytes) else value)
            for name, value in request.headers.items()
        ]
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
        asked = Request(request.method, parts.path, parts.query, headers, content)
        self.requests.append(asked)
        reply: HttpReply = self._answer(asked)
        return AWSResponse(request.url, reply.status, dict(reply.headers), _Raw(reply.body))


class Sent(NamedTuple):
    """A method of boto3, its arguments, and what the call is then."""

    service: str
    method: str
    arguments: dict[str, Any]
    operation: str
    more: Mapping[str, Any] = {}


CALLS = (
    Sent(
        "dynamodb",
        "update_time_to_live",
        {"TableName": "orders", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}},
        "UpdateTimeToLive",
    ),
    Sent(
        "lambda",
        "update_function_configuration",
        {"FunctionName": "f", "MemorySize": 512},
        "UpdateFunctionConfiguration",
    ),
    Sent(
        "lambda", "create_function", {"FunctionName": "f", "Role": "r", "Code": {"ZipFile": b"\0PK"}}, "CreateFunction"
    ),
    Sent("pipes", "create_pipe", {"Name": "p", "Source": "s", "Target": "t", "RoleArn": "r"}, "CreatePipe"),
    Sent(
        "s3",
        "put_bucket_lifecycle_configuration",
        {
            "Bucket": "lake",
            "LifecycleConfiguration": {
                "Rules": [
                    {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 3}},
                    {"ID": "b", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 4}},
                ]
            },
        },
        "PutBucketLifecycleConfiguration",
        {"ChecksumAlgorithm": "CRC32"},
    ),
    Sent("s3", "delete_bucket_policy", {"Bucket": "lake"}, "DeleteBucketPolicy"),
    Sent(
        "cloudwatch",
        "put_metric_alarm",
        {
            "AlarmName": "late",
            "Threshold": 1.5,
            "EvaluationPeriods": 3,
            "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{"Name": "QueueName", "Value": "q"}, {"Name": "Stage", "Value": "s"}],
        },
        "PutMetricAlarm",
    ),
    Sent("cloudwatch", "list_metrics", {"Namespace": "AWS/SQS"}, "ListMetrics"),
    Sent("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": "a", "Value": ""}]}, "TagRole"),
    Sent("resourcegroupstaggingapi", "get_resources", {"ResourceTypeFilters": ["s3"]}, "GetResources"),
    Sent(
        "kinesis",
        "get_shard_iterator",
        {
            "StreamName": "s",
            "ShardId": "shardId-0",
            "ShardIteratorType": "AT_TIMESTAMP",
            "Timestamp": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        },
        "GetShardIterator",
        {"Timestamp": dt.datetime(2026, 1, 2, 3, 4, 5)},
    ),
)


def nothing(_: Request) -> HttpReply:
    return HttpReply(501, [], b"<ErrorResponse/>")


@pytest.mark.parametrize("sent", CALLS, ids=lambda sent: f"{sent.service}-{sent.operation}")
def test_a_call_has_botocore_s_name_and_the_members_that_were_sent(sent: Sent) -> None:
    wire = Wire(sent.service, nothing)
    with pytest.raises(ClientError):
        getattr(wire.client, sent.method)(**sent.arguments)
    call = parse(wire.requests[0])
    assert call is not None
    assert (call.service, call.operation, call.region) == (sent.service, sent.operation, "eu-west-1")
    assert call.parameters == {**sent.arguments, **sent.more}


def test_an_object_of_s3_and_an_unsigned_request_are_no_control_calls() -> None:
    wire = Wire("s3", nothing)
    with pytest.raises(ClientError):
        wire.client.put_object(Bucket="lake", Key="a", Body=b"x")
    assert parse(wire.requests[0]) is None
    assert parse(Request("GET", "/", "", [], b"")) is None


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the test's registrations refuse, answer or amend calls."""
    monkeypatch.setattr(registry, "_refusals", [])
    monkeypatch.setattr(registry, "_answers", {})
    monkeypatch.setattr(registry, "_amendments", {})


def nobody(request: Request) -> HttpReply:
    raise AssertionError(f"{request.path} went to moto")


@pytest.mark.parametrize(
    ("service", "method", "arguments", "code", "status"),
    [
        ("dynamodb", "delete_table", {"TableName": "t"}, "ResourceInUseException", 400),
        ("lambda", "get_function", {"FunctionName": "f"}, "ResourceNotFoundException", 404),
        ("s3", "get_bucket_policy", {"Bucket": "lake"}, "NoSuchBucketPolicy", 404),
        (
            "s3control",
            "list_tags_for_resource",
            {"AccountId": "1", "ResourceArn": "arn:aws:s3:::b"},
            "NoSuchTagSet",
            404,
        ),
        ("iam", "get_role", {"RoleName": "r"}, "NoSuchEntity", 404),
        ("sqs", "get_queue_attributes", {"QueueUrl": "q"}, "AWS.SimpleQueueService.NonExistentQueue", 400),
    ],
)
@pytest.mark.usefixtures("tables")
def test_a_refusal_reaches_the_client_with_its_code_its_sentence_and_its_status(
    service: str, method: str, arguments: dict[str, Any], code: str, status: int
) -> None:
    asked: list[tuple[str, str]] = []

    @registry.refuses
    def refuse(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
        asked.append((service, operation))
        return ServiceError(code, f"no, {', '.join(sorted(parameters))}", status)

    wire = Wire(service, ControlPlane(nobody))
    with pytest.raises(ClientError) as refused:
        getattr(wire.client, method)(**arguments)
    assert [name for name, _ in asked] == [service]
    response: dict[str, Any] = {**vars(refused.value)}["response"]
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert response["Error"]["Message"] == f"no, {', '.join(sorted(arguments))}"


@pytest.mark.usefixtures("tables")
def test_an_answer_replaces_moto_s() -> None:
    @registry.answers("cloudwatch", "ListTagsForResource")
    def tags(call: ControlCall) -> Mapping[str, Any]:
        return {"Tags": [{"Key": "arn", "Value": call.parameters["ResourceARN"]}]}

    wire = Wire("cloudwatch", ControlPlane(nobody))
    assert wire.client.list_tags_for_resource(ResourceARN="arn:x")["Tags"] == [{"Key": "arn", "Value": "arn:x"}]


@pytest.mark.parametrize(
    ("service", "method", "body"),
    [
        (
            "sns",
            "list_topics",
            b"<ListTopicsResponse><ListTopicsResult><Topics/></ListTopicsResult></ListTopicsResponse>",
        ),
        ("athena", "list_work_groups", b'{"NextToken": "moto"}'),
    ],
)
@pytest.mark.usefixtures("tables")
def test_an_amendment_changes_what_moto_answered_but_not_an_error(service: str, method: str, body: bytes) -> None:
    operation = {"list_topics": "ListTopics", "list_work_groups": "ListWorkGroups"}[method]

    @registry.amends(service, operation)
    def more(_: ControlCall, output: dict[str, Any]) -> None:
        output["NextToken"] = "more"

    refused = b"<ErrorResponse/>" if service == "sns" else b"{}"
    replies = [HttpReply(200, [], body), HttpReply(400, [], refused)]
    wire = Wire(service, ControlPlane(lambda _: replies.pop(0)))
    assert getattr(wire.client, method)()["NextToken"] == "more"
    with pytest.raises(ClientError):
        getattr(wire.client, method)()


@pytest.mark.usefixtures("tables")
def test_an_unsupported_operation_is_an_error_that_no_client_retries() -> None:
    """aws-sdk-go-v2 (aws/retry/standard.go, DefaultRetryableHTTPStatusCodes) and botocore retry 500, 502, 503, 504."""

    def moto(_: Request) -> HttpReply:
        raise NotImplementedError("The rename_work_group action has not been implemented")

    wire = Wire("athena", ControlPlane(moto))
    with pytest.raises(ClientError, match="The sandbox does not have athena ListWorkGroups") as refused:
        wire.client.list_work_groups()
    response: dict[str, Any] = {**vars(refused.value)}["response"]
    assert response["Error"]["Code"] == "UnknownOperationException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert len(wire.requests) == 1


@pytest.mark.usefixtures("tables")
def test_a_data_call_is_never_refused() -> None:
    @registry.refuses
    def refuse(service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> ServiceError | None:
        return ServiceError("AccessDeniedException", "no")

    wire = Wire("events", ControlPlane(lambda _: HttpReply(200, [], b'{"FailedEntryCount": 0, "Entries": []}')))
    wire.client.put_events(Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}])
    with pytest.raises(ClientError, match="no"):
        wire.client.list_rules()


def bucket_call(method: str, query: str, path: str = "/lake") -> Request:
    return Request(method, path, query, [("authorization", authorization("eu-west-1", "s3"))], b"")


@pytest.mark.parametrize(
    ("method", "query", "reaches"),
    [
        ("GET", "list-type=2&prefix=a&x-id=ListObjectsV2", True),
        ("GET", "list-type=2&metadata=true", True),
        ("GET", "abac", False),
        ("PUT", "abac", False),
        ("GET", "of-tomorrow", False),
        ("PUT", "of-tomorrow=1", False),
        ("DELETE", "of-tomorrow=1", False),
        ("DELETE", "x-id=DeleteBucket", True),
        ("DELETE", "", True),
    ],
)
def test_what_a_bucket_s_query_names_and_no_model_knows_does_not_reach_moto(
    method: str, query: str, reaches: bool
) -> None:
    """moto would do to the bucket what was asked of a part of it; S3 ignores a name with a value when it lists."""
    reply = ControlPlane(lambda _: HttpReply(204, [], b""))(bucket_call(method, query))
    assert (reply.status == 204) is reaches
    assert reaches or b"<Code>NotImplemented</Code>" in reply.body


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_annotation_of_an_object_is_not_the_object(method: str) -> None:
    """PutObjectAnnotation and DeleteObjectAnnotation of botocore 1.44, which moto takes for calls about the object."""
    reply = ControlPlane(lambda _: HttpReply(204, [], b""))(bucket_call(method, "annotation=a", "/lake/orders.json"))
    assert b"<Code>NotImplemented</Code>" in reply.body
