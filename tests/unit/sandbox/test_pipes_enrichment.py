"""A pipe's enrichment: what the function is given, and what becomes of its answer.

https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from sandbox.awsjson import RemoteError, ServiceResponse
from sandbox.pipes.config import UnsupportedPipeError, parse_pipe
from sandbox.pipes.enrichment import EnrichedTarget
from sandbox.pipes.target import Outgoing, Rejection

REFUSED = Rejection("ProvisionedThroughputExceededException", "slow down")


class Function:
    """Returns a given answer, and records its input."""

    def __init__(self, answer: object, status: int = 200, failed: bool = False) -> None:
        self.given: list[Any] = []
        self._response = ServiceResponse(
            status, {"x-amz-function-error": "Unhandled"} if failed else {}, msgspec.json.encode(answer)
        )

    def invoke(self, payload: bytes) -> ServiceResponse:
        self.given.append(msgspec.json.decode(payload))
        return self._response


class Kinesis:
    """Takes all but the partition keys in `refused`."""

    def __init__(self, *refused: str) -> None:
        self.calls: list[list[Outgoing]] = []
        self._refused = refused

    def put(self, records: Sequence[Outgoing]) -> dict[int, Rejection]:
        self.calls.append([*records])
        return {i: REFUSED for i, record in enumerate(records) if record.partition_key in self._refused}


def outgoing(event: dict[str, Any]) -> Outgoing:
    return Outgoing(msgspec.json.encode(event), event.get("eventID"))


EVENTS: list[dict[str, Any]] = [{"eventID": "a", "big": 1}, {"eventID": "b", "big": 2}]
RECORDS = [outgoing(event) for event in EVENTS]


def test_a_batch_goes_as_an_array_and_the_answer_is_what_the_target_gets() -> None:
    function, kinesis = Function([{"eventID": "a"}, {"eventID": "b"}]), Kinesis()
    assert EnrichedTarget(function, outgoing, kinesis).put(RECORDS) == {}
    assert function.given == [EVENTS]
    assert kinesis.calls == [[Outgoing(b'{"eventID":"a"}', "a"), Outgoing(b'{"eventID":"b"}', "b")]]


def test_a_batch_of_one_is_an_array_too() -> None:
    function = Function([{"eventID": "a"}])
    EnrichedTarget(function, outgoing, Kinesis()).put(RECORDS[:1])
    assert function.given == [EVENTS[:1]]


@pytest.mark.parametrize("answer", ["", {}, []])
def test_an_empty_answer_calls_no_target(answer: object) -> None:
    kinesis = Kinesis()
    assert EnrichedTarget(Function(answer), outgoing, kinesis).put(RECORDS) == {}
    assert kinesis.calls == []


def test_an_array_with_an_empty_object_does() -> None:
    kinesis, empty = Kinesis(), dict[str, str]()
    EnrichedTarget(Function([empty]), outgoing, kinesis).put(RECORDS)
    assert kinesis.calls == [[Outgoing(b"{}", None)]]


@pytest.mark.parametrize(
    ("answer", "failures"),
    [
        ([{"eventID": "a"}, {"eventID": "b"}], {1: REFUSED}),
        ([{"eventID": "b"}], {0: REFUSED, 1: REFUSED}),
        ([{"eventID": "a"}, {"eventID": "b"}, {"eventID": "c"}], {0: REFUSED, 1: REFUSED}),
    ],
)
def test_a_failure_is_its_events_or_that_of_all(answer: object, failures: dict[int, Rejection]) -> None:
    assert EnrichedTarget(Function(answer), outgoing, Kinesis("b")).put(RECORDS) == failures


def test_a_function_that_fails_has_all_of_the_batch_tried_again() -> None:
    kinesis = Kinesis()
    failures = EnrichedTarget(Function({"errorMessage": "no"}, failed=True), outgoing, kinesis).put(RECORDS)
    assert failures.keys() == {0, 1}
    assert {failure.code for failure in failures.values()} == {"Lambda.FunctionError"}
    assert kinesis.calls == []


def test_more_than_the_target_takes_is_not_sent() -> None:
    kinesis = Kinesis()
    assert EnrichedTarget(Function([{"eventID": "a"}] * 501), outgoing, kinesis).put(RECORDS).keys() == {0, 1}
    assert kinesis.calls == []


def test_a_call_that_lambda_refuses_counts_as_one_of_the_pipes_tries() -> None:
    target = EnrichedTarget(Function({"__type": "RequestTooLargeException"}, status=413), outgoing, Kinesis())
    with pytest.raises(RemoteError) as refused:
        target.put(RECORDS)
    assert not refused.value.is_outage


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Enrichment": "arn:aws:states:eu-west-1:123456789012:stateMachine:x"}, "only Lambda functions"),
        ({"EnrichmentParameters": {"InputTemplate": "<$.x>"}}, "input template of its enrichment"),
    ],
)
def test_another_enrichment_is_said_not_to_run(changed: dict[str, Any], reason: str) -> None:
    pipe = {
        "Name": "p",
        "Arn": "arn:aws:pipes:eu-west-1:123456789012:pipe/p",
        "Source": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/x",
        "Target": "arn:aws:kinesis:eu-west-1:123456789012:stream/s",
        "CreationTime": "2026-01-01T00:00:00Z",
        "Enrichment": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "TargetParameters": {"KinesisStreamParameters": {"PartitionKey": "$.eventID"}},
    }
    assert parse_pipe(pipe).enrichment_arn == pipe["Enrichment"]
    with pytest.raises(UnsupportedPipeError, match=reason):
        parse_pipe(pipe | changed)
