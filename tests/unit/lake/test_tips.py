from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lake.tips import Tips

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Stream:
    """A Kinesis client of a stream with two shards, whose pages may be empty before the end."""

    def __init__(self, *ages_s: float) -> None:
        """The ages of the first shard's records in seconds, oldest first."""
        self.calls = 0
        self.records: list[dict[str, Any]] = []
        for age_s in ages_s:
            self.add(age_s)

    def add(self, age_s: float) -> None:
        number = len(self.records) + 1
        event = {"eventID": f"e{number}", "dynamodb": {"SequenceNumber": str(100 + number)}}
        arrived_at = NOW - timedelta(seconds=age_s)
        rounded = arrived_at.replace(microsecond=arrived_at.microsecond // 1000 * 1000)
        record = {
            "SequenceNumber": str(number),
            "ApproximateArrivalTimestamp": rounded,
            "Data": json.dumps(event).encode(),
        }
        self.records.append(record)

    def list_shards(self, **request: Any) -> dict[str, Any]:
        if "NextToken" in request:
            return {"Shards": [{"ShardId": "empty"}]}
        return {"Shards": [{"ShardId": "full"}], "NextToken": "more"}

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        if request["ShardId"] == "empty":
            return {"ShardIterator": f"{len(self.records)}"}
        if request["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER":
            return {"ShardIterator": request["StartingSequenceNumber"]}
        # Kinesis compares with a record's unrounded time: the one before a position can come once more.
        moment = request["Timestamp"] - timedelta(milliseconds=1)
        before = sum(record["ApproximateArrivalTimestamp"] < moment for record in self.records)
        return {"ShardIterator": f"{before}"}

    def get_records(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        text, full, _ = request["ShardIterator"].partition("+")
        at = int(text)
        if not full and at < len(self.records):
            return {"Records": [], "MillisBehindLatest": 5, "NextShardIterator": f"{at}+"}
        found = self.records[at : at + request["Limit"]]
        behind = len(self.records) - at - len(found)
        return {"Records": found, "MillisBehindLatest": behind, "NextShardIterator": f"{at + len(found)}+"}


@pytest.mark.parametrize(
    "ages_s",
    [(0.001,), (3.0,), (80_000.0,), (70_000.0, 3000.0, 3000.0, 2999.9995), tuple(range(5000, 0, -1)), (9.0, 0.0)],
)
def test_the_last_record_of_a_shard_is_found_in_few_calls(ages_s: tuple[float, ...]) -> None:
    stream = Stream(*ages_s)
    (tip,) = Tips(stream, "s", lambda: NOW).find()
    assert (tip.event_id, tip.change_number) == (f"e{len(ages_s)}", 100 + len(ages_s))
    assert stream.calls < 100


def test_a_shard_without_a_record_of_the_last_day_has_none() -> None:
    assert Tips(Stream(), "s", lambda: NOW).find() == []
    assert Tips(Stream(100_000.0), "s", lambda: NOW).find() == []


def test_later_records_are_found_after_the_last_known() -> None:
    stream = Stream(500.0)
    tips = Tips(stream, "s", lambda: NOW)
    first = tips.find()
    assert tips.find() == first
    for age_s in (400.0, 300.0, 0.5):
        stream.add(age_s)
    assert [tip.event_id for tip in tips.find()] == ["e4"]


def test_a_record_that_is_no_change_has_no_event() -> None:
    stream = Stream(1.0)
    stream.records[0]["Data"] = b"noise"
    (tip,) = Tips(stream, "s", lambda: NOW).find()
    assert (tip.event_id, tip.change_number) == ("", 0)
