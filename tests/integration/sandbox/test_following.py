"""The workers follow resources that others create, update and delete at run time, like an engine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator

import pytest

from tests.integration.sandbox.dataplane import ROLE, Sandbox, put, wait_until

NAME = "followed"


@pytest.fixture
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def create(sandbox: Sandbox) -> None:
    source, target = sandbox.table(NAME), sandbox.stream(NAME)
    sandbox.delivery_stream(NAME, target, NAME, Prefix="first/")
    sandbox.pipe(NAME, source, target)


def destroy(sandbox: Sandbox) -> None:
    """Delete in an engine's order: dependents first."""
    sandbox.client("pipes").delete_pipe(Name=NAME)
    sandbox.client("firehose").delete_delivery_stream(DeliveryStreamName=NAME)
    sandbox.client("kinesis").delete_stream(StreamName=NAME, EnforceConsumerDeletion=True)
    sandbox.client("dynamodb").delete_table(TableName=NAME)
    for key in sandbox.objects(NAME):
        sandbox.client("s3").delete_object(Bucket=NAME, Key=key)
    sandbox.client("s3").delete_bucket(Bucket=NAME)


def arrived(sandbox: Sandbox, prefix: str) -> list[str]:
    """Return the keys of the items whose changes are in the objects under a prefix."""
    bodies = b"".join(sandbox.objects(NAME, prefix).values())
    decoder, text, found = json.JSONDecoder(), bodies.decode(), list[str]()
    while text:
        event, end = decoder.raw_decode(text)
        found.append(event["dynamodb"]["Keys"]["id"]["S"])
        text = text[end:]
    return found


def test_a_pipeline_is_followed_through_creation_update_deletion_and_creation_again(sandbox: Sandbox) -> None:
    sandbox.start("pipes")
    sandbox.start("firehose")
    create(sandbox)
    put(sandbox, NAME, "a")
    wait_until(lambda: arrived(sandbox, "first/") == ["a"], "the first change")

    pipes, firehose = sandbox.client("pipes"), sandbox.client("firehose")
    removals = {"Filters": [{"Pattern": '{"dynamodb": {"Keys": {"id": {"S": [{"anything-but": ["unwanted"]}]}}}}'}]}
    pipes.update_pipe(
        Name=NAME,
        RoleArn=ROLE,
        SourceParameters={"FilterCriteria": removals, "DynamoDBStreamParameters": {"BatchSize": 7}},
    )
    # Changes read before the update are not read again: the pipe and its checkpoint are unchanged.
    found = firehose.describe_delivery_stream(DeliveryStreamName=NAME)["DeliveryStreamDescription"]
    firehose.update_destination(
        DeliveryStreamName=NAME,
        CurrentDeliveryStreamVersionId=found["VersionId"],
        DestinationId=found["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"Prefix": "second/"},
    )
    stamp = pipes.describe_pipe(Name=NAME)["SourceParameters"]["DynamoDBStreamParameters"]
    assert stamp == {"StartingPosition": "TRIM_HORIZON", "BatchSize": 7}
    # Each worker polls for changes once per second; earlier records use the old configuration.
    wait_until(
        lambda: change(sandbox, "probe") or any(arrived(sandbox, "second/")), "the update of the delivery stream"
    )
    wait_until(lambda: filtered_out(sandbox), "the update of the pipe")
    assert arrived(sandbox, "first/").count("a") == 1
    assert "a" not in arrived(sandbox, "second/")

    destroy(sandbox)
    wait_until(lambda: NAME not in sandbox.status("pipes")["pipes"], "the pipe's end")
    wait_until(lambda: NAME not in sandbox.status("firehose")["delivery_streams"], "the delivery stream's end")
    create(sandbox)
    put(sandbox, NAME, "z")
    wait_until(lambda: arrived(sandbox, "") == ["z"], "the first change after all was made again")


def change(sandbox: Sandbox, key: str) -> None:
    """Change an item: a write without a difference is not a change and reaches no stream."""
    put(sandbox, NAME, key, nonce={"S": uuid.uuid4().hex})


def filtered_out(sandbox: Sandbox) -> bool:
    """Return whether the pipe, for another change, applies its new filter."""
    change(sandbox, "unwanted")
    return sandbox.status("pipes")["pipes"][NAME]["filtered"] > 0
