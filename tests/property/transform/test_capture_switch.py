"""The order of a key's changes holds when `captureMode` is changed on a live stack, both ways.

The two shapes of a change event are AWS's: a DynamoDB Streams record has its time rounded down to the second and a
SequenceNumber (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html), a record
of a table's Kinesis destination has microseconds and no SequenceNumber
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html). The new capture begins before the old one
ends, so changes near a switch are delivered twice, under two event_ids.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from components import view
from transform.batch import Record, Transform
from transform.schema import Column, KeyAttribute, LakeTable
from transform.settings import FunctionSettings

ITEM = LakeTable(
    entity="item",
    change_log="item_changes",
    view="items",
    partition_key=KeyAttribute("id", "S"),
    sort_key=None,
    columns=(Column("id", "string", ("id",), "the key"), Column("version", "bigint", ("version",), "of all writes")),
)
START_US = 1_795_356_187 * 1_000_000
FIRST_SEQUENCE_NUMBER = 4421584500000000017450439091


@dataclass(frozen=True)
class Change:
    """A write to a key: its position among all writes is its version. None means no item."""

    key: str
    version: int
    before: int | None
    after: int | None
    at_us: int

    @property
    def op(self) -> str:
        return "INSERT" if self.before is None else "REMOVE" if self.after is None else "MODIFY"

    @property
    def second(self) -> int:
        return self.at_us // 1_000_000

    def as_stream_record(self) -> dict[str, Any]:
        """Return the Pipe's records."""
        number = str(FIRST_SEQUENCE_NUMBER + self.version)
        record = {"ApproximateCreationDateTime": self.second, "SequenceNumber": number} | self._images()
        return {"eventID": f"s{self.version:031}", "eventName": self.op, "dynamodb": record}

    def as_native_record(self) -> dict[str, Any]:
        """Return the native destination's records."""
        time = {"ApproximateCreationDateTime": self.at_us, "ApproximateCreationDateTimePrecision": "MICROSECOND"}
        return {"eventID": f"n-{self.version}", "eventName": self.op, "dynamodb": time | self._images()}

    def _images(self) -> dict[str, Any]:
        images = {"OldImage": self.before, "NewImage": self.after}
        return {"Keys": {"id": {"S": self.key}}} | {
            name: {"id": {"S": self.key}, "version": {"N": str(version)}}
            for name, version in images.items()
            if version is not None
        }


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Writes and deletes of four keys, many of them within one second."""
    steps = draw(
        st.lists(
            st.tuples(st.sampled_from("abcd"), st.booleans(), st.sampled_from([1, 7, 300_000, 999_999, 2_500_000])),
            min_size=1,
            max_size=24,
        )
    )
    held: dict[str, int] = {}
    history: list[Change] = []
    now_us = START_US
    for version, (key, is_delete, pause_us) in enumerate(steps):
        now_us += pause_us
        before = held.get(key)
        after = None if is_delete and before is not None else version
        history.append(Change(key, version, before, after, now_us))
        if after is None:
            del held[key]
        else:
            held[key] = after
    return history


def table_of(history: Sequence[Change]) -> dict[str, int]:
    """Return the table's final content by key."""
    return {key: change.after for key, change in last_of(history).items() if change.after is not None}


def last_of(history: Sequence[Change]) -> dict[str, Change]:
    return {change.key: change for change in history}


class Lake:
    """The change log in DuckDB, and the view over it."""

    def __init__(self) -> None:
        self._connection: Any = duckdb.connect()
        self._connection.execute(
            f"CREATE TABLE {ITEM.change_log} ({', '.join(map(self._column, ITEM.change_log_columns))})"
        )
        self._query = sqlglot.transpile(view.current_state(ITEM).sql, read="trino", write="duckdb")[0]
        self._transform = Transform(ITEM, FunctionSettings())

    @staticmethod
    def _column(column: Column) -> str:
        return f"{view.quoted(column.name)} {'VARCHAR' if column.type == 'string' else column.type}"

    def close(self) -> None:
        self._connection.close()

    def view_of(self, events: Sequence[dict[str, Any]], seed: int) -> dict[str, int]:
        """Return the view when these arrive in any order, some twice."""
        chance = random.Random(seed)
        arrived = [*events, *chance.choices(events, k=3)]
        chance.shuffle(arrived)
        records: list[Record] = [
            {"recordId": str(place), "data": base64.b64encode(json.dumps(event).encode()).decode()}
            for place, event in enumerate(arrived)
        ]
        answers, counters = self._transform.answer(records)
        assert counters.failed == 0
        rows = [[*json.loads(base64.b64decode(answer.get("data", ""))).values()] for answer in answers]
        self._connection.execute(f"TRUNCATE {ITEM.change_log}")
        values = ", ".join("(" + ", ".join("?" for _ in row) + ")" for row in rows)
        self._connection.execute(
            f"INSERT INTO {ITEM.change_log} VALUES {values}", [cell for row in rows for cell in row]
        )
        names = [column.name for column in view.columns(ITEM)]
        found = [dict(zip(names, row, strict=True)) for row in self._connection.execute(self._query).fetchall()]
        return {row["id"]: row["version"] for row in found}


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    lake = Lake()
    yield lake
    lake.close()


def places(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 24), min_size=count, max_size=count).map(sorted)


@given(history=histories(), places=places(2), seed=st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_from_the_pipe_to_the_table_itself_the_view_is_the_table(
    lake: Lake, history: list[Change], places: list[int], seed: int
) -> None:
    native_from, pipe_until = places
    events = [change.as_stream_record() for change in history[:pipe_until]]
    events += [change.as_native_record() for change in history[native_from:]]
    assert lake.view_of(events, seed) == table_of(history)


def overtaken(history: Sequence[Change], native_until: int) -> dict[str, Change]:
    """The keys of the one exception, each with the change that the view shows.

    They are written after the last change that the destination carries, in a second in
    which it carries an earlier change of the key.
    """
    last, carried = last_of(history), last_of(history[:native_until])
    return {
        key: carried[key]
        for key, change in last.items()
        if change.version >= native_until and key in carried and carried[key].second == change.second
    }


@given(history=histories(), places=places(2), seed=st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_from_the_table_itself_to_the_pipe_the_view_is_the_table_except_one_second(
    lake: Lake, history: list[Change], places: list[int], seed: int
) -> None:
    pipe_from, native_until = places
    events = [change.as_native_record() for change in history[:native_until]]
    events += [change.as_stream_record() for change in history[pipe_from:]]
    expected = table_of(history)
    for key, shown in overtaken(history, native_until).items():
        expected.pop(key, None)
        if shown.after is not None:
            expected[key] = shown.after
    assert lake.view_of(events, seed) == expected


@given(history=histories(), places=places(4), seed=st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_there_and_back_with_writes_paused_at_the_end_of_the_destination(
    lake: Lake, history: list[Change], places: list[int], seed: int
) -> None:
    """Pipe, then native, then Pipe again; with the advised pause no key is an exception."""
    native_from, pipe_until, pipe_from, native_until = places
    history = [
        Change(c.key, c.version, c.before, c.after, c.at_us + 2_000_000 * (c.version >= native_until)) for c in history
    ]
    events = [change.as_native_record() for change in history[native_from:native_until]]
    events += [change.as_stream_record() for change in (*history[:pipe_until], *history[pipe_from:])]
    assert lake.view_of(events, seed) == table_of(history)


def test_the_exception_is_real_and_ends_with_the_next_write(lake: Lake) -> None:
    """A key written before and after the destination's end within one second: no record has their order."""
    history = [Change("a", 0, None, 0, START_US + 100), Change("a", 1, 0, 1, START_US + 900)]
    assert [change.key for change in overtaken(history, 1).values()] == ["a"]
    events = [history[0].as_native_record(), *(change.as_stream_record() for change in history)]
    assert lake.view_of(events, 0) == {"a": 0}
    healed = Change("a", 2, 1, 2, START_US + 1_000_100)
    assert lake.view_of([*events, healed.as_stream_record()], 0) == {"a": 2}


def test_rows_of_both_captures_have_sequences_of_one_width() -> None:
    change = Change("a", 0, None, 0, START_US + 5)
    answers, _ = Transform(ITEM, FunctionSettings()).answer(
        [
            {"recordId": str(place), "data": base64.b64encode(json.dumps(event).encode()).decode()}
            for place, event in enumerate((change.as_stream_record(), change.as_native_record()))
        ]
    )
    first, second = (json.loads(base64.b64decode(answer.get("data", "")))["sequence"] for answer in answers)
    assert len(first) == len(second)
    assert first < second
