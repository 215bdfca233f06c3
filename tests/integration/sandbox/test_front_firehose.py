"""Puts into a delivery stream are refused: https://github.com/aws/aws-cli/issues/7010 has AWS's words."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import SandboxServer
from tests.integration.sandbox.provider import Aws
from tests.integration.sandbox.provider.calls import bucket, role


@pytest.fixture
def aws(sandbox_server: SandboxServer) -> Aws:
    return Aws(sandbox_server.endpoint_url)


def put(aws: Aws, name: str) -> list[str]:
    """Return the error of each of the two calls."""
    refusals: list[str] = []
    for method, records in (
        ("put_record", {"Record": {"Data": b"x"}}),
        ("put_record_batch", {"Records": [{"Data": b"x"}]}),
    ):
        with pytest.raises(ClientError) as refused:
            getattr(aws.firehose, method)(DeliveryStreamName=name, **records)
        error: dict[str, Any] = {**vars(refused.value)}["response"]["Error"]
        refusals.append(f"{error['Code']}: {error['Message']}")
    return refusals


def make(aws: Aws, name: str, **source: Any) -> None:
    destination = {"RoleARN": role(aws, "puts"), "BucketARN": f"arn:aws:s3:::{bucket(aws, name)}"}
    aws.firehose.create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination, **source
    )


def test_a_put_beside_a_kinesis_source_is_refused_as_aws_does_and_leaves_no_object(aws: Aws) -> None:
    aws.kinesis.create_stream(StreamName="puts-kinesis", ShardCount=1)
    source = {"KinesisStreamARN": aws.arn("kinesis", "stream/puts-kinesis"), "RoleARN": role(aws, "puts")}
    kind = "KinesisStreamAsSource"
    make(aws, "puts-kinesis", DeliveryStreamType=kind, KinesisStreamSourceConfiguration=source)
    sentence = f"InvalidArgumentException: This operation is not permitted on {kind} delivery stream type."
    assert put(aws, "puts-kinesis") == [sentence, sentence]
    assert "Contents" not in aws.s3.list_objects_v2(Bucket="puts-kinesis")


def test_a_put_that_the_sandbox_would_not_deliver_is_refused_by_name(aws: Aws) -> None:
    make(aws, "puts-direct", DeliveryStreamType="DirectPut")
    assert all(
        "The sandbox delivers what a delivery stream reads from Kinesis" in each for each in put(aws, "puts-direct")
    )
    assert "Contents" not in aws.s3.list_objects_v2(Bucket="puts-direct")
    assert all("ResourceNotFoundException" in each for each in put(aws, "nowhere"))
