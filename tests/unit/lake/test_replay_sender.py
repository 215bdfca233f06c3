"""The requests to the stream, and the retries after a refusal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.failures import Failure
from lake.replay import Sender
from stack import UserError


class Stream:
    """A Kinesis client that throttles each record a given number of times."""

    def __init__(self, refusals: int = 0) -> None:
        self._refusals = refusals
        self.requests: list[list[bytes]] = []
        self.accepted: list[bytes] = []

    def put_records(self, **request: Any) -> dict[str, Any]:
        assert request["StreamName"] == "changes"
        records = [record["Data"] for record in request["Records"]]
        assert all(1 <= len(record["PartitionKey"]) <= 256 for record in request["Records"])
        self.requests.append(records)
        refused = len(self.requests) <= self._refusals
        results: list[dict[str, str]] = []
        for index, record in enumerate(records):
            if refused and index % 2:
                results.append({"ErrorCode": "ProvisionedThroughputExceededException"})
            else:
                self.accepted.append(record)
                results.append({"SequenceNumber": "1"})
        return {"Records": results}


class Closed(Stream):
    """One that refuses everything."""

    def put_records(self, **request: Any) -> dict[str, Any]:
        return {"Records": [{"ErrorCode": "KMSThrottlingException"} for _ in request["Records"]]}


def send(stream: Stream, records: list[bytes]) -> list[float]:
    waits: list[float] = []
    Sender(stream, "changes", waits.append).send([Failure(record) for record in records])
    return waits


@given(st.lists(st.integers(0, 1_000_000), max_size=30), st.integers(0, 3))
def test_every_record_is_put_once_within_kinesis_limits(sizes: list[int], refusals: int) -> None:
    stream = Stream(refusals)
    records = [bytes([index]) * size for index, size in enumerate(sizes)]
    send(stream, records)
    assert sorted(stream.accepted) == sorted(records)
    assert all(len(request) <= 500 for request in stream.requests)
    assert all(sum(len(record) + 64 for record in request) <= 5 * 1024 * 1024 for request in stream.requests)


def test_a_request_has_500_records_at_most() -> None:
    stream = Stream()
    send(stream, [b"x"] * 1001)
    assert [len(request) for request in stream.requests] == [500, 500, 1]


def test_what_is_refused_is_put_again_after_a_wait_and_nothing_else_is() -> None:
    stream = Stream(refusals=2)
    waits = send(stream, [b"a", b"b", b"c", b"d"])
    assert stream.requests == [[b"a", b"b", b"c", b"d"], [b"b", b"d"], [b"d"]]
    assert len(waits) == 2
    assert all(0 <= wait <= 5 for wait in waits)


def test_a_throttling_stream_is_reported() -> None:
    with pytest.raises(UserError, match="changes still throttles 1 records after 12 attempts"):
        send(Closed(), [b"a"])
