"""JSON text for a cast of json_parse, against Python's reader of JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.athena.errors import StatementError
from sandbox.athena.functions.jsontext import parse
from sandbox.athena.functions.native import TrinoError
from sandbox.athena.functions.spelledjson import agreed, spelled, value
from tests.athena_lake import Lake

_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
_NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
_SCALARS = st.one_of(_NUMBERS, st.sampled_from(["true", "false", "null"]), _NAMES.map(json.dumps))


def _containers(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.tuples(_NAMES.map(lambda name: json.dumps(name, ensure_ascii=False)), items).map(" : ".join)
    return st.one_of(
        st.lists(items, max_size=3).map(lambda texts: f"[ {' ,'.join(texts)} ]"),
        st.lists(members, max_size=3).map(lambda texts: f"{{ {' , '.join(texts)}\n}}"),
    )


def _read(text: str) -> Any:
    """A value with exact numbers, and with all members of an object in their order."""
    return json.loads(text, parse_float=Decimal, object_pairs_hook=lambda pairs: ("object", pairs))


@settings(max_examples=150)
@given(st.recursive(_SCALARS, _containers, max_leaves=8))
def test_text_for_a_cast_keeps_every_digit_and_every_member_in_its_place(text: str) -> None:
    assert _read(spelled(f" {text}\n", "json")) == _read(text)


def test_a_json_value_of_such_text_has_canonical_numbers_and_of_equal_keys_the_last() -> None:
    # Trino 435: CAST(json_parse(x) AS array(json)) of a column.
    text = '[{"y": 1.50, "b": {"d": 1e2, "c": 2, "d": 0.10}, "😀": "\\ud83d\\ude00\\u0001"}]'

    assert value(spelled(text, "array(json)")) == '[{"y":1.5,"b":{"d":0.1,"c":2},"😀":"😀\\u0001"}]'


@pytest.mark.parametrize(
    "text", ['[1.10, 12345678901234567890, 0.1, 1e2, "a\\u00e9"]', '{"b": {"c": 1}, "a": [{"c": 2}]}', "null"]
)
def test_text_that_both_readings_give_the_same_value_is_read(text: str) -> None:
    assert agreed(text) == parse(text)


@pytest.mark.parametrize("text", ["[12345678901234567890.12]", '{"n": 0.12345678901234567}', '{"a": 1, "A": 2}'])
def test_text_whose_two_readings_differ_is_refused(text: str) -> None:
    with pytest.raises(TrinoError, match="NOT_SUPPORTED"):
        agreed(text)


def test_json_far_from_its_text_is_refused_where_its_two_readings_differ(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.table("t", {"id": "int", "doc": "string"})
    lake.rows("t/a.json", {"id": 1, "doc": '{"z": 1.5, "a": 2}'}, {"id": 2, "doc": '{"a": 12345678901234567890.12}'})
    joined = "SELECT CAST(p.j AS map(varchar, decimal(38,2)))['a'] FROM (SELECT id, json_parse(doc) j FROM t) p JOIN t"
    assert lake.query(f"{joined} ON p.id = t.id WHERE t.id = 1") == [["2.00"]]
    with pytest.raises(StatementError, match="12345678901234567890"):
        lake.query(f"{joined} ON p.id = t.id")
    lake.store.close()
