"""Digests of an item equal those of its row and of its image, in every spelling."""

from __future__ import annotations

import json
from datetime import datetime
from random import Random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lake.canonical import RawItem, read_image, unequal
from lake.fingerprints import Fingerprints, digest
from lake.values import found
from tests.property.lake.spellings import shuffled
from transform.schema import TABLE, Column

PRINTS = Fingerprints(TABLE)
BASE: dict[str, Any] = {
    "order_id": {"S": "o-1"},
    "version": {"N": "7"},
    "status": {"S": "paid"},
    "total": {"N": "12.5"},
    "gift": {"BOOL": False},
    "shipping_address": {"M": {"city": {"S": "Łódź"}, "country": {"S": "PL"}}},
    "ordered_at": {"S": "2026-01-02T03:04:05.678Z"},
    "lines": {"L": [{"M": {"sku": {"S": "a"}, "n": {"N": "1"}}}]},
}
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x1e\x1f"), max_size=5) | st.sampled_from(
    ['"', "\\", "é\u2028", "50%", "%b"]
)
numbers = st.sampled_from(["0", "1", "-1", "12.50", "12.5", "1E+1", "0.05", "123456789012345678", "1e400"])
moments = st.sampled_from(
    [
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:05Z",
        "2026-01-02T05:04:05.6789+02:00",
        "2026-02-30T00:00:00.000Z",
        "x",
    ]
)
leaves = (
    st.fixed_dictionaries({"S": texts})
    | st.fixed_dictionaries({"N": numbers})
    | st.just({"NULL": True})
    | st.booleans().map(lambda value: {"BOOL": value})
    | st.just({"NS": ["2", "1.0"]})
)
values = leaves | st.fixed_dictionaries({"M": st.dictionaries(texts.filter(bool), leaves, max_size=3)})
changes = st.dictionaries(
    st.sampled_from(["version", "status", "total", "gift", "shipping_address", "ordered_at", "lines", "a%b", 'q"']),
    values | st.fixed_dictionaries({"S": moments}) | st.none(),
    max_size=4,
)


def raw(item: dict[str, Any]) -> RawItem:
    return msgspec.json.decode(msgspec.json.encode(item), type=RawItem)


def item_of(change: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (BASE | change).items() if value is not None}


@given(changes)
def test_an_items_row_digest_is_that_of_the_row_that_athena_shows(change: dict[str, Any]) -> None:
    item = raw(item_of(change))
    shown = tuple(map(found, TABLE.columns, map(_athena, TABLE.columns, PRINTS.cells(item))))
    key, row = PRINTS.of_row(shown)
    assert (key, row) == PRINTS.of_item(item)[:2]
    assert PRINTS.key_cells(key) == ("o-1",)


def _athena(column: Column, cell: str | None) -> str | None:
    """A timestamp to the millisecond."""
    if cell is None or column.type != "timestamp":
        return cell
    return datetime.fromisoformat(cell).isoformat(" ", "milliseconds")


@given(changes, st.randoms())
def test_an_image_in_any_order_and_with_any_escapes_has_its_items_digest(
    change: dict[str, Any], random: Random
) -> None:
    item = item_of(change)
    image = json.dumps(shuffled(item, random), indent=random.choice([None, 1]))
    assert PRINTS.of_image(("o-1",), image) == (b'{"S":"o-1"}', PRINTS.of_item(raw(item)).image)
    assert list(unequal(raw(item), read_image(image))) == []


@given(changes, changes)
def test_different_images_have_different_digests_and_their_attributes_are_named(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = raw(item_of(one)), raw(item_of(other))
    named = set(unequal(first, second))
    assert named <= {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    if named:
        assert PRINTS.of_item(first).image != PRINTS.of_item(second).image


def test_equal_values_in_other_spellings_are_equal_and_shortened_ones_are_not_compared() -> None:
    item = raw({"n": {"N": "1.50"}, "s": {"SS": ["a", "b"]}, "l": {"L": [{"NS": ["1", "2"]}]}, "big": {"S": "x" * 99}})
    image = '{"n":{"N":"1.5"},"s":{"SS":["b","a"]},"l":{"L":[{"NS":["2","1.0"]}]},"big":{"SHORTENED":107}}'
    assert list(unequal(item, read_image(image))) == []
    assert list(unequal(item, read_image('{"n":{"N":"1.5"},"":{"SHORTENED":200}}'))) == []
    assert list(unequal(item, read_image('{"n":{"N":"1.6"},"x":{"S":""}}'))) == ["big", "l", "n", "s", "x"]


def test_a_digest_is_the_first_60_bits_of_the_md5() -> None:
    assert digest(b"a") == int("0cc175b9c0f1b6a831c399e269772661"[:15], 16)
