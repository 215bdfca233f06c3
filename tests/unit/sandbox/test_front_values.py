from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.front.values import (
    InvalidValueError,
    UnusualError,
    add,
    canonical_number,
    from_moto,
    is_less,
    measure,
    measure_item,
    to_moto,
)

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.00", "0"),
        ("007", "7"),
        ("1.50", "1.5"),
        ("100", "100"),
        ("1e3", "1000"),
        ("-1.5E-3", "-0.0015"),
        ("+5", "5"),
        (".5", "0.5"),
        ("9" * 38, "9" * 38),
        ("1" + "0" * 100, "1" + "0" * 100),
    ],
)
def test_a_number_is_kept_as_dynamodb_gives_it_back(given_: str, kept: str) -> None:
    assert canonical_number(given_) == kept


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", " 1", "1_000", "1e126", "1e-131", "0x10"])
def test_what_is_no_number_is_left_to_moto(text: str) -> None:
    with pytest.raises(UnusualError):
        canonical_number(text)


def test_more_than_38_digits_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="more than 38 significant digits"):
        canonical_number("1" * 39)


@given(NUMBERS)
def test_a_canonical_number_is_the_same_number_and_stays_as_it_is(number: Decimal) -> None:
    text = canonical_number(str(number))

    assert Decimal(text) == number
    assert canonical_number(text) == text


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "aé"}, 3),
        ({"N": "12345"}, 4),
        ({"B": "AP8="}, 2),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + 1 + 2 + 1 + 1),
        ({"M": {"key": {"S": "ab"}}}, 3 + 1 + 3 + 2),
        ({"SS": ["ab", "c"]}, 3),
    ],
)
def test_sizes_are_dynamodbs(value: dict[str, Any], size: int) -> None:
    assert measure(value) == size
    assert measure_item({"n": value}) == size + 1


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"S": "a", "N": "1"},
        {"X": "a"},
        {"S": 1},
        {"N": 1},
        {"B": "not base64!"},
        {"BOOL": "true"},
        {"NULL": False},
        {"L": {"S": "a"}},
        {"L": ["a"]},
        {"M": {"a": "b"}},
        {"M": {"a": {"S": 1}}},
        {"SS": []},
        {"SS": [1]},
        {"NS": ["1", "1.0"]},
    ],
)
def test_what_is_no_value_is_found(value: dict[str, Any]) -> None:
    with pytest.raises(UnusualError):
        measure(value)


def test_sets_are_kept_in_order() -> None:
    item: dict[str, Any] = {"n": {"NS": ["10", "9.0", "-1"]}, "s": {"SS": ["b", "a"]}, "b": {"BS": ["/w==", "AA=="]}}

    measure_item(item)

    assert item == {"n": {"NS": ["-1", "9", "10"]}, "s": {"SS": ["a", "b"]}, "b": {"BS": ["/w==", "AA=="]}}


def test_sums_are_exact() -> None:
    assert add({"N": "0.1"}, {"N": "0.2"}, 1) == {"N": "0.3"}
    assert add({"N": "1"}, {"N": "1"}, -1) == {"N": "0"}
    with pytest.raises(UnusualError):
        add({"N": "1"}, {"S": "1"}, 1)


def test_values_are_ordered_within_their_type_only() -> None:
    assert is_less({"N": "9"}, {"N": "10"})
    assert is_less({"S": "10"}, {"S": "9"})
    assert is_less({"S": "z"}, {"S": "é"})
    assert is_less({"B": "AA=="}, {"B": "/w=="})
    assert not is_less({"N": "1"}, {"S": "2"})
    assert not is_less({"BOOL": False}, {"BOOL": True})


SCALARS = st.one_of(
    st.text().map(lambda text: {"S": text}),
    NUMBERS.map(lambda number: {"N": canonical_number(str(number))}),
    st.sampled_from(["", "AP8=", "/w=="]).map(lambda text: {"B": text}),
    st.just({"BS": ["AA==", "/w=="]}),
    st.just({"SS": ["a"]}),
    st.booleans().map(lambda value: {"BOOL": value}),
)
VALUES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda elements: {"L": elements}),
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_that_has_been_in_moto_is_the_same(value: dict[str, Any]) -> None:
    assert from_moto(to_moto(value)) == value
