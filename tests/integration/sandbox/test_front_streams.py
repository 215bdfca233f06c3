from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.state import client


class Orders:
    """A table with a stream, and the stream's records."""

    def __init__(self, url: str, name: str, view: str) -> None:
        self.name = name
        self.dynamodb = client("dynamodb", url)
        self.streams = client("dynamodbstreams", url)
        self.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        self.arn = self.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
        description = self.streams.describe_stream(StreamArn=self.arn)["StreamDescription"]
        (self.shard,) = description["Shards"]

    def put(self, id_: str, **attributes: Any) -> None:
        self.dynamodb.put_item(TableName=self.name, Item={"id": {"S": id_}} | attributes)

    def iterator(self, kind: str, **more: str) -> str:
        parameters = {"StreamArn": self.arn, "ShardId": self.shard["ShardId"], "ShardIteratorType": kind} | more
        return self.streams.get_shard_iterator(**parameters)["ShardIterator"]

    def read(self, iterator: str, **more: Any) -> tuple[list[Any], str]:
        answer = self.streams.get_records(ShardIterator=iterator, **more)
        return answer["Records"], answer["NextShardIterator"]


@pytest.fixture
def orders(sandbox_server: Any, request: pytest.FixtureRequest) -> Iterator[Orders]:
    view = getattr(request, "param", "NEW_AND_OLD_IMAGES")
    orders = Orders(sandbox_server.endpoint_url, f"s-{abs(hash(request.node.name))}", view)
    yield orders
    orders.dynamodb.delete_table(TableName=orders.name)


def test_each_change_is_a_record(orders: Orders) -> None:
    before_s = int(time.time())
    orders.put("a", n={"N": "1"}, b={"B": b"\xff"})
    orders.put("a", n={"N": "2"}, b={"B": b"\xff"})
    orders.dynamodb.delete_item(TableName=orders.name, Key={"id": {"S": "a"}})

    (insert, modify, remove), _ = orders.read(orders.iterator("TRIM_HORIZON"))

    old: dict[str, Any] = {"id": {"S": "a"}, "n": {"N": "1"}, "b": {"B": b"\xff"}}
    new = old | {"n": {"N": "2"}}
    assert [record["eventName"] for record in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
    assert insert["dynamodb"]["NewImage"] == old
    assert "OldImage" not in insert["dynamodb"]
    assert (modify["dynamodb"]["OldImage"], modify["dynamodb"]["NewImage"]) == (old, new)
    assert remove["dynamodb"]["OldImage"] == new
    assert "NewImage" not in remove["dynamodb"]
    assert len({record["eventID"] for record in (insert, modify, remove)}) == 3
    for record in (insert, modify, remove):
        change = record["dynamodb"]
        assert change["Keys"] == {"id": {"S": "a"}}
        assert change["StreamViewType"] == "NEW_AND_OLD_IMAGES"
        assert change["ApproximateCreationDateTime"].microsecond == 0
        assert before_s <= change["ApproximateCreationDateTime"].timestamp() <= time.time()
        assert (record["eventSource"], record["awsRegion"]) == ("aws:dynamodb", "eu-west-1")
    # Keys 3 bytes ("id" and "a"), and the image: id 3, n 1 + 2, b 1 + 1.
    assert insert["dynamodb"]["SizeBytes"] == 3 + 8


def test_what_changes_nothing_is_no_record(orders: Orders) -> None:
    orders.put("a", n={"N": "1"}, s={"SS": ["x", "y"]})

    orders.put("a", s={"SS": ["y", "x"]}, n={"N": "1.0"})
    orders.dynamodb.delete_item(TableName=orders.name, Key={"id": {"S": "other"}})
    for expression in ("SET n = n", "REMOVE nothing", "SET m.x = n"):
        update = {"TableName": orders.name, "Key": {"id": {"S": "a"}}, "UpdateExpression": expression}
        try:
            orders.dynamodb.update_item(**update)
        except ClientError:
            assert expression == "SET m.x = n"

    records, _ = orders.read(orders.iterator("TRIM_HORIZON"))
    assert [record["eventName"] for record in records] == ["INSERT"]


@pytest.mark.parametrize("expression", ["SET n = :n", "SET l = list_append(:l, :l), n = :n"])
def test_an_update_that_makes_an_item_is_one_record_with_all_of_it(orders: Orders, expression: str) -> None:
    values: dict[str, Any] = {":n": {"N": "1"}, ":l": {"L": []}}
    orders.dynamodb.update_item(
        TableName=orders.name,
        Key={"id": {"S": "a"}},
        UpdateExpression=expression,
        ExpressionAttributeValues={name: value for name, value in values.items() if name in expression},
    )

    (record,), _ = orders.read(orders.iterator("TRIM_HORIZON"))
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["NewImage"]["n"] == {"N": "1"}


def test_a_transaction_is_in_the_stream_only_if_it_is_made(orders: Orders) -> None:
    orders.put("a")
    put = {"Put": {"TableName": orders.name, "Item": {"id": {"S": "b"}}}}
    delete: dict[str, Any] = {"TableName": orders.name, "Key": {"id": {"S": "a"}}}
    never = {"ConditionExpression": "attribute_not_exists(id)"}

    with pytest.raises(orders.dynamodb.exceptions.TransactionCanceledException):
        orders.dynamodb.transact_write_items(TransactItems=[put, {"Delete": delete | never}])
    orders.dynamodb.transact_write_items(TransactItems=[put, {"Delete": delete}])
    orders.put("c")

    records, _ = orders.read(orders.iterator("TRIM_HORIZON"))
    assert [(record["eventName"], record["dynamodb"]["Keys"]["id"]["S"]) for record in records] == [
        ("INSERT", "a"),
        ("INSERT", "b"),
        ("REMOVE", "a"),
        ("INSERT", "c"),
    ]


@pytest.mark.parametrize("orders", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"], indirect=True)
def test_a_view_shows_its_images_only(orders: Orders) -> None:
    orders.put("a", n={"N": "1"})
    orders.put("a", n={"N": "2"})

    (_, modify), _ = orders.read(orders.iterator("TRIM_HORIZON"))

    shown = {"NewImage", "OldImage"} & modify["dynamodb"].keys()
    view = modify["dynamodb"]["StreamViewType"]
    assert shown == {"KEYS_ONLY": set(), "NEW_IMAGE": {"NewImage"}, "OLD_IMAGE": {"OldImage"}}[view]


def test_a_shard_is_read_from_where_one_likes(orders: Orders) -> None:
    for number in range(5):
        orders.put(str(number))
    records, end = orders.read(orders.iterator("TRIM_HORIZON"))
    sequences = [record["dynamodb"]["SequenceNumber"] for record in records]
    assert sequences == sorted(sequences, key=int)
    assert len(set(sequences)) == 5

    def ids(iterator: str, **more: Any) -> list[str]:
        return [record["dynamodb"]["Keys"]["id"]["S"] for record in orders.read(iterator, **more)[0]]

    assert ids(orders.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=sequences[3])) == ["3", "4"]
    assert ids(orders.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=sequences[3])) == ["4"]
    assert ids(orders.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=sequences[4])) == []
    assert ids(orders.iterator("TRIM_HORIZON"), Limit=2) == ["0", "1"]
    latest = orders.iterator("LATEST")
    orders.put("new")
    assert ids(latest) == ids(end) == ["new"]
    assert ids(latest) == ["new"], "an iterator may be used again"


def test_a_read_is_a_megabyte_at_most(orders: Orders) -> None:
    for number in range(4):
        orders.put(str(number), x={"S": "x" * 390_000})

    first, following = orders.read(orders.iterator("TRIM_HORIZON"))

    assert len(first) == 2
    assert len(orders.read(following)[0]) == 2


def test_what_is_no_iterator_or_no_stream_is_refused(orders: Orders) -> None:
    with pytest.raises(ClientError, match="Invalid ShardIterator"):
        orders.read("nonsense")
    with pytest.raises(orders.streams.exceptions.ResourceNotFoundException):
        orders.streams.get_shard_iterator(
            StreamArn=orders.arn + "0", ShardId=orders.shard["ShardId"], ShardIteratorType="LATEST"
        )


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("LATEST", {"SequenceNumber": "1" * 22}, "SequenceNumber should not be passed for this iterator type"),
        ("TRIM_HORIZON", {"SequenceNumber": "1" * 22}, "SequenceNumber should not be passed for this iterator type"),
        ("AT_SEQUENCE_NUMBER", {}, "One or more parameter values were invalid: Invalid SequenceNumber"),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": "1" * 22}, "Invalid SequenceNumber for the shard"),
    ],
)
def test_an_iterator_has_the_position_of_its_type(orders: Orders, kind: str, more: dict[str, str], said: str) -> None:
    """As DynamoDB Local 3.3.1."""
    with pytest.raises(ClientError, match=f"ValidationException.*{said}$"):
        orders.iterator(kind, **more)


def test_a_read_has_a_limit(orders: Orders) -> None:
    """As DynamoDB Local 3.3.1."""
    iterator = orders.iterator("TRIM_HORIZON")
    with pytest.raises(ClientError, match="One or more parameter values were invalid: Limit should be less than or eq"):
        orders.read(iterator, Limit=1001)

    assert orders.read(iterator, Limit=1000)[0] == []


def test_a_table_without_a_stream_takes_changes(orders: Orders) -> None:
    orders.put("a")
    orders.dynamodb.update_table(TableName=orders.name, StreamSpecification={"StreamEnabled": False})

    orders.put("b")

    assert orders.dynamodb.scan(TableName=orders.name)["Count"] == 2
