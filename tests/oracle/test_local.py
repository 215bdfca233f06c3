"""Generated calls, to the engine and to AWS's DynamoDB Local: the same answers, errors and stream records.

Run by `make test-oracle`, where Java and Maven are.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle import generate, telling
from tests.oracle.generate import Call, Json
from tests.oracle.run import Endpoint, local
from tests.oracle.session import differences, engine_session

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def dynamodb_local() -> Generator[Endpoint]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with local(port) as endpoint:
        yield endpoint


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(random=st.randoms(use_true_random=False))
def test_the_engine_answers_as_dynamodb_local(dynamodb_local: Endpoint, random: Random) -> None:
    calls = generate.Generator(random).calls(30)

    assert differences(calls, dynamodb_local.session(calls), engine_session(calls)) == []


def test_telling_calls_are_answered_as_by_dynamodb_local(dynamodb_local: Endpoint) -> None:
    calls = telling.calls()

    assert differences(calls, dynamodb_local.session(calls), engine_session(calls)) == []


_CONDITIONS = (
    "",
    "sk = :b",
    "sk < :b",
    "sk <= :b",
    "sk > :b",
    "sk >= :b",
    "sk BETWEEN :b AND :c",
    "sk BETWEEN :a AND :b",
)


@pytest.mark.parametrize("condition", _CONDITIONS)
def test_pages_end_as_in_dynamodb_local(dynamodb_local: Endpoint, condition: str) -> None:
    values = {":a": {"N": "1.5"}, ":b": {"N": "2"}, ":c": {"N": "3"}}
    calls = [_put(pk, sk) for pk in ("p1", "p2") for sk in ("1", "2", "3", "4")]
    for limit in range(1, 6):
        for index, hash_ in ({}, "pk = :p"), ({"IndexName": "by-g"}, "g = :p"):
            expression = f"{hash_} AND {condition}" if condition else hash_
            given = {name: value for name, value in values.items() if name in condition} | {":p": {"S": "p1"}}
            query: Json = {"TableName": "oracle-two", "KeyConditionExpression": expression, "Limit": limit} | index
            query["ExpressionAttributeValues"] = given
            calls += [("Query", query | {"ScanIndexForward": forward}) for forward in (True, False)]
        calls.append(("Scan", {"TableName": "oracle-two", "Limit": 2 * limit}))

    assert differences(calls, dynamodb_local.session(calls), engine_session(calls)) == []


def _put(pk: str, sk: str) -> Call:
    return "PutItem", {"TableName": "oracle-two", "Item": {"pk": {"S": pk}, "sk": {"N": sk}, "g": {"S": pk}}}
