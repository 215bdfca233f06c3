"""The meaning of responses to reads and transactions, in each writer's form."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from loadgen.dynamodb import reference
from loadgen.dynamodb.answers import read_of, throttle_class
from loadgen.dynamodb.http import HttpResponse, reply_of
from loadgen.dynamodb.writes import Outcome, Reply

CANCELED = "TransactionCanceledException"
# The codes are those of the exception's documentation in botocore's model of DynamoDB.
CANCELLATIONS: list[tuple[list[str], Outcome]] = [
    (["None", "ConditionalCheckFailed"], Outcome.CONDITION),
    (["TransactionConflict", "None"], Outcome.THROTTLED),
    (["ProvisionedThroughputExceeded", "None"], Outcome.THROTTLED),
    (["ThrottlingError", "ThrottlingError"], Outcome.THROTTLED),
    (["TransactionConflict", "ConditionalCheckFailed"], Outcome.CONDITION),
    (["ThrottlingError", "ValidationError"], Outcome.INVALID),
    (["ItemCollectionSizeLimitExceeded"], Outcome.INVALID),
    ([], Outcome.INVALID),
]


def by_fast(code: str, more: dict[str, Any]) -> Reply:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "why"} | more).encode()
    return reply_of(HttpResponse(400, body, intact=True, reusable=True))


def by_reference(code: str, more: dict[str, Any]) -> Reply:
    error: Any = importlib.import_module("botocore.exceptions").ClientError
    response = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": 400}} | more
    return reference.reply_of(error(response, "TransactWriteItems"))


ways = pytest.mark.parametrize("way", [by_fast, by_reference])


@ways
@pytest.mark.parametrize(("codes", "outcome"), CANCELLATIONS)
def test_a_cancelled_transaction_came_to_what_its_reasons_say(way: Any, codes: list[str], outcome: Outcome) -> None:
    reply = way(CANCELED, {"CancellationReasons": [{"Code": code} for code in codes]})
    assert reply.outcome is outcome
    if outcome is Outcome.THROTTLED:
        assert throttle_class(reply) == f"{CANCELED} ({next(code for code in codes if code != 'None')})"


@ways
def test_a_transaction_that_is_under_way_is_sent_again_and_may_be_applied(way: Any) -> None:
    outcome = way("TransactionInProgressException", {}).outcome
    assert outcome.retryable
    assert outcome.ambiguous


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", (0, 0)),
        (b'{"ConsumedCapacity":{"CapacityUnits":1.0}}', (0, 1)),
        (b'{"Item":{"id":{"S":"a"}},"ConsumedCapacity":{"TableName":"t","CapacityUnits":2.0}}', (1, 2)),
        (b'{"Count":3,"Items":[{},{},{}],"ScannedCount":3,"ConsumedCapacity":{"CapacityUnits":0.5}}', (3, 1)),
        (b'{"Item":{"id":{"S":"a"}}}', (1, 0)),
    ],
)
def test_a_read_found_and_took_what_its_reply_says(body: bytes, found: tuple[int, int]) -> None:
    assert read_of(Reply(Outcome.OK, body=body)) == found
