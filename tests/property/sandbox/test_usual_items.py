"""Undecoded puts have the results, items and changes of decoded ones: the slow path is the oracle."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.compiled import native
from sandbox.dynamodb.schema import KeySchema, KeySchemaElement, TableSchema
from sandbox.dynamodb.usual_items import usual_item
from tests.dynamodb_engine import ONE_KEY, Dynamo
from tests.property.transform.strategies import ATTRIBUTES, NUMBERS, TEXTS

NUMBERED = TableSchema("numbered", KeySchema(KeySchemaElement("pk", "S"), KeySchemaElement("sk", "N")))
BINARY = TableSchema("binary", KeySchema(KeySchemaElement("pk", "B"), KeySchemaElement("sk", "S")))
Item = dict[str, dict[str, Any]]


@st.composite
def _items(draw: st.DrawFn) -> Item:
    item: Item = draw(st.dictionaries(TEXTS | st.sampled_from("ab"), ATTRIBUTES, max_size=4))
    item["pk"] = draw(TEXTS.map(lambda text: {"S": text}) | ATTRIBUTES)
    if draw(st.booleans()):
        item["sk"] = {"N": draw(NUMBERS)}
    return item


ITEMS = _items()
SHORT: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        *({"S": "x"}, {"S": ""}, {"S": "\n"}, {"N": "1"}, {"N": "1.0"}, {"B": "YQ=="}, {"BOOL": True}, {"NULL": True}),
        *(
            {"N": "1 "},
            {"N": " 1"},
            {"S": "x "},
            {"SS": ["x"]},
            {"M": {}},
            {"M": {"pk": {"S": "x"}}},
            {"L": [{"S": "x"}]},
        ),
    ]
)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " :\n")])


def _requests(items: list[Item], table: str) -> list[tuple[str, dict[str, Any]]]:
    puts = [("PutItem", {"TableName": table, "Item": item}) for item in items]
    writes = [{"PutRequest": {"Item": item}} for item in items]
    return [*puts, ("BatchWriteItem", {"RequestItems": {table: writes}, "ReturnConsumedCapacity": "TOTAL"})]


def _outcome(calls: list[tuple[str, bytes]]) -> list[Any]:
    """The answers, what a stream receives, and the items as they are stored."""
    dynamo = Dynamo(ONE_KEY, NUMBERED, BINARY)
    answers = [dynamo.send(operation, body) for operation, body in calls]
    stored = [(item.key, item.image, item.size_bytes) for table in dynamo.tables.values() for item in table.store]
    return [answers, dynamo.changes, stored, [table.store.size_bytes for table in dynamo.tables.values()]]


def _same_as_decoded(calls: list[tuple[str, bytes]]) -> None:
    found = _outcome(calls)
    with patch("sandbox.dynamodb.usual_items.native", None):
        assert found == _outcome(calls)


@given(st.lists(ITEMS, min_size=1, max_size=3), st.sampled_from([ONE_KEY, NUMBERED]), SEPARATORS, st.booleans())
def test_an_item_is_stored_as_if_it_had_been_decoded(
    items: list[Item], schema: TableSchema, separators: tuple[str, str], escaped: bool
) -> None:
    _same_as_decoded(
        [
            (operation, json.dumps(request, separators=separators, ensure_ascii=escaped).encode())
            for operation, request in _requests(items, schema.name)
        ]
    )


@given(st.dictionaries(st.sampled_from(["a", "pk", "sk"]), SHORT), st.sampled_from([ONE_KEY, NUMBERED, BINARY]))
def test_a_key_of_any_type_is_taken_as_if_it_had_been_decoded(item: Item, schema: TableSchema) -> None:
    requests = _requests([item], schema.name)
    _same_as_decoded([(operation, msgspec.json.encode(request)) for operation, request in requests])


def test_of_two_members_of_the_same_name_the_last_counts() -> None:
    """As in DynamoDB Local 3.3.1, whatever the first is."""
    item = b'{"pk":{"S":"k"}}'
    bodies = [b'{"TableName":"one-key","Item":%b,"Item":%b}' % (first, item) for first in (b"null", b"5", b"{}", item)]
    _same_as_decoded([("PutItem", body) for body in bodies])
    assert Dynamo(ONE_KEY).send("PutItem", bodies[0]) == {}


@given(ITEMS, st.data())
def test_a_spoiled_request_is_refused_as_if_it_had_been_decoded(item: Item, data: st.DataObject) -> None:
    calls: list[tuple[str, bytes]] = []
    for operation, request in _requests([item], "one-key"):
        body = bytearray(msgspec.json.encode(request))
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(body) - 1))
            body[place : place + data.draw(st.integers(0, 2))] = data.draw(
                st.sampled_from(
                    [b"", b'"', b"\\", b"{", b"}", b"[", b",", b":", b"0", b"-", b" ", b"\xc3", b"\0", b"S"]
                )
            )
        calls.append((operation, bytes(body)))
    _same_as_decoded(calls)


@pytest.mark.skipif(native is None, reason="nothing is compiled")
@given(st.dictionaries(st.text("abc", min_size=1), TEXTS, max_size=5), st.integers(0, 10**17), st.integers(0, 10**15))
def test_texts_and_usual_numbers_are_not_decoded(texts: dict[str, str], whole: int, fraction: int) -> None:
    # JSON has other control characters than these by their numbers only, which are left to the slow path.
    plain = {name: "".join(c for c in text if c >= " " or c in "\b\f\n\r\t") for name, text in texts.items()}
    values = {name: {"S": text} for name, text in plain.items()}
    item = {"pk": {"S": "k"}, "m": {"M": values}, "l": {"L": [*values.values()]}, "n": {"N": f"{whole}.{fraction}"}}
    assert usual_item(ONE_KEY, msgspec.Raw(msgspec.json.encode(item))) is not None
