"""Every change that DynamoDB accepts fits into Firehose's record, and loses no more than necessary.

The limit is that of a record of Firehose, 1,000 KiB before base64
(https://docs.aws.amazon.com/firehose/latest/APIReference/API_Record.html), and an
item's is 400 KB
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html).
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.property.transform.inventory import INVENTORY
from tests.property.transform.oracle import expected_columns, load_row, row_columns
from tests.property.transform.strategies import TEXTS, items
from transform.events import read_change
from transform.rows import RowWriter
from transform.schema import TABLE, LakeTable
from transform.shorten import MANY, MARK, RECORD_LIMIT_BYTES, handler, shortened

FIREHOSE_BYTES = 1_024_000
LIMIT_BYTES = 7_000
"""Small enough for a test, and larger than keys and marks of any table here."""
TABLES = pytest.mark.parametrize("table", [TABLE, INVENTORY], ids=lambda table: table.entity)
SLOW_TO_DRAW = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
    max_examples=20,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
_TWO_BYTES = set('"\\\b\f\n\r\t')


def longest(value: Any) -> int:
    """Return the maximum bytes of a value's JSON, counted without writing it."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return 2 + sum(longest(name) + 2 + longest(member) for name, member in members.items()) + _commas(members)
    if isinstance(value, list):
        elements = cast("list[Any]", value)
        return 2 + sum(map(longest, elements)) + _commas(elements)
    if isinstance(value, str):
        return 2 + sum(map(_character, value))
    return len({True: "true", False: "false"}[value]) if isinstance(value, bool) else len(str(value))


def _commas(members: Any) -> int:
    return 2 * max(0, len(members) - 1)


def _character(character: str) -> int:
    if character in _TWO_BYTES:
        return 2
    if " " <= character <= "~" or character == "\x7f":
        return 1
    return 12 if character > "\uffff" else 6


BULK: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.integers(0, 1500).map(lambda count: {"L": [{"S": ""}] * count}),
    st.integers(0, 900).map(lambda count: {"L": [{"BOOL": False}] * count}),
    st.tuples(TEXTS.filter(bool), st.integers(0, 2000)).map(lambda drawn: {"S": (drawn[0] * drawn[1])[:9000]}),
    st.binary(max_size=4000).map(lambda content: {"B": base64.b64encode(content).decode()}),
)


@st.composite
def bulky(draw: st.DrawFn, table: LakeTable, item: dict[str, Any]) -> dict[str, Any]:
    """Return the item with further attributes, large or many, some of which replace its columns."""
    names = TEXTS.filter(bool) | st.sampled_from([column.attribute[0] for column in table.columns])
    more = draw(st.dictionaries(names, BULK, max_size=3))
    many = draw(st.sampled_from([0, 0, 700]))
    named = {name: value for name, value in item.items() if name}  # DynamoDB's names have a character or more
    return {**named, **{f"n{number}": {"S": ""} for number in range(many)}, **more}


@st.composite
def changes(draw: st.DrawFn, table: LakeTable) -> dict[str, Any]:
    """A change as the Pipe has it, of which many are larger than LIMIT_BYTES."""
    first = draw(items(table))
    keys = {key.name: first[key.name] for key in table.keys}
    op = draw(st.sampled_from(["INSERT", "MODIFY", "REMOVE"]))
    images = {
        name: draw(bulky(table, draw(items(table)))) | keys
        for name, ops in (("NewImage", ("INSERT", "MODIFY")), ("OldImage", ("MODIFY", "REMOVE")))
        if op in ops
    }
    record = {"ApproximateCreationDateTime": 1795356187, "Keys": keys, **images, "SequenceNumber": "1" * 25}
    return {
        "eventID": "e" * 32,
        "eventName": op,
        "dynamodb": record | {"SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000",
    }


def row_image(change: dict[str, Any]) -> dict[str, Any]:
    return change["dynamodb"]["OldImage" if change["eventName"] == "REMOVE" else "NewImage"]


def is_mark(value: Any) -> bool:
    return list(value) == [MARK] and type(value[MARK]) is int


def any_change_fits_by_a_count_of_another_kind(table: LakeTable, change: dict[str, Any]) -> None:
    cut = shortened(change, table, LIMIT_BYTES)
    assert longest(cut) <= LIMIT_BYTES
    assert len(json.dumps(cut, ensure_ascii=False, separators=(",", ":")).encode()) <= LIMIT_BYTES
    assert (cut is change) == (longest(change) <= LIMIT_BYTES)


def what_is_cut_is_marked_and_all_else_is_as_it_was(table: LakeTable, change: dict[str, Any]) -> None:
    before = copy.deepcopy(change)
    cut = shortened(change, table, LIMIT_BYTES)
    assert change == before
    assert shortened(before, table, LIMIT_BYTES) == cut
    assert {**cut, "dynamodb": None} == {**change, "dynamodb": None}
    for name, value in change["dynamodb"].items():
        if name not in ("OldImage", "NewImage"):
            assert cut["dynamodb"][name] == value
    for image, original in images_of(change, cut):
        strangers = original.keys() - {column.attribute[0] for column in table.columns}
        for name, value in original.items():
            if name not in image:
                assert name in strangers
                assert is_mark(image[MANY])
            elif image[name] != value:
                assert image[name] == {MARK: len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())}
                assert name not in {key.name for key in table.keys}
        assert image.keys() - original.keys() <= {MANY}


def images_of(change: dict[str, Any], cut: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for name in ("OldImage", "NewImage"):
        if name in change["dynamodb"]:
            yield cut["dynamodb"][name], change["dynamodb"][name]


def the_row_has_all_columns_that_were_not_cut(table: LakeTable, change: dict[str, Any]) -> None:
    cut = shortened(change, table, LIMIT_BYTES)
    lost = {column.name for column in table.columns if is_mark(row_image(cut).get(column.attribute[0], {"": None}))}
    mismatches: dict[str, int] = {}
    row = load_row(RowWriter(table).line(read_change(json.dumps(cut).encode()), mismatches))
    whole = expected_columns(table, row_image(change))
    assert row_columns(table, row) == {name: None if name in lost else value for name, value in whole.items()}
    assert lost <= mismatches.keys()
    if lost and change["eventName"] == "MODIFY":
        others = {
            key: value for key, value in cut["dynamodb"]["OldImage"].items() if key not in change["dynamodb"]["Keys"]
        }
        assert all(is_mark(value) or longest(value) < 40 for value in others.values())


@TABLES
@SLOW_TO_DRAW
@given(data=st.data())
def test_a_change_is_shortened_to_what_fits(table: LakeTable, data: st.DataObject) -> None:
    """One change for all: drawing it takes most of the time."""
    change = data.draw(changes(table))
    any_change_fits_by_a_count_of_another_kind(table, change)
    what_is_cut_is_marked_and_all_else_is_as_it_was(table, change)
    the_row_has_all_columns_that_were_not_cut(table, change)


ORDER = {"order_id": {"S": "o" * 2048}, "status": {"S": "paid"}, "total": {"N": "12.5"}}
EXTREMES: dict[str, dict[str, Any]] = {
    "a text of 400 kB": {"note": {"S": "x" * 397_000}},
    "control characters": {"note": {"S": "\x01" * 397_000}},
    "characters beyond 16 bits": {"note": {"S": "🛒" * 99_000}},
    "300,000 empty texts": {"note": {"L": [{"S": ""}] * 300_000}},
    "180,000 times false": {"note": {"L": [{"BOOL": False}] * 180_000}},
    "40,000 attributes": {f"{number:x}": {"S": ""} for number in range(40_000)},
    "a column of 400 kB": {"status": {"S": "x" * 397_000}},
    "a column that does not fit alone": {"status": {"S": "\x01" * 397_000}},
    "binaries": {"note": {"BS": [base64.b64encode(bytes([number])).decode() for number in range(256)]}},
}


@pytest.mark.parametrize("name", EXTREMES)
def test_the_largest_items_fit_when_they_are_updated(name: str) -> None:
    image = ORDER | EXTREMES[name]
    record = {"Keys": {"order_id": ORDER["order_id"]}, "NewImage": image, "OldImage": image, "SequenceNumber": "1" * 40}
    change: dict[str, Any] = {
        "eventID": "e" * 32,
        "eventName": "MODIFY",
        "dynamodb": record | {"ApproximateCreationDateTime": 1795356187, "SizeBytes": 800_000},
    }
    (cut,) = handler([change], None)
    assert len(json.dumps(cut)) <= RECORD_LIMIT_BYTES < FIREHOSE_BYTES
    row = load_row(RowWriter(TABLE).line(read_change(json.dumps(cut).encode()), {}))
    assert row["order_id"] == ORDER["order_id"]["S"]
    assert row["total"] == "12.5"
    assert row["status"] == (None if name == "a column that does not fit alone" else image["status"]["S"])


def test_a_batch_keeps_its_order_and_what_fits_is_not_touched() -> None:
    small = [{"eventID": str(number), "eventName": "INSERT", "dynamodb": {"NewImage": ORDER}} for number in range(5)]
    assert handler(small, None) == small
