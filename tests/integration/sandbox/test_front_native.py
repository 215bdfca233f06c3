"""A table's native Kinesis destination writes each change as DynamoDB does."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from sandbox.state import client
from tests.conftest import SandboxServer

# As https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds_gettingstarted.html shows a record.
LIKE_AWS = json.loads((Path(__file__).parents[2] / "events" / "native-microseconds.json").read_text())


class Native(NamedTuple):
    """A table that writes its changes to its own stream."""

    name: str
    arn: str
    dynamodb: Any
    kinesis: Any

    def enable(self, **configuration: str) -> None:
        self.dynamodb.enable_kinesis_streaming_destination(
            TableName=self.name, StreamArn=self.arn, EnableKinesisStreamingConfiguration=configuration
        )

    def put(self, key: str, **attributes: str) -> None:
        item = {"id": {"S": key}} | {name: {"S": text} for name, text in attributes.items()}
        self.dynamodb.put_item(TableName=self.name, Item=item)

    def records(self) -> list[dict[str, Any]]:
        (shard,) = self.kinesis.list_shards(StreamName=self.name)["Shards"]
        place = {"StreamName": self.name, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(**place)["ShardIterator"]
        return [json.loads(record["Data"]) for record in self.kinesis.get_records(ShardIterator=iterator)["Records"]]


@pytest.fixture(params=[True, False], ids=["with-stream", "without-stream"])
def native(sandbox_server: SandboxServer, request: pytest.FixtureRequest) -> Native:
    dynamodb, kinesis = (client(service, sandbox_server.endpoint_url) for service in ("dynamodb", "kinesis"))
    name = f"native-{uuid4().hex[:8]}"
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"} if request.param else {"StreamEnabled": False}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification=stream,
    )
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    return Native(name, arn, dynamodb, kinesis)


def test_every_change_is_a_record_of_dynamodb_s_form(native: Native) -> None:
    native.put("before")
    native.enable(ApproximateCreationDateTimePrecision="MICROSECOND")
    began_us = time.time() * 1e6
    native.put("a", status="placed")
    native.put("a", status="placed")  # Without a difference there is no change.
    native.dynamodb.update_item(
        TableName=native.name,
        Key={"id": {"S": "a"}},
        UpdateExpression="SET #s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "paid"}},
    )
    native.dynamodb.delete_item(TableName=native.name, Key={"id": {"S": "a"}})

    insert, modify, remove = records = native.records()
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert list(modify) == list(LIKE_AWS)
    assert set(modify["dynamodb"]) == set(LIKE_AWS["dynamodb"])
    for name in ("awsRegion", "userIdentity", "recordFormat", "eventSource"):
        assert modify[name] == LIKE_AWS[name]
    assert {record["tableName"] for record in records} == {native.name}
    assert len({record["eventID"] for record in records}) == 3
    assert insert["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "status": {"S": "placed"}}
    assert "OldImage" not in insert["dynamodb"]
    assert modify["dynamodb"]["OldImage"]["status"] == {"S": "placed"}
    assert "NewImage" not in remove["dynamodb"]
    times = [record["dynamodb"]["ApproximateCreationDateTime"] for record in records]
    assert began_us <= times[0] <= times[1] <= times[2] <= time.time() * 1e6


def test_a_transaction_s_changes_are_in_the_stream_only_when_all_are_made(native: Native) -> None:
    native.enable()
    native.put("there")

    def transact(*conditions: str) -> None:
        put: dict[str, Any] = {"TableName": native.name, "Item": {"id": {"S": "new"}}}
        check = {"TableName": native.name, "Key": {"id": {"S": "there"}}, "ConditionExpression": conditions[0]}
        native.dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"ConditionCheck": check}])

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        transact("attribute_not_exists(id)")
    assert len(native.records()) == 1
    transact("attribute_exists(id)")
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in native.records()] == ["there", "new"]


def test_a_long_key_fits_and_what_the_stream_does_not_take_holds_nothing_up(native: Native) -> None:
    native.enable()
    native.put("k" * 2000)
    native.put("large", text="x" * 395_000)
    native.put("large", text="y" * 395_000)  # both images are less than a MiB
    native.put("large", text="ä" * 190_000)
    native.dynamodb.put_item(  # as JSON, nearly three MiB with its old image
        TableName=native.name, Item={"id": {"S": "large"}, "flags": {"L": [{"BOOL": True}] * 190_000}}
    )
    native.put("after")
    keys = [record["dynamodb"]["Keys"]["id"]["S"] for record in native.records()]
    assert keys == ["k" * 2000, "large", "large", "large", "after"]


def test_the_precision_is_reported_and_used_and_a_disabled_destination_is_left_alone(native: Native) -> None:
    native.enable(ApproximateCreationDateTimePrecision="MILLISECOND")
    native.put("a")
    (record,) = native.records()
    assert record["dynamodb"]["ApproximateCreationDateTimePrecision"] == "MILLISECOND"
    assert abs(record["dynamodb"]["ApproximateCreationDateTime"] - time.time() * 1e3) < 60_000
    with pytest.raises(ClientError, match="must be DISABLED or ENABLE_FAILED"):
        native.enable()
    native.dynamodb.disable_kinesis_streaming_destination(TableName=native.name, StreamArn=native.arn)
    native.put("b")
    native.enable()
    native.put("c")
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in native.records()] == ["a", "c"]
