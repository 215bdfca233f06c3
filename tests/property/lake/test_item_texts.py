"""The compiled texts of an item give the fingerprint that the slow path gives, in every spelling of its JSON."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from lake.canonical import read_image
from lake.compiled import compiled_columns, native
from lake.fingerprints import Fingerprint, Fingerprints
from lake.values import UnwritableError
from tests.property.lake.spellings import shuffled
from transform.schema import Column, KeyAttribute, LakeTable

assert native
_native: Any = native
TABLE = LakeTable(
    entity="thing",
    change_log="thing_changes",
    view="things",
    partition_key=KeyAttribute("id", "S"),
    sort_key=KeyAttribute("line", "N"),
    columns=(
        Column("id", "string", ("id",), ""),
        Column("line", "bigint", ("line",), ""),
        Column("status", "string", ("status",), ""),
        Column("count", "int", ("count",), ""),
        Column("price", "decimal(6,2)", ("price",), ""),
        Column("share", "decimal(3,3)", ("share",), ""),
        Column("whole", "decimal(4,0)", ("whole",), ""),
        Column("open", "boolean", ("open",), ""),
        Column("day", "date", ("day",), ""),
        Column("at", "timestamp", ("at",), ""),
        Column("city", "string", ("place", "city"), ""),
        Column("zip", "int", ("place", "area", "zip"), ""),
        Column("count_again", "bigint", ("count",), ""),
    ),
)
DOUBLES = LakeTable(
    entity="thing",
    change_log="thing_changes",
    view="things",
    partition_key=KeyAttribute("id", "S"),
    sort_key=None,
    columns=(Column("id", "string", ("id",), ""), Column("weight", "double", ("weight",), "")),
)
PRINTS = Fingerprints(TABLE)
NUMBERS = (
    *("0", "-0", "7", "-7", "07", "007", "+7", "1.5", "-0.5", "0.50", "1.50", "1234.56", "12345.6", "0.125", "0.1234"),
    *(".5", "5.", "1E+2", "1e2", "123456789", "1234567890", "12345678901234567890", "9999", "10000", "x", "", "1 "),
)
DAYS = ("2026-02-28", "2026-02-29", "2024-02-29", "2026-04-31", "2026-12-31", "0000-01-01", "2026-13-01", "2026-1-1")
MOMENTS = (
    *("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z", "2026-01-02T23:59:59.999Z", "2026-01-02T24:00:00.000Z"),
    *("2026-01-02T03:60:05.678Z", "2026-01-02T03:04:60.678Z", "2026-01-02 03:04:05.678Z", "2026-01-02T03:04:05.678+00"),
)
OTHERS: list[dict[str, Any]] = [
    *({"NULL": True}, {"SS": ["a", "b"]}, {"L": [{"S": "x"}]}, {"M": {}}, {"B": "AAE="}),
]
words = st.text(max_size=20) | st.sampled_from(["paid", "", '"', "\\", "é€", "🛒", "\x1e", "\x1f", "\u2028", "a" * 40])
contents: st.SearchStrategy[Any] = (
    st.fixed_dictionaries({"S": words | st.sampled_from([*DAYS, *MOMENTS])})
    | st.fixed_dictionaries({"N": st.sampled_from(NUMBERS)})
    | st.booleans().map(lambda value: {"BOOL": value})
    | st.sampled_from(OTHERS)
)
members: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["city", "area", "zip", "other", "ä"]), contents, max_size=4
)


@st.composite
def places(draw: st.DrawFn) -> dict[str, Any]:
    """A map, often with a map within it."""
    outer, inner = draw(members), draw(st.none() | members)
    return {"M": outer if inner is None else outer | {"area": {"M": inner}}}


items = st.dictionaries(
    st.sampled_from([*(column.attribute[0] for column in TABLE.columns), "more", "a%b", 'q"', "longer-than-eight"]),
    contents | places(),
    max_size=12,
)
USUAL: dict[str, Any] = {
    "id": {"S": "a"},
    "line": {"N": "7"},
    "status": {"S": "paid é"},
    "count": {"N": "-12"},
    "price": {"N": "1234.56"},
    "share": {"N": "-0.125"},
    "whole": {"N": "9999"},
    "open": {"BOOL": True},
    "day": {"S": "2026-02-28"},
    "at": {"S": "2026-01-02T03:04:05.678Z"},
    "place": {"M": {"area": {"M": {"zip": {"N": "90001"}}}, "city": {"S": "Łódź"}, "map": {"M": {}}}},
    "more": {"L": [{"M": {"b": {"S": "x"}, "a": {"NULL": True}}}]},
}


def slow(item: Raw) -> Fingerprint | str:
    try:
        return PRINTS.of_item(read_image(item))
    except (UnwritableError, KeyError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        return type(error).__name__


def fast(item: Raw) -> Fingerprint | str:
    try:
        return PRINTS.of_text(item)
    except (UnwritableError, KeyError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        return type(error).__name__


def written(item: dict[str, Any], random: Random) -> Raw:
    """An item's JSON, its members in any order, with or without white space and escapes."""
    indent = random.choice([None, None, 1])
    separators = random.choice([(",", ":"), (", ", ": ")])
    text = json.dumps(shuffled(item, random), indent=indent, separators=separators, ensure_ascii=random.random() < 0.3)
    return Raw(text.encode("utf-8", "surrogatepass"))


@given(items, st.booleans(), st.randoms())
@example(USUAL, True, Random(1))
def test_an_items_fingerprint_is_that_of_the_slow_path(change: dict[str, Any], is_based: bool, random: Random) -> None:
    item = written(USUAL | change if is_based else change, random)
    assert fast(item) == slow(item)


@given(st.data())
def test_damaged_json_has_the_result_of_the_slow_path(data: st.DataObject) -> None:
    text = bytearray(json.dumps(USUAL, ensure_ascii=False, separators=(",", ":")).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from(
                [b"", b'"', b"{", b"}", b",", b":", b"[", b"]", b"\\", b"\xff", b"\xc3", b"\x00", b" ", b"1"]
            )
        )
    item = Raw(bytes(text))
    try:
        expected = slow(item)
    except RecursionError:
        return
    found = _native.texts(compiled_columns(TABLE), item)
    if found is not None:
        assert fast(item) == expected


def test_usual_items_take_the_fast_path() -> None:
    columns = compiled_columns(TABLE)
    random = Random(7)
    for without in ("", *USUAL):
        item = {name: value for name, value in USUAL.items() if name != without}
        text = Raw(json.dumps(shuffled(item, random), ensure_ascii=False).encode())
        assert (_native.texts(columns, text) is None) == (without in ("id", "line")), without


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("count", [{"N": "07"}, {"N": "1.0"}, {"N": "1234567890"}, {"S": "7"}, {"N": "-0"}, {"N": ""}]),
        ("price", [{"N": "1.50"}, {"N": "12345.6"}, {"N": "1.234"}, {"N": "-0"}, {"N": "1."}, {"N": "1e2"}]),
        ("share", [{"N": "1.125"}, {"N": "00.5"}, {"N": ".5"}]),
        ("whole", [{"N": "10000"}, {"N": "1.5"}]),
        ("open", [{"S": "true"}, {"BOOL": None}]),
        ("day", [{"S": day} for day in DAYS if day not in ("2026-02-28", "2026-12-31")]),
        ("at", [{"S": moment} for moment in MOMENTS if moment not in (MOMENTS[0], MOMENTS[2])]),
        ("status", [{"S": 'a"b'}, {"S": "a\\b"}, {"N": "1"}, {"S": "🛒"}]),
        ("place", [{"M": {"city": {"N": "1"}}}, {"M": {"area": {"M": {"zip": {"S": "1"}}}}}]),
    ],
)
def test_other_spellings_are_left_to_the_slow_path(attribute: str, values: list[dict[str, Any]]) -> None:
    columns = compiled_columns(TABLE)
    for value in values:
        assert _native.texts(columns, json.dumps(USUAL | {attribute: value}, ensure_ascii=False).encode()) is None, (
            value
        )


def test_a_double_is_left_to_the_slow_path() -> None:
    columns = compiled_columns(DOUBLES)
    assert _native.texts(columns, b'{"id":{"S":"a"},"weight":{"N":"1.5"}}') is None
    assert _native.texts(columns, b'{"id":{"S":"a"}}') == (b'{"S":"a"}', b'{"S":"a"}\x1f\x1e', b'{"id":{"S":"a"}}')


def test_a_wrong_description_is_refused() -> None:
    part = ((b"id",), b'{"S":"', b'"}', 0, 0, 0)
    for columns, keys in (
        ((), (b"id",)),
        ((part,), ()),
        ((part[:-1],), (b"id",)),
        ((((), *part[1:]),), (b"id",)),
        ((((b"x",) * 9, *part[1:]),), (b"id",)),
        (((*part[:3], 7, 0, 0),), (b"id",)),
        (([part]), (b"id",)),
    ):
        with pytest.raises(ValueError, match="columns takes tuples of columns of 6 parts"):
            _native.columns(columns, keys)
    with pytest.raises(TypeError):
        _native.columns(((("id",), *part[1:]),), (b"id",))
    with pytest.raises(ValueError, match="PyCapsule"):
        _native.texts(object(), b"{}")
