"""A table's stream that is disabled and enabled again.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Enabling
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.state import client


class Orders:
    """A table with a stream, and the records of its streams."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self.dynamodb = client("dynamodb", url)
        self.streams = client("dynamodbstreams", url)
        self.create()

    def create(self) -> None:
        self.dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )

    def table(self) -> Any:
        return self.dynamodb.describe_table(TableName=self.name)["Table"]

    def switch(self, view: str | None) -> None:
        on = {"StreamEnabled": True, "StreamViewType": view}
        self.dynamodb.update_table(TableName=self.name, StreamSpecification=on if view else {"StreamEnabled": False})

    def put(self, *ids: str) -> None:
        for id_ in ids:
            self.dynamodb.put_item(TableName=self.name, Item={"id": {"S": id_}})

    def described(self, arn: str) -> Any:
        return self.streams.describe_stream(StreamArn=arn)["StreamDescription"]

    def iterator(self, arn: str, kind: str = "TRIM_HORIZON") -> str:
        (shard,) = self.described(arn)["Shards"]
        asked = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": kind}
        return self.streams.get_shard_iterator(**asked)["ShardIterator"]

    def read(self, iterator: str, **more: Any) -> tuple[list[str], str | None]:
        answer = self.streams.get_records(ShardIterator=iterator, **more)
        ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in answer["Records"]]
        return ids, answer.get("NextShardIterator")

    def close(self) -> None:
        self.dynamodb.close()
        self.streams.close()


@pytest.fixture
def orders(sandbox_server: Any, request: pytest.FixtureRequest) -> Iterator[Orders]:
    orders = Orders(sandbox_server.endpoint_url, f"life-{abs(hash(request.node.name))}")
    yield orders
    orders.dynamodb.delete_table(TableName=orders.name)
    orders.close()


def test_a_stream_that_is_off_keeps_its_records_and_ends(orders: Orders) -> None:
    arn = orders.table()["LatestStreamArn"]
    orders.put("a", "b")
    under_way = orders.iterator(arn, "LATEST")
    orders.switch(None)
    orders.put("c")

    assert "StreamSpecification" not in orders.table()
    description = orders.described(arn)
    assert (description["StreamStatus"], description["StreamViewType"]) == ("DISABLED", "KEYS_ONLY")
    (shard,) = description["Shards"]
    numbers = shard["SequenceNumberRange"]
    assert int(numbers["EndingSequenceNumber"]) == int(numbers["StartingSequenceNumber"]) + 1
    first, following = orders.read(orders.iterator(arn), Limit=1)
    assert following is not None
    assert (first, orders.read(following)) == (["a"], (["b"], None))
    assert orders.read(under_way) == ([], None)


def test_switched_on_again_it_is_another_stream(orders: Orders) -> None:
    """Each stream has its own records; the older one's iterators never reach the newer one."""
    old = orders.table()["LatestStreamArn"]
    orders.put("a")
    before = orders.iterator(old)
    orders.switch(None)
    orders.put("unseen")
    orders.switch("NEW_IMAGE")
    orders.put("b")

    new = orders.table()["LatestStreamArn"]
    assert new > old
    assert orders.table()["LatestStreamLabel"] == new.rpartition("/")[2] == orders.described(new)["StreamLabel"]
    assert orders.read(before) == (["a"], None)
    ids, following = orders.read(orders.iterator(new))
    assert ids == ["b"]
    assert following is not None
    assert [orders.described(arn)["StreamStatus"] for arn in (old, new)] == ["DISABLED", "ENABLED"]
    assert [orders.described(arn)["StreamViewType"] for arn in (old, new)] == ["KEYS_ONLY", "NEW_IMAGE"]
    shard = orders.described(old)["Shards"][0]["ShardId"]
    with pytest.raises(orders.streams.exceptions.ResourceNotFoundException):
        orders.streams.get_shard_iterator(StreamArn=new, ShardId=shard, ShardIteratorType="LATEST")


def test_later_streams_have_greater_sequence_numbers(orders: Orders) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html"""
    numbers: list[int] = []
    for id_ in "abc":
        arn = orders.table()["LatestStreamArn"]
        orders.put(id_)
        (record,) = orders.streams.get_records(ShardIterator=orders.iterator(arn))["Records"]
        numbers.append(int(record["dynamodb"]["SequenceNumber"]))
        orders.switch(None)
        orders.switch("KEYS_ONLY")
    assert numbers == sorted(set(numbers))


def test_all_streams_are_listed_while_they_can_be_read(orders: Orders) -> None:
    orders.switch(None)
    orders.switch("KEYS_ONLY")
    page = orders.streams.list_streams(TableName=orders.name, Limit=1)
    rest = orders.streams.list_streams(TableName=orders.name, ExclusiveStartStreamArn=page["LastEvaluatedStreamArn"])
    assert "LastEvaluatedStreamArn" not in rest
    listed = [stream["StreamArn"] for stream in page["Streams"] + rest["Streams"]]
    assert listed == sorted(listed)
    assert len(listed) == 2
    assert listed[1] == orders.table()["LatestStreamArn"]


def test_a_wrong_switch_is_refused(orders: Orders) -> None:
    """AWS's words, as internal/service/dynamodb/table.go of terraform-provider-aws has them."""
    with pytest.raises(
        ClientError, match=r"ValidationException.*Table already has an enabled stream: TableName: life-"
    ):
        orders.switch("NEW_IMAGE")
    orders.switch(None)
    with pytest.raises(ClientError, match=r"ValidationException.*Table has no stream to disable: TableName: life-"):
        orders.switch(None)


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ({"StreamEnabled": True}, "Stream ViewType must not be null or empty when enabling streams"),
        ({"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"}, "StreamEnabled was false but a StreamViewType was"),
    ],
)
def test_a_stream_has_a_view_and_no_stream_has_none(orders: Orders, stream: dict[str, Any], said: str) -> None:
    """As DynamoDB Local 3.3.1."""
    orders.switch(None)
    with pytest.raises(ClientError, match=f"ValidationException.*Invalid StreamViewType: .*{said}"):
        orders.dynamodb.update_table(TableName=orders.name, StreamSpecification=stream)

    assert "StreamSpecification" not in orders.table()


def test_the_stream_of_a_deleted_table_can_be_read(orders: Orders) -> None:
    arn = orders.table()["LatestStreamArn"]
    orders.put("a")
    orders.dynamodb.delete_table(TableName=orders.name)
    orders.create()
    orders.put("b")

    assert orders.described(arn)["StreamStatus"] == "DISABLED"
    assert orders.read(orders.iterator(arn)) == (["a"], None)
    assert orders.table()["LatestStreamArn"] != arn


def test_a_page_after_the_shard_is_empty(orders: Orders) -> None:
    arn = orders.table()["LatestStreamArn"]
    (shard,) = orders.described(arn)["Shards"]
    after = orders.streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=shard["ShardId"])
    assert after["StreamDescription"]["Shards"] == []
    with pytest.raises(orders.streams.exceptions.ResourceNotFoundException):
        orders.described(arn + "0")
