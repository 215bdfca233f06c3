from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from msgspec import Raw

from lake.athena import Row
from lake.canonical import read_image
from lake.fingerprints import Fingerprints
from lake.inventory import Inventory
from lake.items import Items
from stack import UserError
from tests.things import column_of, things

TABLE = things(
    column_of("id", "string"),
    column_of("line", "bigint"),
    column_of("status", "string"),
    column_of("price", "decimal(38,10)"),
    column_of("city", "string", "address", "city"),
    column_of("country", "string", "address", "country"),
)


@pytest.fixture
def client() -> Iterator[Any]:
    with import_module("moto").mock_aws():
        boto3 = import_module("boto3")
        client = boto3.client("dynamodb", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_table(
            TableName="things",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "line", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "line", "AttributeType": "N"},
            ],
        )
        yield client


def _put(client: Any, id_: str, line: int, **attributes: object) -> None:
    client.put_item(TableName="things", Item={"id": {"S": id_}, "line": {"N": str(line)}, **attributes})


def rows(client: Any, name: str = "things") -> list[Row]:
    """The canonical text of every item's columns."""
    cells = Fingerprints(TABLE).cells
    return [cells(read_image(item)) for page in Items(client, name, TABLE).pages() for item in page]


def test_every_item_comes_once_through_all_segments_and_pages(client: Any) -> None:
    for number in range(60):
        _put(client, f"id-{number % 7}", number, status={"S": "x" * 100_000})
    keys = sorted((f"id-{n % 7}", str(n)) for n in range(60))
    assert sorted((row[0], row[1]) for row in rows(client)) == keys


def test_items_are_read_by_their_keys_and_those_that_are_not_there_are_missing(client: Any) -> None:
    for number in range(120):
        _put(client, f"id-{number % 7}", number)
    wanted = [(f"id-{n % 7}", str(n)) for n in range(119)]
    found = Items(client, "things", TABLE).get([*wanted, ("id-x", "1")])
    assert sorted(Fingerprints(TABLE).cells(read_image(item))[:2] for item in found) == sorted(wanted)


def test_an_item_that_dynamodb_cannot_have_written_is_named() -> None:
    item = Raw(b'{"id":{"S":"x"},"line":{"N":"1"},"price":{"N":"abc"}}')
    with closing(Inventory(Fingerprints(TABLE))) as inventory, pytest.raises(UserError) as raised:
        inventory.add([item])
    assert "the value abc, which DynamoDB cannot have written" in str(raised.value)
    assert 'id {"S":"x"}' in str(raised.value)


def test_an_item_becomes_the_text_of_its_columns(client: Any) -> None:
    price = Decimal("1234567890123456789012345678.0123456789")
    address = {"M": {"city": {"S": "Łódź"}, "country": {"S": "PL"}, "zip": {"S": "90-001"}}}
    _put(client, "a", 1, status={"S": "paid"}, price={"N": str(price)}, address=address, unknown={"L": []})
    _put(client, "b", 2, status={"NULL": True}, address={"S": "in words"})
    assert sorted(rows(client), key=str) == [
        ("a", "1", "paid", str(price), "Łódź", "PL"),
        ("b", "2", None, None, None, None),
    ]


def test_an_empty_table_has_no_rows(client: Any) -> None:
    assert rows(client) == []


def test_a_table_that_is_not_there_is_named(client: Any) -> None:
    with pytest.raises(UserError, match="no DynamoDB table 'nothing'"):
        rows(client, "nothing")
