"""PutRecords: what goes into a request, and what is sent again."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.awsjson import AwsJson
from sandbox.pipes.target import MAXIMUM_BYTES, KinesisTarget, Outgoing, Rejection, to_retry


class FakeKinesis(AwsJson):
    """Accepts all records but those of the keys in `refused`."""

    def __init__(self, *refused: str) -> None:
        super().__init__("http://127.0.0.1:9", "kinesis", "eu-west-1")
        self.refused = refused
        self.requests: list[dict[str, Any]] = []

    def call(self, operation: str, request: object, answer: type[Any]) -> Any:
        assert operation == "PutRecords"
        body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(request))
        self.requests.append(body)
        results: list[dict[str, str]] = [
            {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
            if record["PartitionKey"] in self.refused
            else {"SequenceNumber": "1", "ShardId": "s"}
            for record in body["Records"]
        ]
        return msgspec.convert({"Records": results}, answer)


ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"


def test_a_request_holds_500_records_at_most() -> None:
    kinesis = FakeKinesis()
    assert KinesisTarget(kinesis, ARN).put([Outgoing(b"x", str(i)) for i in range(1201)]) == {}
    assert [len(request["Records"]) for request in kinesis.requests] == [500, 500, 201]
    assert kinesis.requests[0]["StreamARN"] == ARN


def test_a_request_holds_10_mib_at_most() -> None:
    """https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html"""
    kinesis = FakeKinesis()
    records = [Outgoing(b"x" * 900_000, "k") for _ in range(12)]
    assert KinesisTarget(kinesis, ARN).put(records) == {}
    assert [len(request["Records"]) for request in kinesis.requests] == [11, 1]
    assert 11 * 900_001 <= MAXIMUM_BYTES < 12 * 900_001


def test_what_kinesis_refuses_is_reported_by_its_index() -> None:
    failures = KinesisTarget(FakeKinesis("b"), ARN).put([Outgoing(b"1", "a"), Outgoing(b"2", "b"), Outgoing(b"3", "c")])
    assert failures == {1: Rejection("ProvisionedThroughputExceededException", "slow down")}


def test_a_record_that_would_spoil_its_request_fails_alone() -> None:
    kinesis = FakeKinesis()
    records = [Outgoing(b"1", None), Outgoing(b"2", "k" * 257), Outgoing(b"x" * (1 << 20), "k"), Outgoing(b"3", "a")]
    failures = KinesisTarget(kinesis, ARN).put(records)
    assert sorted(failures) == [0, 1, 2]
    assert [record["PartitionKey"] for record in kinesis.requests[0]["Records"]] == ["a"]


def test_what_follows_a_failure_with_the_same_key_is_sent_again_too() -> None:
    records = [Outgoing(b"", key) for key in ("a", "b", "a", "c", "b", "a")]
    assert to_retry(records, {2: Rejection("x", "")}) == [2, 5]
    assert to_retry(records, {0: Rejection("x", ""), 4: Rejection("x", "")}) == [0, 2, 4, 5]
    assert to_retry(records, {}) == []
