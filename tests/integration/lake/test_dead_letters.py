"""Replay of dead letters: from the queue through the table's stream to the change stream."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from lake.__main__ import main
from tests.integration.sandbox.dataplane import REGION, Sandbox, events, put, wait_until
from transform.shorten import MARK, RECORD_LIMIT_BYTES

Captured = pytest.CaptureFixture[str]
MISSING = f"arn:aws:kinesis:{REGION}:123456789012:stream/missing"


@pytest.fixture(scope="module")
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    dataplane.start("pipes")
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def queue(sandbox: Sandbox, name: str) -> str:
    return sandbox.client("sqs").create_queue(QueueName=name)["QueueUrl"]


def waiting(sandbox: Sandbox, url: str) -> int:
    name = "ApproximateNumberOfMessages"
    return int(sandbox.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][name])


def given_up(sandbox: Sandbox, name: str, url: str, count: int) -> str:
    """Let a Pipe without a target fail on a new table's changes; return the stream's ARN."""
    source = sandbox.table(name)
    arn = sandbox.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    sandbox.pipe(name, source, MISSING, MaximumRetryAttempts=0, BatchSize=1, DeadLetterConfig={"Arn": arn})
    wait_until(lambda: name in sandbox.status("pipes").get("pipes", {}), "the pipe to run")
    put(sandbox, name, *[f"k{number}" for number in range(count - 1)])
    put(sandbox, name, "large", note={"S": '"' * 390_000}, binary={"B": b"\x00\xff"})  # type: ignore[arg-type]
    sandbox.client("dynamodb").update_item(
        TableName=name,
        Key={"id": {"S": "large"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    wait_until(lambda: waiting(sandbox, url) == count + 1, "dead letters")
    return source


def replayed(sandbox: Sandbox, url: str, stream: str, *arguments: str) -> int:
    where = ("--endpoint-url", sandbox.endpoint_url, "--region", REGION)
    return main(["replay", "--dead-letters", "--dead-letter-queue-url", url, "--stream", stream, *where, *arguments])


def test_what_a_pipe_gave_up_is_put_on_the_stream_and_its_letters_are_deleted(
    sandbox: Sandbox, capsys: Captured
) -> None:
    url = queue(sandbox, "letters")
    source = given_up(sandbox, "letters", url, 4)
    sandbox.stream("letters")

    assert replayed(sandbox, url, "letters", "--dry-run", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["messages"], planned["records"], planned["shortened"]) == (5, 5, 1)
    assert planned["reasons"] == {"RetryAttemptsExhausted": 5}
    example = planned["examples"]["RetryAttemptsExhausted"]
    assert len(example) <= 2000
    assert '"eventName":"INSERT"' in example
    assert (sandbox.records("letters"), waiting(sandbox, url)) == ([], 5)

    assert replayed(sandbox, url, "letters") == 0
    out = capsys.readouterr().out
    assert out.startswith("5 records (")
    assert "shortened to the size limit: 1 record" in out
    assert waiting(sandbox, url) == 0
    found = {(event["dynamodb"]["Keys"]["id"]["S"], event["eventName"]): event for event in events(sandbox, "letters")}
    assert {key for key, _ in found} == {"k0", "k1", "k2", "large"}
    assert found["k0", "INSERT"]["eventSourceARN"] == source
    assert found["large", "INSERT"]["dynamodb"]["NewImage"]["binary"] == {"B": "AP8="}
    update = found["large", "MODIFY"]
    assert list(update["dynamodb"]["OldImage"]["note"]) == [MARK]
    assert update["dynamodb"]["NewImage"]["note"] == {"S": '"' * 390_000}
    assert max(len(record["Data"]) for record in sandbox.records("letters")) <= RECORD_LIMIT_BYTES
    stream = sandbox.client("dynamodbstreams")
    shard = stream.describe_stream(StreamArn=source)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = stream.get_shard_iterator(StreamArn=source, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    first = stream.get_records(ShardIterator=iterator["ShardIterator"])["Records"][0]
    assert found["k0", "INSERT"]["eventID"] == first["eventID"]
    assert found["k0", "INSERT"]["dynamodb"]["ApproximateCreationDateTime"] == int(
        first["dynamodb"]["ApproximateCreationDateTime"].timestamp()
    )

    assert replayed(sandbox, url, "letters") == 0
    assert capsys.readouterr().out.startswith("0 records")


def test_expired_changes_of_the_tables_stream_are_reported_and_their_letter_stays(
    sandbox: Sandbox, capsys: Captured
) -> None:
    """DynamoDB Streams keeps 24 hours: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html"""
    url = queue(sandbox, "gone")
    sandbox.stream("gone")
    batch: dict[str, Any] = {
        "shardId": "shardId-00000000000000000001-aaaaaaaa",
        "startSequenceNumber": "100000000000000000001",
        "endSequenceNumber": "100000000000000000002",
        "batchSize": 2,
        "streamArn": sandbox.table("gone"),
    }
    for body in (json.dumps({"context": {"condition": "x"}, "DDBStreamBatchInfo": batch}), "from somebody else"):
        sandbox.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    assert replayed(sandbox, url, "gone") == 1
    out = capsys.readouterr().out
    assert "the changes of 1 message have expired in the table's stream" in out
    assert "no Pipe of this table wrote them: 1 message" in out
    assert waiting(sandbox, url) == 2


def test_a_pipeline_without_a_queue_says_why(sandbox: Sandbox, capsys: Captured) -> None:
    assert replayed(sandbox, "", "letters") == 2
    assert "with captureMode native there is no Pipe" in capsys.readouterr().err


def test_a_queue_that_is_not_there_is_named(sandbox: Sandbox, capsys: Captured) -> None:
    assert replayed(sandbox, f"{sandbox.endpoint_url}/123456789012/nothing", "letters") == 2
    assert "check --dead-letter-queue-url" in capsys.readouterr().err
