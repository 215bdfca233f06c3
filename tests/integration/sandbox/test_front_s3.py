from __future__ import annotations

import io
import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from urllib.request import urlopen

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.state import client

CONTENT = bytes(range(256)) * 20


@pytest.fixture(scope="module")
def s3(sandbox_server: Any) -> Any:
    return client("s3", sandbox_server.endpoint_url)


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"b-{abs(hash(request.node.name))}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield name
    s3.delete_bucket_policy(Bucket=name)
    for listed in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=listed["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize(
    "key",
    [
        "order_changes/arrival_hour=2026-01-01-00/x y+z&a=b.json",
        "ü/日本",
        "an encoded slash %2F stays encoded",
        "a//b/../c",
        " leading",
        "question?mark#hash",
    ],
)
def test_an_object_has_the_key_that_it_was_given(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=CONTENT, Metadata={"written_by": "me"})

    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == CONTENT
    assert got["Metadata"] == {"written_by": "me"}
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(CONTENT)
    assert [listed["Key"] for listed in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


def test_an_empty_object_does_not_hold_up_the_next_one(sandbox_server: Any, bucket: str) -> None:
    """boto3 sends "Expect: 100-continue" with an empty body too, and the next response came half a minute late."""
    boto3: Any = import_module("boto3")
    impatient: Any = boto3.client(
        "s3",
        endpoint_url=sandbox_server.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(read_timeout=25, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    impatient.put_object(Bucket=bucket, Key="empty", Body=b"")
    impatient.put_object(Bucket=bucket, Key="full", Body=CONTENT)
    assert impatient.get_object(Bucket=bucket, Key="full")["Body"].read() == CONTENT


def test_a_part_of_an_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=CONTENT)

    got = s3.get_object(Bucket=bucket, Key="k", Range="bytes=5-9")

    assert got["Body"].read() == CONTENT[5:10]
    assert got["ContentRange"] == f"bytes 5-9/{len(CONTENT)}"


def test_an_object_of_several_parts(s3: Any, bucket: str) -> None:
    content = CONTENT * 4000
    s3.upload_fileobj(io.BytesIO(content), bucket, "large")

    assert s3.head_object(Bucket=bucket, Key="large")["ContentLength"] == len(content)
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == content


def test_an_empty_object_and_one_that_is_not_there(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""

    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="missing")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=bucket, Key="missing")


def test_a_presigned_url_needs_no_client(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a b", Body=CONTENT)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b"})

    with urlopen(url) as answer:
        assert answer.read() == CONTENT


def test_a_policy_that_requires_tls_blocks_no_one(s3: Any, bucket: str) -> None:
    statement: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}

    def allow(*statements: dict[str, Any]) -> None:
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    allow(statement | condition)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")

    allow(statement)
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"")


@pytest.fixture
def noted(sandbox_server: Any, s3: Any, bucket: str) -> Iterator[Any]:
    """Return a queue's messages about the bucket's new objects under errors/, by a rule of the default bus."""
    events, sqs = (client(service, sandbox_server.endpoint_url) for service in ("events", "sqs"))
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    url = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "errors/"}]}},
    }
    events.create_event_bus(Name=bucket)
    for bus in ("default", bucket):
        events.put_rule(Name=bucket, EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=bucket, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})

    def messages() -> list[dict[str, Any]]:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in got]

    yield messages
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for listed in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=listed["Key"], VersionId=listed["VersionId"])
    for bus in ("default", bucket):
        events.remove_targets(Rule=bucket, EventBusName=bus, Ids=["queue"])
        events.delete_rule(Name=bucket, EventBusName=bus)
    events.delete_event_bus(Name=bucket)
    sqs.delete_queue(QueueUrl=url)


def test_eventbridge_receives_new_objects_and_not_the_test_event(s3: Any, bucket: str, noted: Any) -> None:
    """No s3:TestEvent, S3's own names, on the default bus alone.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
    """
    assert noted() == []
    s3.put_object(Bucket=bucket, Key="order_changes/x", Body=b"a row")
    written = s3.put_object(Bucket=bucket, Key="errors/a b+c", Body=b"not a row")
    (event,) = noted()
    assert set(event) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
    }
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    assert (detail["bucket"], detail["reason"]) == ({"name": bucket}, "PutObject")
    sequencer = detail["object"].pop("sequencer")
    assert detail["object"] == {
        "key": "errors/a b+c",
        "size": 9,
        "etag": written["ETag"].strip('"'),
        "version-id": written["VersionId"],
    }
    s3.put_object(Bucket=bucket, Key="errors/a b+c", Body=b"again")
    (later,) = noted()
    assert later["detail"]["object"]["sequencer"] > sequencer
