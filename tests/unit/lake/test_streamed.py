from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec

from lake.streamed import Streamed


class Streams:
    """A table's stream of shards: the sequence numbers of each, in pages of two; the last one of a name in `ended`."""

    def __init__(self, shards: dict[str, list[int]], ended: tuple[str, ...] = ()) -> None:
        self._shards = shards
        self._ended = ended
        self.meta = SimpleNamespace(events=SimpleNamespace(register=self._register))
        self.kept: list[str] = []
        self.positions: list[dict[str, Any]] = []
        self.reads = 0

    def describe_stream(self, **request: Any) -> dict[str, Any]:
        names = [*self._shards]
        at = names.index(request["ExclusiveStartShardId"]) + 1 if "ExclusiveStartShardId" in request else 0
        name, numbers = names[at], self._shards[names[at]]
        span = {"StartingSequenceNumber": str(numbers[0])}
        if name in self._ended:
            span["EndingSequenceNumber"] = str(numbers[-1])
        more = {"LastEvaluatedShardId": name} if at + 1 < len(names) else {}
        return {"StreamDescription": {"Shards": [{"ShardId": name, "SequenceNumberRange": span}], **more}}

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        self.positions.append(request)
        return {"ShardIterator": f"{request['ShardId']} {request.get('SequenceNumber', '0')}"}

    def get_records(self, **request: Any) -> dict[str, Any]:
        self.reads += 1
        shard, _, after = request["ShardIterator"].partition(" ")
        page = [number for number in self._shards[shard] if number > int(after)][:2]
        following = None if shard in self._ended and not page else f"{shard} {page[-1] if page else after}"
        reply = {
            "Records": [{"dynamodb": {"SequenceNumber": str(number)}} for number in page],
            "NextShardIterator": following,
        }
        return {"RawReply": msgspec.json.encode(reply)}

    def _register(self, event: str, *_: Any, **__: Any) -> None:
        self.kept.append(event)


def test_the_changes_after_a_number_are_found_in_every_shard() -> None:
    client = Streams({"one": [100, 101, 102, 103, 104], "two": [110, 111]})
    streamed = Streamed(client, "arn")
    assert streamed.newer(101) == [102, 103, 104, 110, 111]
    assert client.kept == ["before-parse.dynamodb-streams.GetRecords"]
    kinds = [position["ShardIteratorType"] for position in client.positions]
    assert kinds == ["AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON"], "the second shard begins after the number"
    assert streamed.newer(111) == []


def test_an_ended_shard_whose_last_change_is_known_is_not_read() -> None:
    client = Streams({"old": [1, 2, 3], "new": [4, 5]}, ended=("old",))
    assert Streamed(client, "arn").newer(3) == [4, 5]
    assert [position["ShardId"] for position in client.positions] == ["new"]


def test_an_open_shard_is_given_up_after_two_empty_pages() -> None:
    client = Streams({"only": [7]})
    assert Streamed(client, "arn").newer(7) == []
    assert client.reads == 2


def test_a_shard_is_read_for_a_hundred_pages_at_most() -> None:
    client = Streams({"long": [*range(1, 1001)]})
    assert len(Streamed(client, "arn").newer(0)) == 200
