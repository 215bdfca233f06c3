"""The changes that the lake lacks, by each place's position."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lake import way
from lake.tips import Tip
from lake.way import Positions, Way
from stack import StackOutputs
from transform.events import SEQUENCE_DIGITS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OUTPUTS = StackOutputs(
    origin="a test",
    region="eu-west-1",
    stream_arn="arn",
    pipe_name="pipe",
    stream_name="stream",
    delivery_stream_name="delivery",
    dead_letter_queue_url="https://queue",
)


class AwsError(Exception):
    """An error of AWS, as botocore raises it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Places:
    """The places that changes pass; a place whose name is in `denied` refuses to say anything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tips: list[Tip] = []
        self.newer: list[int] = []
        self.errors: list[datetime] = []
        self.letters: tuple[int, int] = (0, 0)
        self.arrived: set[str] = set()
        self.denied: dict[str, str] = {}
        monkeypatch.setattr(way, "client", self._client)
        monkeypatch.setattr(way, "Streamed", self._streamed)
        monkeypatch.setattr(way, "Tips", self._tips)

    def _client(self, service: str, _: StackOutputs) -> Places | None:
        return self if service in ("s3", "sqs", "firehose") else None

    def _streamed(self, *_: object) -> _Streamed:
        return _Streamed(self)

    def _tips(self, *_: object) -> _Tips:
        return _Tips(self)

    def look(self, last: str | None = None, outputs: StackOutputs = OUTPUTS) -> Way:
        return Positions(outputs, self.has).look(last)

    def has(self, ids: Collection[str]) -> set[str]:
        return self.arrived.intersection(ids)

    def ask(self, place: str) -> None:
        if place in self.denied:
            raise AwsError(self.denied[place])

    def describe_delivery_stream(self, **_: Any) -> dict[str, Any]:
        self.ask("firehose")
        destination = {"ErrorOutputPrefix": "errors/!{firehose:error-output-type}/", "BucketARN": "arn:aws:s3:::lake"}
        source = {"KinesisStreamSourceDescription": {"KinesisStreamARN": "arn:stream/stream"}}
        description = {"Source": source, "Destinations": [{"ExtendedS3DestinationDescription": destination}]}
        return {"DeliveryStreamDescription": description}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        self.ask("s3")
        assert request == {"Bucket": "lake", "Prefix": "errors/"}
        return {"Contents": [{"Key": str(at), "LastModified": each} for at, each in enumerate(self.errors)]}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        self.ask("sqs")
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return {"Attributes": dict(zip(names, map(str, self.letters), strict=True))}


class _Streamed:
    def __init__(self, places: Places) -> None:
        self._places = places

    def newer(self, number: int) -> list[int]:
        self._places.ask("streams")
        return [each for each in self._places.newer if each > number]


class _Tips:
    def __init__(self, places: Places) -> None:
        self._places = places

    def find(self) -> list[Tip]:
        self._places.ask("kinesis")
        return self._places.tips


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    """A pipeline in which nothing is on its way."""
    return Places(monkeypatch)


def tip(number: int, event_id: str, at: datetime = NOW) -> Tip:
    return Tip(str(number), at, event_id, number)


def sequence(number: int, capture: str = "0") -> str:
    return f"{1:012d}{capture}{number:0{SEQUENCE_DIGITS - 13}d}"


def test_nothing_is_on_its_way_when_the_lake_has_each_shards_last_record(places: Places) -> None:
    places.tips, places.arrived, places.newer = [tip(5, "a"), tip(6, "b")], {"a", "b"}, [5, 6]
    found = places.look(sequence(6))
    assert found == Way(in_stream=0, in_delivery=0, failed=0, dead_letters=0)
    assert found.moving == 0


def test_changes_that_no_pipe_has_read_are_in_the_stream_and_others_in_delivery(places: Places) -> None:
    places.tips, places.newer = [tip(12, "a")], [10, 11, 12, 13, 14]
    assert places.look(sequence(10)) == Way(in_stream=2, in_delivery=2, failed=0, dead_letters=0)
    places.tips.append(tip(3, "slow"))
    places.newer = []
    assert places.look(sequence(12)).in_delivery == 2, "at least one for each shard whose last record is missing"


def test_an_empty_lake_has_all_changes_on_their_way(places: Places) -> None:
    places.newer = [1, 2, 3]
    assert places.look(None) == Way(in_stream=3, in_delivery=0, failed=0, dead_letters=0)


def test_a_newer_object_under_the_error_prefix_explains_a_missing_record(places: Places) -> None:
    places.tips, places.errors = [tip(5, "a")], [NOW - timedelta(minutes=1)]
    assert places.look(sequence(5)).in_delivery == 1
    places.errors.append(NOW - timedelta(seconds=1))
    found = places.look(sequence(5))
    assert (found.in_delivery, found.failed) == (0, 2), "S3's times have seconds"


def test_the_stream_is_not_asked_behind_a_native_change(places: Places) -> None:
    """The digits behind a native change's capture are no position in the table's stream."""
    places.newer = [10**21]
    assert places.look(sequence(123, capture="1")).in_stream == 0


def test_messages_in_work_count_as_dead_letters(places: Places) -> None:
    places.letters = (2, 1)
    found = places.look(sequence(1))
    assert (found.dead_letters, found.moving) == (3, 0)


@pytest.mark.parametrize(
    ("place", "code", "unknown"),
    [
        ("kinesis", "AccessDeniedException", {"in_delivery"}),
        ("streams", "TrimmedDataAccessException", {"in_stream"}),
        ("s3", "NoSuchBucket", {"failed"}),
        ("sqs", "QueueDoesNotExist", {"dead_letters"}),
    ],
)
def test_a_place_that_may_not_be_seen_is_unknown(places: Places, place: str, code: str, unknown: set[str]) -> None:
    places.denied[place] = code
    found = places.look(sequence(1))
    assert {name for name in Way.__struct_fields__ if getattr(found, name) is None} == unknown


def test_another_error_is_raised(places: Places) -> None:
    places.denied["kinesis"] = "InternalFailure"
    with pytest.raises(AwsError, match="InternalFailure"):
        places.look(sequence(1))


def test_a_place_without_a_name_is_unknown_but_a_queue_without_one_is_empty(places: Places) -> None:
    found = places.look(None, StackOutputs(origin="a test", region="eu-west-1"))
    assert found == Way(dead_letters=0)
