"""The Lambda processor's answers, judged record by record, and its requests."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from sandbox.firehose.records import BufferedRecord
from sandbox.firehose.transform import (
    REQUEST_BYTES,
    Dropped,
    Failed,
    Outcome,
    Transformed,
    judge,
    record_id,
    requests,
)
from sandbox.streams import KinesisRecord

RECORD = BufferedRecord("shardId-000000000001", KinesisRecord("7", 1.5, "key", b"data"))


def judged(*results: dict[str, Any]) -> Outcome:
    """What an answer with these results means for the record "id"."""
    (outcome,) = judge(json.dumps({"records": results}).encode(), {"id": RECORD})
    return outcome


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def test_ok_replaces_the_data() -> None:
    assert judged({"recordId": "id", "result": "Ok", "data": encoded(b"new")}) == Transformed(RECORD, b"new", {})


def test_ok_may_bring_partition_keys() -> None:
    outcome = judged(
        {"recordId": "id", "result": "Ok", "data": "", "metadata": {"partitionKeys": {"region": "EMEA", "n": 1}}}
    )
    keys = {"partitionKeyFromLambda:region": "EMEA", "partitionKeyFromLambda:n": "1"}
    assert outcome == Transformed(RECORD, b"", keys)


def test_dropped_is_dropped() -> None:
    assert judged({"recordId": "id", "result": "Dropped"}) == Dropped(RECORD)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([{"recordId": "id", "result": "ProcessingFailed", "data": encoded(b"data")}], "Lambda.ProcessingFailedStatus"),
        ([], "Lambda.MissingRecordId"),
        ([{"recordId": "other", "result": "Ok", "data": ""}], "Lambda.MissingRecordId"),
        ([{"recordId": "id", "result": "Ok", "data": ""}] * 2, "Lambda.DuplicatedRecordId"),
        ([{"recordId": "id", "result": "Ok"}], "Lambda.InvalidReturnFormat"),
        ([{"recordId": "id", "result": "Ok", "data": "%%"}], "Lambda.InvalidReturnFormat"),
        ([{"recordId": "id", "result": "Fine", "data": ""}], "Lambda.InvalidReturnFormat"),
        ([{"recordId": "id"}], "Lambda.InvalidReturnFormat"),
    ],
)
def test_a_wrong_result_fails_its_record(results: list[dict[str, Any]], code: str) -> None:
    outcome = judged(*results)
    assert isinstance(outcome, Failed)
    assert outcome.code == code


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'{"records": 3}', b'{"records": [null, 1]}', b"not json"])
def test_an_answer_without_records_misses_all_of_them(payload: bytes) -> None:
    (outcome,) = judge(payload, {"id": RECORD})
    assert isinstance(outcome, Failed)
    assert outcome.code == "Lambda.MissingRecordId"


def test_one_wrong_record_spoils_no_other() -> None:
    payload = {"records": [{"recordId": "b", "result": "Ok", "data": encoded(b"new")}]}
    outcomes = judge(json.dumps(payload).encode(), {"a": RECORD, "b": RECORD})
    assert [type(outcome) for outcome in outcomes] == [Failed, Transformed]


def test_ids_are_one_records_own_in_all_shards() -> None:
    same_sequence = [BufferedRecord(f"shardId-{shard:012}", KinesisRecord("7", 0, "k", b"")) for shard in range(3)]
    same_shard = [
        BufferedRecord("shardId-000000000000", KinesisRecord(str(s), 0, "k", b"")) for s in (8, 9, 10**55, 10**55 + 1)
    ]
    ids = [record_id(record) for record in same_sequence + same_shard]
    assert len(set(ids)) == len(ids)
    assert {len(id_) for id_ in ids} == {56}


def test_a_request_stays_within_lambdas_limit() -> None:
    records = [BufferedRecord("s-1", KinesisRecord(str(i), 0, "k", b"x" * 900_000)) for i in range(12)]
    batches = list(requests(records))
    assert [record for batch in batches for record in batch] == records
    assert all(sum(len(record.data) for record in batch) * 4 / 3 < REQUEST_BYTES for batch in batches)
    assert len(batches) == 3


def test_many_small_records_count_with_what_is_around_them() -> None:
    records = [BufferedRecord("s-1", KinesisRecord(str(i), 0, "k", b"")) for i in range(30_000)]
    assert len(list(requests(records))) == 3
