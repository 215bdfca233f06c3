"""Athena's rows of an export equal the transform's rows of the same images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from lake.export_rows import rows_sql, sequence_of
from sandbox.athena.catalogue import Storage
from tests.athena_lake import Lake
from tests.things import column_of, things
from transform.events import OPERATIONS, Change, read_change
from transform.rows import RowWriter
from transform.schema import Column

TABLE = things(
    column_of("id", "string"),
    column_of("line", "string"),
    column_of("count", "int"),
    column_of("large", "bigint"),
    column_of("price", "decimal(6,2)"),
    column_of("share", "decimal(2,2)"),
    column_of("gift", "boolean"),
    column_of("weight", "double"),
    column_of("day", "date"),
    column_of("at", "timestamp"),
    column_of("city", "string", "odd' name", "city"),
)
MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
FILE = "s3://lake/lines/data/1.json"
ITEMS: tuple[Mapping[str, Any], ...] = (
    {"count": {"N": "2147483647"}, "large": {"N": "-9223372036854775808"}, "price": {"N": "-1234.5"}},
    {"count": {"N": "2147483648"}, "large": {"N": "9223372036854775808"}, "price": {"N": "12345"}},
    {"count": {"N": "1.5"}, "price": {"N": "1.234"}, "share": {"N": "0.25"}, "weight": {"N": "0.1"}},
    {"count": {"S": "1"}, "price": {"NULL": True}, "gift": {"BOOL": False}, "weight": {"N": "100000000000000000000"}},
    {"gift": {"BOOL": True}, "day": {"S": "2024-02-29"}, "at": {"S": "2026-01-02T03:04:05.678Z"}},
    {"day": {"S": "2023-02-29"}, "at": {"S": "2026-01-02 03:04:05+02:00"}},
    {"day": {"S": "2023-2-9"}, "at": {"S": "2026-01-02T03:04:05.123999+0530"}},
    {"at": {"S": "2026-13-02T03:04:05Z"}, "odd' name": {"M": {"city": {"S": 'Łódź "€" \U0001f600\n'}}}},
    {"day": {"S": "2026-02-30"}, "at": {"S": "2026-02-30T03:04:05.678Z"}},
    {"at": {"S": "2026-01-02T03:60:05.678Z"}},
    {"at": {"S": "9999-12-31T23:59:59.999Z"}},
    {"day": {"S": "0000-01-01"}, "at": {"S": "0000-12-31T23:59:59Z"}},
    {"day": {"S": "0001-01-01"}, "at": {"S": "1000-01-01T00:00Z"}},
    {"day": {"S": "2026-01-02\n"}, "at": {"S": "2026-01-02T03:04:05.678Z\n"}},
    {"at": {"S": "yesterday"}, "odd' name": {"S": "no map"}, "empty": {"M": {}}, "set": {"NS": ["2", "1"]}},
)


def exported(tmp_path: Path, *lines: Mapping[str, Any]) -> Lake:
    """A lake with an export's lines, and others that are not of it."""
    lake = Lake(tmp_path)
    lake.table("lines", {"line": "string"}, storage=Storage("s3://lake/lines/data/", "text", {}))
    text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    lake.objects.put("lake", "lines/data/1.json", text.encode())
    lake.objects.put("lake", "lines/data/other.json", text.encode())
    return lake


def found(tmp_path: Path, kind: Any, *lines: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """The rows that the sandbox's Athena makes of an export's lines, in their order."""
    names = [column.name for column in TABLE.change_log_columns]
    rows = exported(tmp_path, *lines).query(rows_sql(TABLE, "lines", kind, MOMENT, [FILE]))
    return sorted((dict(zip(names, row, strict=True)) for row in rows), key=lambda row: str(row["id"]))


def transformed(change: Change) -> dict[str, Any]:
    return json.loads(RowWriter(TABLE).line(change, {}))


def shown(column: Column, value: object) -> str | None:
    """A value of the transform's row as Athena shows it, a timestamp to the millisecond."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case _ if column.type == "double":
            return {"0.1": "0.1", "100000000000000000000": "1.0E20"}[str(value)]
        case _ if column.type == "timestamp":
            whole, _, fraction = str(value).partition(".")
            return f"{whole}.{fraction[:3]:0<3}"
        case _ if column.type.startswith("decimal"):
            return f"{float(str(value)):.2f}"
        case _:
            return str(value)


def test_a_full_exports_items_are_rows_of_its_moment(tmp_path: Path) -> None:
    items = [{"id": {"S": f"i{at:02}"}, "line": {"N": "7"}, **item} for at, item in enumerate(ITEMS)]
    rows = found(tmp_path, "full", *({"Item": item} for item in items))
    assert len(rows) == len(items)
    for item, row in zip(items, rows, strict=True):
        image = json.dumps(item, separators=(",", ":"), ensure_ascii=False)
        change = Change("", "INSERT", sequence_of(MOMENT), "2026-03-01 12:00:05", 0, None, image, image, False)
        for column in TABLE.change_log_columns[1:]:
            assert row[column.name] == shown(column, transformed(change)[column.name]), (column.name, item)
    key = b'{"S":"i00"}\x1f{"N":"7"}|' + sequence_of(MOMENT).encode()
    assert rows[0]["event_id"] == f"backfill-{md5(key).hexdigest()}", "the id follows from key and moment"


def test_the_largest_items_become_rows_in_little_memory(tmp_path: Path) -> None:
    """DynamoDB counts 400 KB for an item of a hundred thousand empty texts, of which a tree of nodes is many times as
    large: the sandbox's Athena holds none for each column of each row.
    """
    largest = {"line": {"N": "1"}, "count": {"N": "7"}, "note": {"L": [{"S": ""}] * 120_000}}
    lake = exported(tmp_path, *({"Item": {"id": {"S": f"i{at}"}, **largest}} for at in range(4)))
    lake.store.cursor().execute("SET GLOBAL memory_limit = '200MB'")
    shown = ", ".join(f'max(length(CAST("{column.name}" AS varchar)))' for column in TABLE.change_log_columns)
    rows = lake.query(f"SELECT count(*), {shown} FROM ({rows_sql(TABLE, 'lines', 'full', MOMENT, [FILE])})")
    assert [row[0] for row in rows] == ["4"]


def test_an_incremental_exports_writes_are_native_changes_of_their_time(tmp_path: Path) -> None:
    micros = int(MOMENT.timestamp()) * 1_000_000 + 123_456
    keys = [{"id": {"S": f"k{at}"}, "line": {"N": "1"}} for at in range(3)]
    pairs = [({**key, "count": {"N": "1"}}, {**key, "count": {"N": "2"}}) for key in keys]
    images: list[dict[str, Any]] = [
        {"NewImage": pairs[0][1]},
        {"OldImage": pairs[1][0], "NewImage": pairs[1][1]},
        {"OldImage": pairs[2][0]},
    ]
    head = {"Metadata": {"WriteTimestampMicros": {"N": str(micros)}}}
    lines = [{**head, "Keys": key, **each} for key, each in zip(keys, images, strict=True)]
    for op, each, row in zip(OPERATIONS, images, found(tmp_path, "incremental", *lines), strict=True):
        times = {"ApproximateCreationDateTime": micros, "ApproximateCreationDateTimePrecision": "MICROSECOND"}
        event = {"eventID": "e", "eventName": op, "dynamodb": {**times, **each}}
        line = transformed(read_change(json.dumps(event).encode()))
        assert (row["op"], row["sequence"], row["count"]) == (op, line["sequence"], str(line["count"]))
        assert row["changed_at"] == "2026-03-01 12:00:05.123"
        for name in ("before", "after"):
            assert json.loads(row[name] or "null") == json.loads(line[name] or "null")


def test_a_state_sorts_before_every_change_of_its_second_and_after_all_earlier_ones() -> None:
    def change(at: int, **more: Any) -> str:
        record: dict[str, Any] = {"ApproximateCreationDateTime": at, "Keys": {}, **more}
        return read_change(json.dumps({"eventID": "e", "eventName": "INSERT", "dynamodb": record}).encode()).sequence

    second = int(MOMENT.timestamp())
    state = sequence_of(MOMENT)
    assert change(second - 1, SequenceNumber="9" * 40) < change((second - 1) * 1_000_000 + 999_999) < state
    assert state < change(second, SequenceNumber="1") < change(second * 1_000_000)
