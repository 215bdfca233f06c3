"""Any change becomes exactly the row of an independent decoder."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.transform.inventory import INVENTORY
from tests.property.transform.oracle import expected_columns, load_row, row_columns
from tests.property.transform.strategies import Event, events
from tests.unit.transform.changes import records_of
from transform.batch import Answer, Transform
from transform.events import read_change
from transform.fast_path import FALLBACK, RESULTS, FastPath
from transform.rows import RowWriter
from transform.schema import TABLE, LakeTable
from transform.settings import FunctionSettings

TABLES = pytest.mark.parametrize("table", [TABLE, INVENTORY], ids=lambda table: table.entity)
SLOW_TO_DRAW = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None, max_examples=40
)


def answers(table: LakeTable, contents: list[bytes]) -> list[Answer]:
    records: Any = [
        {"recordId": str(index), "data": base64.b64encode(data).decode()} for index, data in enumerate(contents)
    ]
    return Transform(table, FunctionSettings()).answer(records)[0]


def rows(table: LakeTable, chosen: list[Event]) -> list[dict[str, Any]]:
    return [
        load_row(base64.b64decode(answer.get("data", "")))
        for answer in answers(table, [event.data for event in chosen])
    ]


def the_typed_columns_are_what_boto3_reads(table: LakeTable, event: Event, row: dict[str, Any]) -> None:
    assert row_columns(table, row) == expected_columns(table, event.image)


def the_images_are_kept_byte_for_byte(event: Event, row: dict[str, Any]) -> None:
    assert (row["before"], row["after"]) == (event.old, event.new)


def the_row_has_the_schemas_columns_in_order_and_says_what_happened(
    table: LakeTable, event: Event, row: dict[str, Any]
) -> None:
    assert list(row) == [column.name for column in table.change_log_columns]
    assert (row["event_id"], row["op"]) == (event.event_id, event.op)
    assert row["sequence"] == event.sequence


def the_fast_path_gives_the_row_of_the_slow_path(table: LakeTable, event: Event) -> None:
    change = read_change(event.data)
    rows = FastPath(table).write(records_of(event.data))
    if rows.results[0] != FALLBACK:
        assert bytes(rows.lines[: rows.ends[0]]) == RowWriter(table).line(change, {})
        assert RESULTS[rows.results[0]] == (change.op, change.expired)
        assert rows.moments == [change.epoch_us]


def a_redelivered_record_makes_the_same_row_again(table: LakeTable, event: Event) -> None:
    first, second = answers(table, [event.data, event.data])
    assert first.get("data") == second.get("data")
    assert answers(table, [event.data])[0].get("data") == first.get("data")


@TABLES
@settings(SLOW_TO_DRAW, max_examples=80)
@given(data=st.data())
def test_a_change_becomes_its_row(table: LakeTable, data: st.DataObject) -> None:
    """One change for all checks, because drawing it takes ten times as long as the checks."""
    event = data.draw(events(table))
    (row,) = rows(table, [event])
    the_typed_columns_are_what_boto3_reads(table, event, row)
    the_images_are_kept_byte_for_byte(event, row)
    the_row_has_the_schemas_columns_in_order_and_says_what_happened(table, event, row)
    the_fast_path_gives_the_row_of_the_slow_path(table, event)
    a_redelivered_record_makes_the_same_row_again(table, event)


@TABLES
@SLOW_TO_DRAW
@given(data=st.data())
def test_a_batch_has_the_rows_of_its_records_one_by_one_in_order(table: LakeTable, data: st.DataObject) -> None:
    batch = data.draw(st.lists(events(table) | st.binary(max_size=60), max_size=4))
    contents = [entry.data if isinstance(entry, Event) else entry for entry in batch]
    together = answers(table, contents)
    assert [answer["recordId"] for answer in together] == [str(index) for index in range(len(batch))]
    for data_, answer in zip(contents, together, strict=True):
        (alone,) = answers(table, [data_])
        assert (alone["result"], alone.get("data")) == (answer["result"], answer.get("data"))


@given(data=st.binary(max_size=200) | st.text().map(str.encode))
def test_no_bytes_raise(data: bytes) -> None:
    (answer,) = answers(TABLE, [data])
    assert answer == {"recordId": "0", "result": "ProcessingFailed", "data": base64.b64encode(data).decode()}


@TABLES
@SLOW_TO_DRAW
@given(data=st.data())
def test_no_damage_to_an_event_raises(table: LakeTable, data: st.DataObject) -> None:
    content = bytearray(data.draw(events(table)).data)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (answer,) = answers(table, [bytes(content)])
    if answer["result"] == "Ok":
        load_row(base64.b64decode(answer.get("data", "")))
