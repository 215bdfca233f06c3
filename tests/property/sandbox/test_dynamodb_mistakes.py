"""A mistake in a request is an error of AWS's, never a failure of the sandbox, and changes nothing."""

# ruff: noqa: E501 - a request is one line

from __future__ import annotations

import copy
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dynamodb_engine import Dynamo
from tests.oracle.generate import TABLES, Call, Generator
from tests.oracle.session import schema_of

JUNK: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", "x", "#n", ":v", [], [None], ["x"], {}, {"S": 1}, {"N": "x"}, {"M": {"": {}}}, {"L": [{"NULL": False}]}, "((", "a.b[", "SELECT")  # fmt: skip
STATEMENTS = (
    "SELECT * FROM \"oracle-one\" WHERE pk = 'p1'",
    "INSERT INTO \"oracle-one\" VALUE {'pk': 'p1', 'l': [1, <<'x'>>]}",
    "UPDATE \"oracle-one\" SET l[0] = l + 1, m.k = set_add(m.k, <<1>>) REMOVE a WHERE pk = 'p1' RETURNING ALL NEW *",
    'DELETE FROM "oracle-one" WHERE pk = ? AND a IS NOT MISSING',
)
LEGACY: tuple[Call, ...] = (
    ("Query", {"TableName": "oracle-two", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}, "QueryFilter": {"a": {"ComparisonOperator": "IN", "AttributeValueList": [{"S": "x"}]}}}),
    ("Scan", {"TableName": "oracle-one", "ScanFilter": {"a": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}, {"N": "2"}]}}, "ConditionalOperator": "OR", "Limit": 1, "Segment": 0, "TotalSegments": 2}),
    ("UpdateItem", {"TableName": "oracle-one", "Key": {"pk": {"S": "p1"}}, "AttributeUpdates": {"n": {"Action": "ADD", "Value": {"N": "1"}}}, "Expected": {"a": {"Exists": False}}}),
)  # fmt: skip


def _spoiled(request: Any, random: Random) -> Any:
    """A request with one of its parts replaced by junk or removed."""
    spoiled = copy.deepcopy(request)
    holders: list[Any] = [spoiled]
    for each in holders:
        parts: list[Any] = [*each.values()] if isinstance(each, dict) else each
        holders += [part for part in parts if isinstance(part, dict | list) and part]
    holder: Any = random.choice(holders)
    places: list[Any] = [*holder] if isinstance(holder, dict) else [*range(len(holder))]
    place = random.choice(places)
    if random.random() < 0.2:
        del holder[place]
    else:
        holder[place] = random.choice(JUNK)
    return spoiled


@settings(max_examples=75, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_mistake_is_an_error_and_changes_nothing(random: Random) -> None:
    dynamo = Dynamo(*(schema_of(name, table) for name, table in TABLES.items()))
    statement = random.choice(STATEMENTS)
    calls: list[Call] = [
        *Generator(random).calls(6),
        random.choice(LEGACY),
        ("ExecuteStatement", {"Statement": statement[: random.randrange(1, len(statement) + 1)], "Limit": 1}),
        ("ExecuteTransaction", {"TransactStatements": [{"Statement": statement, "Parameters": [{"S": "p1"}]}]}),
    ]
    for operation, request in calls:
        changes = len(dynamo.changes)
        answer = dynamo.send(operation, msgspec.json.encode(_spoiled(request, random)))
        if "error" in answer:
            assert str(answer["error"]).endswith("Exception"), answer
            assert len(dynamo.changes) == changes, (operation, request, answer)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'"TableName":"t"}', b'{"TableName":"\xc3"}', b'{"TableName":1,"\xc3":2}', b"[1}"]
)
def test_a_body_that_is_no_json_is_an_error_of_aws(body: bytes) -> None:
    assert Dynamo().send("PutItem", body)["error"] == "SerializationException"
