"""A table's stream has every change of the table."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.state import client

NUMBERS = itertools.count()


class Table:
    """A new table with a stream."""

    def __init__(self, dynamodb: Any, streams: Any) -> None:
        self.name = f"same-{next(NUMBERS)}"
        self._dynamodb, self._streams = dynamodb, streams
        dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )

    def write(self, operation: str, **parameters: Any) -> str:
        """Return a write's result: ok, or the error's code."""
        try:
            getattr(self._dynamodb, operation)(TableName=self.name, **parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"])  # pyright: ignore[reportUnknownArgumentType] - botocore is untyped
        return "ok"

    def items(self) -> dict[str, Any]:
        return {item["k"]["S"]: item for item in self._dynamodb.scan(TableName=self.name)["Items"]}

    def records(self) -> list[Any]:
        arn = self._dynamodb.describe_table(TableName=self.name)["Table"]["LatestStreamArn"]
        shard = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator = self._streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        return self._streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]

    def delete(self) -> None:
        self._dynamodb.delete_table(TableName=self.name)


class Clients(NamedTuple):
    dynamodb: Any
    streams: Any


@pytest.fixture(scope="module")
def clients(sandbox_server: Any) -> Clients:
    url = sandbox_server.endpoint_url
    return Clients(client("dynamodb", url), client("dynamodbstreams", url))


KEYS = st.sampled_from(["a", "b"]).map(lambda key: {"k": {"S": key}})
VALUES = st.one_of(
    st.sampled_from(["", "x", "ü"]).map(lambda text: {"S": text}),
    st.sampled_from(["0", "1", "-2.5", "100", "3.0"]).map(lambda number: {"N": number}),
    st.sampled_from([b"", b"\x00\xff"]).map(lambda content: {"B": content}),
    st.just({"NS": ["2", "1.0"]}),
    st.just({"L": [{"M": {"n": {"N": "1"}, "b": {"B": b"\xff"}}}, {"NULL": True}]}),
)
CONDITIONS = st.sampled_from(
    [
        {},
        {"ConditionExpression": "attribute_exists(k)"},
        {"ConditionExpression": "attribute_not_exists(k)"},
        {"ConditionExpression": "attribute_not_exists(x) OR attribute_exists(y)"},
    ]
)


def with_value(expression: str, **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    return VALUES.map(
        lambda value: {"UpdateExpression": expression, "ExpressionAttributeValues": {":v": value}, **more}
    )


UPDATES = st.one_of(
    with_value("SET x = :v"),
    with_value("SET x = :v, y = x"),
    with_value("SET y = if_not_exists(x, :v)"),
    with_value("SET #y = #x + :v", ExpressionAttributeNames={"#x": "x", "#y": "y"}),
    with_value("ADD x :v"),
    with_value("SET x = :v", ConditionExpression="x = :v"),
    with_value("SET x = :v REMOVE y", ConditionExpression="attribute_exists(k) AND NOT x = :v"),
    st.just({"UpdateExpression": "REMOVE x, y"}),
    st.just({"UpdateExpression": "REMOVE x", "ConditionExpression": "attribute_exists(y)"}),
)
PUTS = st.tuples(KEYS, st.dictionaries(st.sampled_from(["x", "y"]), VALUES), CONDITIONS).map(
    lambda drawn: ("put_item", {"Item": drawn[0] | drawn[1]} | drawn[2])
)
WRITES = st.one_of(
    PUTS,
    st.tuples(KEYS, CONDITIONS).map(lambda drawn: ("delete_item", {"Key": drawn[0]} | drawn[1])),
    st.tuples(KEYS, UPDATES).map(lambda drawn: ("update_item", {"Key": drawn[0]} | drawn[1])),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=st.lists(WRITES, max_size=8))
def test_the_records_of_a_stream_make_the_table(clients: Clients, writes: list[tuple[str, dict[str, Any]]]) -> None:
    table = Table(*clients)
    try:
        for operation, parameters in writes:
            before = table.items()
            if table.write(operation, **parameters) != "ok":
                assert table.items() == before
        assert replayed(table.records()) == table.items()
    finally:
        table.delete()


def replayed(records: list[Any]) -> dict[str, Any]:
    """Rebuild the table from the stream; each record must be consistent with the earlier ones."""
    items: dict[str, Any] = {}
    last = 0
    for record in records:
        change = record["dynamodb"]
        assert int(change["SequenceNumber"]) > last
        last = int(change["SequenceNumber"])
        key = change["Keys"]["k"]["S"]
        before, after = change.get("OldImage"), change.get("NewImage")
        assert before == items.get(key)
        assert before != after
        assert record["eventName"] == ("INSERT" if before is None else "REMOVE" if after is None else "MODIFY")
        if after is None:
            del items[key]
        else:
            items[key] = after
    return items
