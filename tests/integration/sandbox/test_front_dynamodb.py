from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.state import client

KEY: dict[str, Any] = {"pk": {"S": "ü"}, "sk": {"N": "1.0"}}
STORED_KEY: dict[str, Any] = {"pk": {"S": "ü"}, "sk": {"N": "1"}}


@pytest.fixture(scope="module")
def dynamodb(sandbox_server: Any) -> Any:
    return client("dynamodb", sandbox_server.endpoint_url)


@pytest.fixture
def table(dynamodb: Any, request: pytest.FixtureRequest) -> Any:
    name = f"t-{abs(hash(request.node.name))}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
    )
    yield name
    dynamodb.delete_table(TableName=name)


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    error: Any = refused.value
    return error.response["Error"]["Code"]


def test_what_is_put_is_read_by_every_call(dynamodb: Any, table: str) -> None:
    content: dict[str, Any] = {
        "binary": {"B": b"\x00\xff"},
        "binaries": {"BS": [b"b", b"a"]},
        "numbers": {"NS": ["3", "1.50"]},
        "map": {"M": {"deep": {"L": [{"B": b"q"}, {"NULL": True}, {"BOOL": False}]}}},
        "empty": {"S": ""},
    }

    dynamodb.put_item(TableName=table, Item=KEY | content)

    stored = STORED_KEY | content | {"binaries": {"BS": [b"a", b"b"]}, "numbers": {"NS": ["1.5", "3"]}}
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "ü"}}}
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == stored
    assert dynamodb.scan(TableName=table)["Items"] == [stored]
    assert dynamodb.query(TableName=table, **query)["Items"] == [stored]
    assert dynamodb.batch_get_item(RequestItems={table: {"Keys": [KEY]}})["Responses"][table] == [stored]
    assert dynamodb.describe_table(TableName=table)["Table"]["ItemCount"] == 1


def test_a_tables_size_is_that_of_its_items_names_and_values(dynamodb: Any, table: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""

    def size() -> int:
        return dynamodb.describe_table(TableName=table)["Table"]["TableSizeBytes"]

    assert size() == 0
    dynamodb.put_item(TableName=table, Item=KEY)
    keys_size = size()
    dynamodb.put_item(TableName=table, Item=KEY | {"text": {"S": "ü" * 100}})
    assert size() == keys_size + len("text") + 200
    dynamodb.delete_item(TableName=table, Key=KEY)
    assert size() == 0


def test_a_key_is_the_same_however_its_number_is_written(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=KEY | {"n": {"N": "1"}})
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "ü"}, "sk": {"N": "1"}, "n": {"N": "2"}})

    assert dynamodb.scan(TableName=table)["Items"] == [STORED_KEY | {"n": {"N": "2"}}]
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "ü"}, "sk": {"N": "1E0"}})
    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_a_projection_shows_what_is_requested(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=KEY | {"a": {"M": {"b": {"S": "x"}, "c": {"S": "y"}}}, "d": {"S": "z"}})

    shown = {"ProjectionExpression": "#a.b, sk", "ExpressionAttributeNames": {"#a": "a"}}

    expected = {"a": {"M": {"b": {"S": "x"}}}, "sk": {"N": "1"}}
    assert dynamodb.get_item(TableName=table, Key=KEY, **shown)["Item"] == expected
    assert dynamodb.scan(TableName=table, **shown)["Items"] == [expected]


def test_return_values(dynamodb: Any, table: str) -> None:
    put = dynamodb.put_item(TableName=table, Item=KEY | {"n": {"N": "1"}}, ReturnValues="ALL_OLD")
    assert "Attributes" not in put
    update = {"UpdateExpression": "SET n = n + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

    def updated(return_values: str) -> Any:
        return dynamodb.update_item(TableName=table, Key=KEY, ReturnValues=return_values, **update)["Attributes"]

    assert updated("ALL_OLD") == STORED_KEY | {"n": {"N": "1"}}
    assert updated("ALL_NEW") == STORED_KEY | {"n": {"N": "3"}}
    assert updated("UPDATED_OLD") == {"n": {"N": "3"}}
    assert updated("UPDATED_NEW") == {"n": {"N": "5"}}
    deleted = dynamodb.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")
    assert deleted["Attributes"] == STORED_KEY | {"n": {"N": "5"}}


def test_the_write_units_are_those_of_the_larger_of_old_and_new(dynamodb: Any, table: str) -> None:
    def units(**item: Any) -> float:
        answer = dynamodb.put_item(TableName=table, Item=KEY | item, ReturnConsumedCapacity="TOTAL")
        return answer["ConsumedCapacity"]["CapacityUnits"]

    assert units(text={"S": "x" * 2000}) == 2
    assert units() == 2
    assert units() == 1


def test_a_condition_that_does_not_hold_changes_nothing_and_shows_the_item(dynamodb: Any, table: str) -> None:
    dynamodb.put_item(TableName=table, Item=KEY | {"v": {"N": "1"}, "b": {"B": b"\xff"}})

    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as refused:
        dynamodb.update_item(
            TableName=table,
            Key=KEY,
            UpdateExpression="SET v = :new",
            ConditionExpression="v = :old",
            ExpressionAttributeValues={":new": {"N": "3"}, ":old": {"N": "2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    assert refused.value.response["Item"] == STORED_KEY | {"v": {"N": "1"}, "b": {"B": b"\xff"}}
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"]["v"] == {"N": "1"}


def test_updates_of_every_kind_meet_on_one_item(dynamodb: Any, table: str) -> None:
    """Calls that the front serves, and calls that it passes to moto."""

    def update(expression: str, **values: Any) -> None:
        parameters = {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}}
        dynamodb.update_item(TableName=table, Key=KEY, UpdateExpression=expression, **(parameters if values else {}))

    update("SET m = :m, l = :l", m={"M": {}}, l={"L": [{"S": "a"}]})
    update("SET m.b = :b", b={"B": b"\xff"})
    update("SET l = list_append(l, :l)", l={"L": [{"N": "1"}]})
    update("ADD n :n", n={"N": "2"})
    update("ADD s :s", s={"SS": ["y", "x"]})
    update("DELETE s :s", s={"SS": ["x"]})
    update("REMOVE l[0]")

    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == STORED_KEY | {
        "m": {"M": {"b": {"B": b"\xff"}}},
        "l": {"L": [{"N": "1"}]},
        "n": {"N": "2"},
        "s": {"SS": ["y"]},
    }


def test_an_update_that_fails_leaves_no_item_behind(dynamodb: Any, table: str) -> None:
    with pytest.raises(ClientError):
        dynamodb.update_item(TableName=table, Key=KEY, UpdateExpression="SET a = b.c")

    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_a_batch_is_done_or_refused_as_a_whole(dynamodb: Any, table: str) -> None:
    keys = [{"pk": {"S": "p"}, "sk": {"N": str(n)}} for n in range(25)]
    done = dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": key}} for key in keys]})
    assert done["UnprocessedItems"] == {}

    mixed = [{"DeleteRequest": {"Key": keys[0]}}, {"PutRequest": {"Item": keys[1] | {"n": {"N": "1"}}}}]
    dynamodb.batch_write_item(RequestItems={table: mixed})
    assert dynamodb.scan(TableName=table)["Count"] == 24

    for wrong in (
        [{"DeleteRequest": {"Key": keys[2]}}, {"PutRequest": {"Item": keys[2]}}],
        [{"DeleteRequest": {"Key": keys[2]}}, {"PutRequest": {"Item": {"pk": {"S": "p"}}}}],
    ):
        with pytest.raises(ClientError) as refused:
            dynamodb.batch_write_item(RequestItems={table: wrong})
        assert code(refused) == "ValidationException"
    assert dynamodb.scan(TableName=table)["Count"] == 24


@pytest.mark.parametrize("segments", [1, 3])
def test_a_scan_reads_each_item_once_in_pages_and_segments(dynamodb: Any, table: str, segments: int) -> None:
    keys = {(f"p{n % 7}", str(n)) for n in range(60)}
    for partition, sort in keys:
        dynamodb.put_item(TableName=table, Item={"pk": {"S": partition}, "sk": {"N": sort}})

    found: list[tuple[str, str]] = []
    for segment in range(segments):
        pages = dynamodb.get_paginator("scan").paginate(
            TableName=table, Segment=segment, TotalSegments=segments, PaginationConfig={"PageSize": 7}
        )
        for page in pages:
            assert len(page["Items"]) <= 7
            found += [(item["pk"]["S"], item["sk"]["N"]) for item in page["Items"]]

    assert len(found) == 60
    assert set(found) == keys


def test_a_scan_goes_on_though_the_item_at_the_end_of_the_page_is_gone(dynamodb: Any, table: str) -> None:
    for number in range(10):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": f"p{number}"}, "sk": {"N": "0"}})
    first = dynamodb.scan(TableName=table, Limit=4)
    dynamodb.delete_item(TableName=table, Key=first["LastEvaluatedKey"])

    rest = dynamodb.scan(TableName=table, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert len(rest["Items"]) == 6
    assert {item["pk"]["S"] for item in first["Items"]}.isdisjoint(item["pk"]["S"] for item in rest["Items"])


def test_a_page_of_a_scan_is_a_megabyte(dynamodb: Any, table: str) -> None:
    for number in range(4):
        dynamodb.put_item(
            TableName=table, Item={"pk": {"S": f"p{number}"}, "sk": {"N": "0"}, "x": {"S": "x" * 390_000}}
        )

    page = dynamodb.scan(TableName=table)

    assert page["Count"] == 2
    assert "LastEvaluatedKey" in page
    assert dynamodb.scan(TableName=table, Select="COUNT")["Count"] == 2


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (KEY | {"pk": {"S": ""}}, "empty string"),
        ({"pk": {"S": "a"}}, "Missing the key sk"),
        (KEY | {"sk": {"S": "1"}}, "Type mismatch"),
        (KEY | {"n": {"N": "one"}}, "cannot be converted to a numeric value"),
        (KEY | {"n": {"N": "1" * 39}}, "more than 38 significant digits"),
        (KEY | {"s": {"SS": ["a", "a"]}}, "contains duplicates"),
        (KEY | {"x": {"S": "x" * 410_000}}, "Item size has exceeded"),
    ],
)
def test_an_item_that_dynamodb_refuses(dynamodb: Any, table: str, item: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        dynamodb.put_item(TableName=table, Item=item)

    assert code(refused) == "ValidationException"
    assert dynamodb.scan(TableName=table)["Count"] == 0


def test_a_table_that_is_not_there(dynamodb: Any) -> None:
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.put_item(TableName="nowhere", Item=KEY)


SENTENCE = (
    "One or more parameter values are not valid. "
    "The AttributeValue for a key attribute cannot contain an empty {} value. Key: {}"
)
"""AWS's own messages, from the tests of `fsprojects/FSharp.AWS.DynamoDB`."""


@pytest.mark.parametrize(("name", "kind"), [("pk", "string"), ("sk", "binary")])
@pytest.mark.parametrize("call", ["put", "update", "delete", "batch put", "batch delete", "transact", "get"])
def test_an_empty_key_is_refused_by_every_call(
    dynamodb: Any, binary_table: str, call: str, name: str, kind: str
) -> None:
    """A key attribute of type String or Binary has a length greater than zero.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
    """
    key: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"B": b"a"}} | {name: {"S": ""} if name == "pk" else {"B": b""}}
    named = {"TableName": binary_table}
    calls = {
        "put": lambda: dynamodb.put_item(**named, Item=key),
        "update": lambda: dynamodb.update_item(
            **named, Key=key, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"N": "1"}}
        ),
        "delete": lambda: dynamodb.delete_item(**named, Key=key),
        "batch put": lambda: dynamodb.batch_write_item(RequestItems={binary_table: [{"PutRequest": {"Item": key}}]}),
        "batch delete": lambda: dynamodb.batch_write_item(
            RequestItems={binary_table: [{"DeleteRequest": {"Key": key}}]}
        ),
        "transact": lambda: dynamodb.transact_write_items(TransactItems=[{"Put": named | {"Item": key}}]),
        "get": lambda: dynamodb.get_item(**named, Key=key),
    }
    with pytest.raises(ClientError) as refused:
        calls[call]()
    assert SENTENCE.format(kind, name) in str(refused.value)
    assert dynamodb.scan(**named)["Count"] == 0


@pytest.fixture(scope="module")
def binary_table(dynamodb: Any) -> Any:
    dynamodb.create_table(
        TableName="binary-keys",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "B"},
        ],
    )
    yield "binary-keys"
    dynamodb.delete_table(TableName="binary-keys")
