"""Reading shards: order over resharding, progress over restarts, recovery of iterators."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec import Struct

from sandbox.awsjson import RemoteError
from sandbox.shards import Checkpoint, Cursor, RecordPage, Shard, ShardReader
from sandbox.state import StateDir


class Record(Struct, frozen=True):
    sequence: str
    arrived_at: float = 0.0


@dataclass
class Stream:
    """A stream in memory; an iterator is "shard:index"."""

    listed: dict[str, Shard] = field(default_factory=dict[str, Shard])
    records: dict[str, list[Record]] = field(default_factory=dict[str, list[Record]])
    page: int = 2
    error: str | None = None
    iterators: int = 0

    def add(self, shard: Shard, *sequences: str) -> None:
        self.listed[shard.id] = shard
        self.records[shard.id] = [Record(sequence, float(sequence)) for sequence in sequences]

    def close(self, shard_id: str) -> None:
        self.listed[shard_id] = Shard(shard_id, self.listed[shard_id].parents, is_open=False)

    def shards(self) -> list[Shard]:
        return list(self.listed.values())

    def iterator(self, shard_id: str, after: str | None) -> str:
        self.iterators += 1
        sequences = [record.sequence for record in self.records[shard_id]]
        return f"{shard_id}:{0 if after is None else sequences.index(after) + 1}"

    def read(self, iterator: str) -> RecordPage[Record]:
        if self.error is not None:
            code, self.error = self.error, None
            raise RemoteError(400, code, "")
        shard_id, index = iterator.split(":")
        start = int(index)
        records = self.records[shard_id][start : start + self.page]
        end = start + len(records)
        behind = end < len(self.records[shard_id])
        at_end = not self.listed[shard_id].is_open and not behind
        return RecordPage(records, None if at_end else f"{shard_id}:{end}", at_tip=not behind, more=behind)


@pytest.fixture
def stream() -> Stream:
    return Stream()


def checkpoint(tmp_path: Path, identity: str = "pipe") -> Checkpoint:
    return Checkpoint(StateDir(tmp_path), "orders", identity)


def sequences(cursor: Cursor[Record]) -> list[str]:
    return [record.sequence for record in cursor.read()]


def test_a_shard_is_read_page_by_page(stream: Stream) -> None:
    stream.add(Shard("a"), "1", "2", "3")
    cursor = Cursor(stream, Shard("a"), None, None)
    assert sequences(cursor) == ["1", "2"]
    assert cursor.has_more
    assert sequences(cursor) == ["3"]
    assert not cursor.has_more
    assert sequences(cursor) == []
    assert stream.iterators == 1


def test_a_reader_goes_on_behind_what_was_accepted(stream: Stream, tmp_path: Path) -> None:
    stream.add(Shard("a"), "1", "2", "3")
    first = checkpoint(tmp_path)
    first.advance("a", "2")
    first.save()
    reader = ShardReader(stream, checkpoint(tmp_path), None)
    reader.discover()
    assert sequences(reader.cursors["a"]) == ["3"]


def test_another_pipe_of_the_same_name_starts_from_the_beginning(stream: Stream, tmp_path: Path) -> None:
    first = checkpoint(tmp_path)
    first.advance("a", "2")
    first.save()
    assert checkpoint(tmp_path).accepted("a") == "2"
    assert checkpoint(tmp_path, "another").accepted("a") is None


def test_records_from_before_the_start_are_skipped_once(stream: Stream) -> None:
    stream.add(Shard("a"), "1", "2", "3")
    cursor = Cursor(stream, Shard("a"), None, 2.0)
    assert sequences(cursor) == ["2"]
    assert sequences(cursor) == ["3"]


def test_an_expired_iterator_is_recreated_at_the_same_position(stream: Stream) -> None:
    stream.add(Shard("a"), "1", "2", "3")
    cursor = Cursor(stream, Shard("a"), None, None)
    assert sequences(cursor) == ["1", "2"]
    stream.error = "ExpiredIteratorException"
    assert sequences(cursor) == []
    assert sequences(cursor) == ["3"]
    assert stream.iterators == 2


def test_after_trimming_reading_goes_on_with_the_oldest_record(stream: Stream) -> None:
    stream.add(Shard("a"), "1", "2", "3", "4")
    cursor = Cursor(stream, Shard("a"), None, None)
    assert sequences(cursor) == ["1", "2"]
    stream.error = "TrimmedDataAccessException"
    stream.records["a"] = stream.records["a"][3:]
    assert sequences(cursor) == []
    assert sequences(cursor) == ["4"]


def test_any_other_error_is_reported_and_nothing_is_skipped(stream: Stream) -> None:
    stream.add(Shard("a"), "1")
    cursor = Cursor(stream, Shard("a"), None, None)
    stream.error = "InternalServerError"
    with pytest.raises(RemoteError):
        cursor.read()
    assert sequences(cursor) == ["1"]


def test_children_are_read_once_their_parents_are_accepted(stream: Stream, tmp_path: Path) -> None:
    stream.add(Shard("a"), "1", "2")
    stream.add(Shard("b"), "1")
    stream.add(Shard("c", ("a", "b")), "3")
    stream.close("a")
    stream.close("b")
    progress = checkpoint(tmp_path)
    reader = ShardReader(stream, progress, None)
    reader.discover()
    assert set(reader.cursors) == {"a", "b"}

    assert sequences(reader.cursors["a"]) == ["1", "2"]
    assert reader.cursors["a"].exhausted
    reader.finish("a")
    assert set(reader.cursors) == {"b"}

    assert sequences(reader.cursors["b"]) == ["1"]
    reader.finish("b")
    assert sequences(reader.cursors["c"]) == ["3"]


def test_an_ended_shard_is_not_read_again_after_a_restart(stream: Stream, tmp_path: Path) -> None:
    stream.add(Shard("a"), "1")
    stream.add(Shard("c", ("a",)), "2")
    stream.close("a")
    progress = checkpoint(tmp_path)
    reader = ShardReader(stream, progress, None)
    reader.discover()
    reader.cursors["a"].read()
    reader.finish("a")

    again = ShardReader(stream, checkpoint(tmp_path), None)
    again.discover()
    assert set(again.cursors) == {"c"}


def test_a_child_whose_parent_is_trimmed_is_read(stream: Stream, tmp_path: Path) -> None:
    stream.add(Shard("c", ("gone",)), "2")
    reader = ShardReader(stream, checkpoint(tmp_path), None)
    reader.discover()
    assert set(reader.cursors) == {"c"}


def test_a_closed_shard_whose_iterators_never_end_ends_at_its_tip() -> None:
    class Endless(Stream):
        def read(self, iterator: str) -> RecordPage[Record]:
            page = super().read(iterator)
            return RecordPage(page.records, page.iterator or "a:1", at_tip=page.at_tip, more=page.more)

    stream = Endless()
    stream.add(Shard("a"), "1")
    stream.close("a")
    cursor = Cursor(stream, stream.listed["a"], None, None)
    assert sequences(cursor) == ["1"]
    assert not cursor.exhausted
    assert sequences(cursor) == []
    assert cursor.exhausted


def test_shards_that_the_stream_has_trimmed_are_forgotten(stream: Stream, tmp_path: Path) -> None:
    progress = checkpoint(tmp_path)
    progress.end("old")
    stream.add(Shard("a"), "1")
    reader = ShardReader(stream, progress, None)
    reader.discover()
    assert progress.known() == set()
    del stream.listed["a"]
    reader.discover()
    assert reader.cursors == {}
