"""The Pipes process against the sandbox's server: the records in Kinesis, and the treatment of the others."""

from __future__ import annotations

import json
import time
from collections.abc import Generator

import pytest

from tests.integration.sandbox.dataplane import ROLE, Sandbox, arrived, events, put, wait_until


@pytest.fixture(scope="module")
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    """The workers for all tests here."""
    dataplane.start("pipes")
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def test_a_change_arrives_as_pipes_emits_it(sandbox: Sandbox) -> None:
    source, target = sandbox.table("emits"), sandbox.stream("emits")
    sandbox.pipe("emits", source, target)
    dynamodb = sandbox.client("dynamodb")
    put(sandbox, "emits", "a", n={"N": "12.5"})
    dynamodb.update_item(
        TableName="emits",
        Key={"id": {"S": "a"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "13"}},
    )
    dynamodb.delete_item(TableName="emits", Key={"id": {"S": "a"}})
    arrived(sandbox, "emits", 3)

    insert, modify, remove = events(sandbox, "emits")
    assert list(insert) == [
        "eventID",
        "eventName",
        "eventVersion",
        "eventSource",
        "awsRegion",
        "dynamodb",
        "eventSourceARN",
    ]
    assert [event["eventName"] for event in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
    assert insert["eventSource"] == "aws:dynamodb"
    assert insert["awsRegion"] == "eu-west-1"
    assert insert["eventSourceARN"] == source
    assert insert["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    assert insert["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "n": {"N": "12.5"}}
    assert "OldImage" not in insert["dynamodb"]
    assert modify["dynamodb"]["OldImage"]["n"] == {"N": "12.5"}
    assert modify["dynamodb"]["NewImage"]["n"] == {"N": "13"}
    assert "NewImage" not in remove["dynamodb"]
    assert insert["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert int(insert["dynamodb"]["SequenceNumber"]) < int(modify["dynamodb"]["SequenceNumber"])
    assert {record["PartitionKey"] for record in sandbox.records("emits")} == {"a"}
    assert b'": ' not in sandbox.records("emits")[0]["Data"]


def test_filters_and_template_are_applied(sandbox: Sandbox) -> None:
    source, target = sandbox.table("filters"), sandbox.stream("filters")
    sandbox.pipe(
        "filters",
        source,
        target,
        filters=[json.dumps({"dynamodb": {"NewImage": {"status": {"S": [{"prefix": "pa"}]}}}})],
        template='{"dynamodb": {"Keys": <$.dynamodb.Keys>}, "pipe": "<aws.pipes.pipe-name>"}',
        key="$.dynamodb.NewImage.status.S",
    )
    put(sandbox, "filters", "a", status={"S": "paid"})
    put(sandbox, "filters", "b", status={"S": "placed"})
    put(sandbox, "filters", "c", status={"S": "packed"})
    assert arrived(sandbox, "filters", 2) == ["a", "c"]
    assert events(sandbox, "filters")[0]["pipe"] == "filters"
    assert [record["PartitionKey"] for record in sandbox.records("filters")] == ["paid", "packed"]
    wait_until(
        lambda: sandbox.status("pipes")["pipes"].get("filters", {}).get("filtered") == 1, "the status to report it"
    )


def test_latest_means_from_the_pipes_creation(sandbox: Sandbox) -> None:
    source, target = sandbox.table("latest"), sandbox.stream("latest")
    put(sandbox, "latest", "before")
    # DynamoDB's creation times are whole seconds.
    wait_until(lambda: seconds_since(sandbox, "latest") >= 1, "another second")
    sandbox.pipe("latest", source, target, StartingPosition="LATEST")
    put(sandbox, "latest", "after")
    assert arrived(sandbox, "latest", 1) == ["after"]


def seconds_since(sandbox: Sandbox, table: str) -> float:
    streams = sandbox.client("dynamodbstreams")
    arn = sandbox.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return time.time() - records[-1]["dynamodb"]["ApproximateCreationDateTime"].timestamp() - 1


def test_a_stopped_pipe_waits_and_goes_on_where_it_was(sandbox: Sandbox) -> None:
    source, target = sandbox.table("stopped"), sandbox.stream("stopped")
    sandbox.pipe("stopped", source, target)
    put(sandbox, "stopped", "a")
    arrived(sandbox, "stopped", 1)
    pipes = sandbox.client("pipes")
    pipes.stop_pipe(Name="stopped")
    wait_until(lambda: "stopped" not in sandbox.status("pipes")["pipes"], "the pipe to stop")
    put(sandbox, "stopped", "b")
    pipes.start_pipe(Name="stopped")
    assert arrived(sandbox, "stopped", 2) == ["a", "b"]


def test_what_the_target_never_takes_goes_to_the_dead_letter_queue(sandbox: Sandbox) -> None:
    source = sandbox.table("dead")
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    missing = "arn:aws:kinesis:eu-west-1:123456789012:stream/missing"
    # Both exist before the pipe, otherwise it may read one alone.
    put(sandbox, "dead", "a", "b")
    sandbox.pipe("dead", source, missing, MaximumRetryAttempts=1, DeadLetterConfig={"Arn": queue})
    (message,) = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "a dead letter")
    body = json.loads(message["Body"])
    assert body["context"]["condition"] == "RetryAttemptsExhausted"
    assert body["context"]["partnerResourceArn"].endswith(":pipe/dead")
    assert body["DDBStreamBatchInfo"]["batchSize"] == 2
    assert body["DDBStreamBatchInfo"]["streamArn"] == source
    wait_until(lambda: sandbox.status("pipes")["pipes"]["dead"]["discarded"] == 2, "the status to report it")


def test_a_pipe_that_is_not_run_here_is_said_so_once(sandbox: Sandbox) -> None:
    sandbox.client("pipes").create_pipe(
        Name="strange",
        RoleArn=ROLE,
        Source="arn:aws:sqs:eu-west-1:123456789012:queue",
        SourceParameters={"SqsQueueParameters": {"BatchSize": 10}},
        Target=sandbox.stream("strange"),
        TargetParameters={"KinesisStreamParameters": {"PartitionKey": "$.messageId"}},
    )
    found: dict[str, str] = wait_until(lambda: sandbox.status("pipes").get("unsupported"), "the status to report it")
    assert "only DynamoDB streams and Kinesis streams are supported" in found["strange"]
    assert sandbox.workers[0].log.read_text().count("pipe strange does not run") == 1
