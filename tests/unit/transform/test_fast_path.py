from __future__ import annotations

import json
from typing import Any

import pytest

from tests.property.transform.inventory import INVENTORY
from tests.unit.transform.changes import data_of, pipe_event, records_of
from transform.events import read_change
from transform.fast_path import FALLBACK, MAX_RECORDS, RESULTS, FastPath
from transform.rows import RowWriter
from transform.schema import TABLE, Column, KeyAttribute, LakeTable

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


def contents(*items: dict[str, Any]) -> list[bytes]:
    return [data_of(pipe_event(NewImage=item, SequenceNumber=str(index))) for index, item in enumerate(items)]


def fast_rows(table: LakeTable, chosen: list[bytes]) -> list[bytes | None]:
    """The rows of records that the fast path writes; each is compared with the slow path's."""
    rows = FastPath(table).write(records_of(*chosen))
    starts = [0, *rows.ends]
    lines = [
        None if result == FALLBACK else bytes(rows.lines[start:end])
        for start, end, result in zip(starts, rows.ends, rows.results, strict=False)
    ]
    for content, line, result, moment in zip(chosen, lines, rows.results, rows.moments, strict=True):
        if line is not None:
            change = read_change(content)
            assert line == RowWriter(table).line(change, {})
            assert (RESULTS[result], moment) == ((change.op, change.expired), change.epoch_us)
    return lines


@TABLES
def test_the_usual_item_takes_the_fast_path(table: LakeTable, item: dict[str, Any]) -> None:
    (line,) = fast_rows(table, contents(item))
    assert line is not None
    row = json.loads(line)
    assert None not in [row[column.name] for column in table.columns if column.attribute[0] in item]


@TABLES
def test_missing_and_null_attributes_take_the_fast_path(table: LakeTable, item: dict[str, Any]) -> None:
    keys = {key.name for key in table.keys}
    chosen = contents(
        *({other: value for other, value in item.items() if other != name} for name in item if name not in keys),
        *(item | {name: {"NULL": True}} for name in item if name not in keys),
        item | {"unknown": {"S": ""}},
    )
    assert None not in fast_rows(table, chosen)


def test_missing_members_of_a_nested_map_take_the_fast_path() -> None:
    chosen = contents(
        MOVEMENT | {"measures": {"M": {}}},
        MOVEMENT | {"measures": {"M": {"box": {"M": {}}}}},
        MOVEMENT | {"measures": {"M": {"box": {"NULL": True}, "weight": {"NULL": True}}}},
    )
    assert None not in fast_rows(INVENTORY, chosen)


GOOD = json.dumps(pipe_event(NewImage=ORDER), ensure_ascii=False, separators=(",", ":"))
FAST_EVENTS: dict[str, bytes] = {
    "insert": data_of(pipe_event(NewImage=ORDER)),
    "modify": data_of(pipe_event("MODIFY", NewImage=ORDER, OldImage=ORDER)),
    "remove": data_of(pipe_event("REMOVE", OldImage=ORDER)),
    "keys alone": data_of(pipe_event("REMOVE")),
    "images that are null": data_of(pipe_event(NewImage=None, OldImage=None)),
    "expired": data_of(pipe_event("REMOVE") | {"userIdentity": {"principalId": "dynamodb.amazonaws.com"}}),
    "expired, as the API spells it": data_of(
        pipe_event("REMOVE") | {"userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}}
    ),
    "someone's": data_of(pipe_event("REMOVE") | {"userIdentity": {"type": "User", "principalId": "someone"}}),
    "null identity": data_of(pipe_event() | {"userIdentity": None}),
    "milliseconds": data_of(
        pipe_event(
            ApproximateCreationDateTime=1795356187003,
            ApproximateCreationDateTimePrecision="MILLISECOND",
            NewImage=ORDER,
        )
    ),
    "microseconds": data_of(
        pipe_event(
            ApproximateCreationDateTime=1795356187003001,
            ApproximateCreationDateTimePrecision="MICROSECOND",
            NewImage=ORDER,
        )
    ),
    "milliseconds, unsaid": data_of(pipe_event(ApproximateCreationDateTime=1795356187003)),
    "microseconds, unsaid": data_of(pipe_event(ApproximateCreationDateTime=1795356187003001)),
    "a time with a point": data_of(pipe_event(ApproximateCreationDateTime=1795356187.0)),
    "a time with many zeros": GOOD.replace("1795356187", "1795356187.0000000").encode(),
    "a time with an exponent": GOOD.replace("1795356187", "1.795356187E9").encode(),
    "a time with a signed exponent": GOOD.replace("1795356187", "17953561870e+0").encode(),
    "a time of a few digits": GOOD.replace("1795356187", "17E8").encode(),
    "nothing with an exponent": GOOD.replace("1795356187", "0E17").encode(),
    "milliseconds with an exponent": GOOD.replace("1795356187", "1.795356187003E12").encode(),
    "the epoch": data_of(pipe_event(ApproximateCreationDateTime=0)),
    "a leap day": data_of(pipe_event(ApproximateCreationDateTime=951782400)),
    "the last of the year": data_of(pipe_event(ApproximateCreationDateTime=1798761599)),
    "with spaces": json.dumps(pipe_event(NewImage=ORDER), ensure_ascii=False).encode(),
    "with escapes": data_of(pipe_event(NewImage=ORDER | {"status": {"S": '"\\\b\f\n\r\t'}})),
    "in other letters": data_of(pipe_event(NewImage=ORDER | {"größe €": {"S": "𝄞"}, "status": {"S": "é\x7f\u2028"}})),
    "with every type": data_of(
        pipe_event(
            NewImage=ORDER
            | {
                "tags": {"SS": ["a", "b"]},
                "more": {"L": [{"N": "1"}, {"BOOL": True}, {"NULL": True}, {"M": {}}, {"L": []}]},
                "bytes": {"B": "AAE="},
            }
        )
    ),
}


@pytest.mark.parametrize("content", FAST_EVENTS.values(), ids=FAST_EVENTS)
def test_every_kind_of_event_takes_the_fast_path(content: bytes) -> None:
    assert None not in fast_rows(TABLE, [content])


def test_a_native_event_without_a_sequence_number_takes_the_fast_path() -> None:
    content = data_of(pipe_event(NewImage=ORDER))
    without = json.loads(content)
    del without["dynamodb"]["SequenceNumber"]
    assert None not in fast_rows(TABLE, [data_of(without)])


SLOW_ITEMS: list[dict[str, Any]] = [
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


@pytest.mark.parametrize("changed", SLOW_ITEMS, ids=str)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_what_is_not_in_the_common_form_takes_the_slow_path_alone(changed: dict[str, Any], place: int) -> None:
    items = [ORDER] * 7
    items[place] = ORDER | changed
    rows = fast_rows(TABLE, contents(*items))
    assert [row is None for row in rows] == [index == place for index in range(7)]


SLOW_EVENTS: dict[str, str] = {
    "nothing": "",
    "no JSON": "no",
    "cut": GOOD[:-1],
    "more behind it": GOOD + "1",
    "a NUL behind it": GOOD + "\0",
    "a newline": GOOD + "\n",
    "half a surrogate pair": GOOD.replace("paid", "\\ud834"),
    "an unknown escape": GOOD.replace("paid", "\\x"),
    "a control character": GOOD.replace("paid", "\x1f"),
    "an escaped name": GOOD.replace('"status"', '"stat\\u0075s"'),
    "an attribute twice": GOOD.replace('"status"', '"version":{"N":"4"},"status"'),
    "a type twice": GOOD.replace('{"S":"paid"}', '{"S":"paid","S":"paid"}'),
    "an attribute that is null": GOOD.replace('{"S":"paid"}', "null"),
    "a bare number": GOOD.replace('{"N":"3"}', '{"N":3}'),
    "a comma too many": GOOD.replace('{"S":"paid"}', '{"S":"paid"},'),
    "no id": GOOD.replace('"eventID"', '"id"'),
    "an empty id": GOOD.replace('"eventID":"', '"eventID":"","id":"'),
    "another operation": GOOD.replace("INSERT", "UPSERT"),
    "a time with a fraction": GOOD.replace("1795356187", "1795356187.5"),
    "a time with a small fraction": GOOD.replace("1795356187", "1.7953561875E9"),
    "a time before 1970": GOOD.replace("1795356187", "-1"),
    "a time with a negative exponent": GOOD.replace("1795356187", "17953561870e-1"),
    "a time of too many digits": GOOD.replace("1795356187", "1795356187.00000000"),
    "a time of a great exponent": GOOD.replace("1795356187", "1E18"),
    "a time of a long exponent": GOOD.replace("1795356187", "1795356187e000"),
    "a time of a greater exponent": GOOD.replace("1795356187", "1E99999999999999999999"),
    "a time with a zero before it": GOOD.replace("1795356187", "01795356187"),
    "a time as text": GOOD.replace("1795356187", '"1795356187"'),
    "a time in the year 10000": GOOD.replace("1795356187", "1795356187000", 1).replace(
        '"Keys"', '"ApproximateCreationDateTimePrecision":"SECOND","Keys"'
    ),
    "a sequence of letters": GOOD.replace('"SequenceNumber":"', '"SequenceNumber":"x'),
}


@pytest.mark.parametrize("content", SLOW_EVENTS.values(), ids=SLOW_EVENTS)
def test_an_event_in_another_form_takes_the_slow_path(content: str) -> None:
    assert content != GOOD
    assert fast_rows(TABLE, [content.encode()]) == [None]


@pytest.mark.parametrize(
    "damage", [b"\x80", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff"], ids=bytes.hex
)
def test_what_is_not_utf_8_takes_the_slow_path(damage: bytes) -> None:
    assert fast_rows(TABLE, [GOOD.encode().replace(b"paid", damage)]) == [None]


def test_of_many_each_is_distinguished() -> None:
    items = [ORDER | (SLOW_ITEMS[index % len(SLOW_ITEMS)] if index % 3 else {}) for index in range(MAX_RECORDS)]
    rows = fast_rows(TABLE, contents(*items))
    assert [row is None for row in rows] == [bool(index % 3) for index in range(MAX_RECORDS)]


def test_large_records_among_small_ones_have_room() -> None:
    fast_path = FastPath(TABLE)
    for size in (1, 300_000, 3):
        (content,) = contents(ORDER | {"note": {"S": '"' * size}})
        rows = fast_path.write(records_of(*[content] * 3))
        line = RowWriter(TABLE).line(read_change(content), {})
        assert bytes(rows.lines[: rows.ends[-1]]) == line * 3


def test_more_records_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(ValueError, match="129 records are more than the 128"):
        FastPath(TABLE).write(records_of(*[b""] * (MAX_RECORDS + 1)))


@pytest.mark.parametrize(("members", "is_fast"), [(400, True), (600, False)])
def test_an_image_of_very_many_attributes_takes_the_slow_path(members: int, is_fast: bool) -> None:
    (line,) = fast_rows(TABLE, contents(ORDER | {f"a{index}": {"S": ""} for index in range(members)}))
    assert (line is not None) == is_fast


@pytest.mark.parametrize(("depth", "is_fast"), [(32, True), (100, False)])
def test_a_value_nested_beyond_dynamodbs_limit_takes_the_slow_path(depth: int, is_fast: bool) -> None:
    value: dict[str, Any] = {"S": ""}
    for _ in range(depth):
        value = {"M": {"m": value}}
    (line,) = fast_rows(TABLE, contents(ORDER | {"deep": value}))
    assert (line is not None) == is_fast


@pytest.mark.parametrize("type_", ["string", "bigint"])
def test_a_table_of_a_key_alone_has_a_fast_path(type_: str) -> None:
    key = KeyAttribute("id", "S" if type_ == "string" else "N")
    table = LakeTable("thing", "thing_changes", "things", key, None, (Column("id", type_, ("id",), ""),))
    assert None not in fast_rows(table, contents(*({"id": {key.type: number}} for number in ("1", "2"))))


def test_two_columns_may_read_one_attribute() -> None:
    columns = [Column(name, type_, path, "") for name, type_, path in TWICE]
    table = LakeTable("thing", "thing_changes", "things", KeyAttribute("id", "S"), None, tuple(columns))
    (line,) = fast_rows(table, contents({"id": {"S": "1"}, "m": {"M": {"n": {"N": "12"}}}}))
    assert line is not None
    row = json.loads(line)
    assert [row[name] for name, _, _ in TWICE] == ["1", "1", 12, "12"]


TEXTS: dict[str, tuple[list[str], list[str]]] = {
    "int": (
        ["0", "7", "-7", "123456789", "-123456789"],
        ["", "-", "-0", "00", "007", "1234567890", "+1", "1.0", "1e2", "1_0", " 1", "1 ", "x"],
    ),
    "bigint": (["0", "9" * 18, "-" + "9" * 18], ["9" * 19, "01", "-0"]),
    "decimal(18,2)": (
        ["0", "00", "-0", "12.5", "-12.50", "9" * 16 + ".99"],
        ["", "-", ".5", "5.", "1.234", "9" * 17, "1E1", "--1", "1.2.3", "1,5"],
    ),
    "decimal(4,4)": ([], ["0", "0.1234", "1"]),
    "decimal(3,0)": (["999", "-1"], ["1000", "1.0", "1."]),
    "double": (
        ["0", "-0", "0.25", "-12.5", "9" * 38 + "." + "9" * 20],
        ["", "01", "1.", ".5", "1e5", "9" * 39, "0." + "9" * 21, "NaN", "Infinity", "+1"],
    ),
    "date": (
        ["2026-11-22", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"],
        [
            "",
            "0000-01-01",
            "2023-02-29",
            "1900-02-29",
            "2026-00-01",
            "2026-13-01",
            "2026-04-31",
            "2026-01-00",
            "2026-1-1",
            "2026-11-22 ",
            "2026/11/22",
            "20261122",
            "x026-11-22",
            "2026-11-2x",
        ],
    ),
    "timestamp": (
        [
            "2026-11-22T14:03:07Z",
            "2026-11-22T00:00:00.5Z",
            "2026-11-22T23:59:59.123456789Z",
            "2026-11-22T14:03:07+00:00",
            "0001-01-01T00:00:00.000Z",
        ],
        [
            "",
            "2026-11-22",
            "2026-11-22T14:03:07",
            "2026-11-22 14:03:07Z",
            "2026-11-22T14:03Z",
            "2026-11-22T14:03:07.Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T14:60:00Z",
            "2026-11-22T14:03:60Z",
            "2026-11-22T14:03:07.1234567890Z",
            "2026-11-22T14:03:07+01:00",
            "2026-11-22T14:03:07-00:00",
            "2026-11-22T14:03:07z",
            "2026-02-30T14:03:07Z",
            "2026-11-22T14:03:07ZZ",
            "2026-11-22T1x:03:07Z",
            "2026-11-22T14.03:07Z",
            "2026-11-22T14:03.07Z",
        ],
    ),
    "string": (["", "x", "é", '"', "\\", "\n", "/", "\x7f"], []),
}


@pytest.mark.parametrize("type_", TEXTS)
def test_a_types_common_texts_take_the_fast_path_and_no_others_do(type_: str) -> None:
    columns = (Column("id", "string", ("id",), ""), Column("value", type_, ("value",), ""))
    table = LakeTable("thing", "thing_changes", "things", KeyAttribute("id", "S"), None, columns)
    descriptor = table.descriptor(columns[1])
    common, others = TEXTS[type_]
    rows = fast_rows(table, contents(*({"id": {"S": "1"}, "value": {descriptor: text}} for text in [*common, *others])))
    assert [text for text, row in zip([*common, *others], rows, strict=True) if row is not None] == common


TWICE = [
    ("id", "string", ("id",)),
    ("again", "string", ("id",)),
    ("whole", "int", ("m", "n")),
    ("exact", "decimal(4,1)", ("m", "n")),
]
