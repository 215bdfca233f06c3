from __future__ import annotations

import json
from typing import Any

import pytest

from tests.property.transform.inventory import INVENTORY
from tests.unit.transform.changes import data_of, pipe_event
from transform.events import Change, read_change
from transform.plain import PlainRows
from transform.rows import RowWriter
from transform.schema import TABLE, Column, KeyAttribute, Table

ORDER: dict[str, Any] = {
    "order_id": {"S": "o-1"},
    "version": {"N": "3"},
    "status": {"S": "paid"},
    "item_count": {"N": "-12"},
    "total": {"N": "12.5"},
    "tax": {"N": "0"},
    "gift": {"BOOL": False},
    "shipping_address": {"M": {"city": {"S": "Köln"}, "zip": {"S": "50674"}}},
    "ordered_at": {"S": "2026-11-22T14:03:07.5Z"},
    "updated_at": {"S": "2026-11-22T14:03:08+00:00"},
}
MOVEMENT: dict[str, Any] = {
    "sku#warehouse": {"B": "QS8x"},
    "moved": {"N": "1795356187003219"},
    "quantity": {"N": "-12.000001"},
    "measures": {"M": {"weight": {"N": "1.25"}, "box": {"M": {"depth": {"N": "40"}, "is fragile": {"BOOL": True}}}}},
    "counted_on": {"S": "2026-11-22"},
    "counted at": {"S": "2026-11-22T14:03:07.5+00:00"},
    "größe €": {"S": "XL"},
}
TABLES = pytest.mark.parametrize(("table", "item"), [(TABLE, ORDER), (INVENTORY, MOVEMENT)], ids=["order", "movement"])


def changes(*items: dict[str, Any]) -> list[Change]:
    return [
        read_change(data_of(pipe_event(NewImage=item, SequenceNumber=str(index)))) for index, item in enumerate(items)
    ]


def fast_rows(table: Table, chosen: list[Change]) -> list[dict[str, Any] | None]:
    writer = RowWriter(table)
    return [
        None if row is None else json.loads(*writer.lines([row]))
        for row in PlainRows(table, writer.row_type).rows(chosen)
    ]


def careful_rows(table: Table, chosen: list[Change]) -> list[dict[str, Any]]:
    writer = RowWriter(table)
    return [json.loads(*writer.lines([writer.careful_row(change, {})])) for change in chosen]


@TABLES
def test_the_usual_item_takes_the_fast_way(table: Table, item: dict[str, Any]) -> None:
    chosen = changes(item)
    (row,) = fast_rows(table, chosen)
    assert row is not None
    assert [row] == careful_rows(table, chosen)
    typed = [row[column.name] for column in table.columns if column.attribute[0] in item]
    assert None not in [value for value in typed if value is not False]


@TABLES
def test_missing_and_null_attributes_take_the_fast_way(table: Table, item: dict[str, Any]) -> None:
    keys = {key.name for key in table.keys}
    chosen = changes(
        *({other: value for other, value in item.items() if other != name} for name in item if name not in keys),
        *(item | {name: {"NULL": True}} for name in item if name not in keys),
        item | {"unknown": {"S": ""}},
    )
    rows = fast_rows(table, chosen)
    assert None not in rows
    assert rows == careful_rows(table, chosen)


def test_missing_members_of_a_nested_map_take_the_fast_way() -> None:
    chosen = changes(
        MOVEMENT | {"measures": {"M": {}}},
        MOVEMENT | {"measures": {"M": {"box": {"M": {}}}}},
        MOVEMENT | {"measures": {"M": {"box": {"NULL": True}, "weight": {"NULL": True}}}},
    )
    rows = fast_rows(INVENTORY, chosen)
    assert None not in rows
    assert rows == careful_rows(INVENTORY, chosen)


NOT_PLAIN: list[dict[str, Any]] = [
    {"total": {"N": "1E1"}},
    {"total": {"N": "12.345"}},
    {"total": {"N": ""}},
    {"total": {"N": "1\n2"}},
    {"total": {"S": "1"}},
    {"total": {"N": 1}},
    {"version": {"N": "1.0"}},
    {"version": {"N": "9" * 19}},
    {"item_count": {"N": "9" * 10}},
    {"gift": {"BOOL": "true"}},
    {"status": {"N": "1"}},
    {"status": "paid"},
    {"ordered_at": {"S": "2026-11-22T14:03:07+02:00"}},
    {"ordered_at": {"S": "2026-02-30T14:03:07Z"}},
    {"ordered_at": {"S": "2026-11-22T24:00:00Z"}},
    {"shipping_address": {"S": "Köln"}},
    {"shipping_address": {"M": {"city": {"N": "1"}}}},
    {"order_id": {"NULL": True}},
    {"order_id": {"N": "1"}},
]


@pytest.mark.parametrize("changed", NOT_PLAIN, ids=str)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_what_is_not_plain_takes_the_careful_way_alone(changed: dict[str, Any], place: int) -> None:
    items = [ORDER] * 7
    items[place] = ORDER | changed
    rows = fast_rows(TABLE, changes(*items))
    assert [row is None for row in rows] == [index == place for index in range(7)]
    assert [int(row["sequence"]) for row in rows if row is not None] == [index for index in range(7) if index != place]


def test_of_many_each_is_told_apart() -> None:
    items = [ORDER | (NOT_PLAIN[index % len(NOT_PLAIN)] if index % 3 else {}) for index in range(50)]
    rows = fast_rows(TABLE, changes(*items))
    assert [row is None for row in rows] == [bool(index % 3) for index in range(50)]


@pytest.mark.parametrize("type_", ["string", "bigint"])
def test_a_table_of_a_key_alone_has_a_fast_way(type_: str) -> None:
    key = KeyAttribute("id", "S" if type_ == "string" else "N")
    table = Table("thing", "thing_changes", "things", key, None, (Column("id", type_, ("id",), ""),))
    chosen = changes(*({"id": {key.type: number}} for number in ("1", "2")))
    rows = fast_rows(table, chosen)
    assert [str(row["id"]) for row in rows if row is not None] == ["1", "2"]
    assert rows == careful_rows(table, chosen)
