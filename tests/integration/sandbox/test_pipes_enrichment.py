"""A running pipe with a Lambda enrichment: the target's records, and records too large for Lambda.

https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from tests.integration.sandbox.dataplane import Sandbox, arrived, events, put, wait_until

FUNCTION = """
def handler(events, context):
    return [event | {"seen": len(events)} for event in events if event["dynamodb"]["Keys"]["id"]["S"] != "dropped"]
"""
LAMBDAS_LIMIT_BYTES = 6 * 1024 * 1024


@pytest.fixture(scope="module")
def sandbox(dataplane: Sandbox) -> Generator[Sandbox]:
    dataplane.start("functions")
    dataplane.start("pipes")
    yield dataplane
    dataplane.end_workers()
    dataplane.remove_all()


def test_the_target_gets_the_answer_and_a_change_too_large_for_lambda_is_discarded(sandbox: Sandbox) -> None:
    """The payload of a synchronous call has 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    source, target = sandbox.table("enriched"), sandbox.stream("enriched")
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName="enriched")["QueueUrl"]
    letters = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sandbox.pipe(
        "enriched",
        source,
        target,
        enrichment=sandbox.function("enriched", FUNCTION),
        key="$.eventID",
        BatchSize=1,
        MaximumRetryAttempts=0,
        DeadLetterConfig={"Arn": letters},
    )
    note: Any = {"L": [{"S": ""}] * 390_000}
    put(sandbox, "enriched", "a", "dropped")
    put(sandbox, "enriched", "vast", note=note)
    sandbox.client("dynamodb").update_item(
        TableName="enriched",
        Key={"id": {"S": "vast"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    put(sandbox, "enriched", "b")
    (message,) = wait_until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "a dead letter")
    assert json.loads(message["Body"])["context"]["condition"] == "RetryAttemptsExhausted"
    assert len(json.dumps([note, note], separators=(",", ":"))) > LAMBDAS_LIMIT_BYTES
    # Kinesis refuses the insert of the vast item after the function, so it becomes a dead letter too.
    assert arrived(sandbox, "enriched", 2) == ["a", "b"]
    assert [event["seen"] for event in events(sandbox, "enriched")] == [1, 1]
    partition_keys = [record["PartitionKey"] for record in sandbox.records("enriched")]
    assert partition_keys == [event["eventID"] for event in events(sandbox, "enriched")]
    wait_until(lambda: sandbox.status("pipes")["pipes"]["enriched"]["discarded"] == 2, "the status to report both")
