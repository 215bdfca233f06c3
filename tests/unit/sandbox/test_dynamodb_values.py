from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dynamodb import compare
from sandbox.dynamodb.errors import DynamoError
from sandbox.dynamodb.numbers import add, canonical_number, number_size
from sandbox.dynamodb.values import measure, measure_item

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
        ("5.", "5"),
        ("9" * 38, "9" * 38),
        ("1" + "0" * 100, "1" + "0" * 100),
        ("1E125", "1" + "0" * 125),
        ("1E-130", "0." + "0" * 129 + "1"),
    ],
)
def test_a_number_is_kept_as_dynamodb_gives_it_back(given_: str, kept: str) -> None:
    assert canonical_number(given_) == kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        ("NaN", "cannot be converted to a numeric value"),
        ("Infinity", "cannot be converted to a numeric value"),
        (" 1", "cannot be converted to a numeric value"),
        ("1_000", "cannot be converted to a numeric value"),
        ("0x10", "cannot be converted to a numeric value"),
        ("\u0661", "cannot be converted to a numeric value"),
        ("1e126", "Number overflow"),
        ("-1e126", "Number overflow"),
        ("1e-131", "Number underflow"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
    ],
)
def test_what_is_no_number_is_refused(text: str, said: str) -> None:
    with pytest.raises(DynamoError, match=said):
        canonical_number(text)


@given(NUMBERS)
def test_a_canonical_number_is_the_same_number_and_stays_as_it_is(number: Decimal) -> None:
    text = canonical_number(str(number))

    assert Decimal(text) == number
    assert canonical_number(text) == text


@pytest.mark.parametrize(
    ("number", "size"),
    # As nubo-db/dynoxide (pull request 195) measured them on AWS.
    [("0", 1), ("7", 2), ("42", 2), ("-42", 3), ("100", 2), ("1234", 3), ("0.001", 2), ("1.5", 3), ("-12.345", 5)],
)
def test_the_size_of_a_number(number: str, size: int) -> None:
    assert number_size(number) == size


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


NO_VALUES: list[tuple[dict[str, Any], str]] = [
    ({}, "Supplied AttributeValue is empty"),
    ({"X": "a"}, "Supplied AttributeValue is empty"),
    ({"S": None}, "Supplied AttributeValue is empty"),
    ({"S": "a", "N": "1"}, "more than one datatypes"),
    ({"S": 1}, "NUMBER_VALUE cannot be converted to String"),
    ({"N": 1}, "NUMBER_VALUE cannot be converted to String"),
    ({"B": "not base64!"}, "Base64 encoded length"),
    ({"B": "YQ!="}, "Base64"),
    ({"BOOL": 1}, "NUMBER_VALUE cannot be converted to Boolean"),
    ({"NULL": False}, "Null attribute value types must have the value of true"),
    ({"L": {"S": "a"}}, "Start of structure or map found where not expected"),
    ({"L": ["a"]}, "Unexpected value type in payload"),
    ({"M": {"a": "b"}}, "Unexpected value type in payload"),
    ({"M": {"a": {"S": 1}}}, "cannot be converted to String"),
    ({"M": {"": {"S": "a"}}}, "Empty attribute name"),
    ({"SS": []}, "An string set  may not be empty"),
    ({"NS": []}, "An number set  may not be empty"),
    ({"BS": []}, "Binary sets should not be empty"),
    ({"L": [{"SS": []}]}, "An string set  may not be empty"),
    ({"SS": ["a", "a"]}, r"Input collection \[a, a\] contains duplicates\."),
    ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
]


@pytest.mark.parametrize(("value", "said"), NO_VALUES)
def test_what_is_no_value_is_refused(value: dict[str, Any], said: str) -> None:
    with pytest.raises(DynamoError, match=said):
        measure(value)


@pytest.mark.parametrize(
    ("innermost", "levels"), [({"S": "deep"}, 31), ({"SS": ["deep"]}, 31), ({"L": []}, 30), ({"M": {}}, 30)]
)
@pytest.mark.parametrize("kind", ["L", "M"])
def test_there_are_32_levels(innermost: dict[str, Any], levels: int, kind: str) -> None:
    """As in DynamoDB Local 3.3.1: 31 lists and maps around a scalar or set, an empty one counted too."""
    value: Any = innermost
    for _ in range(levels):
        value = {kind: [value] if kind == "L" else {"a": value}}

    measure(value)
    measure_item({"a": value})

    with pytest.raises(DynamoError, match="Nesting Levels have exceeded supported limits"):
        measure({"M": {"deeper": value}})
    with pytest.raises(DynamoError, match="Nesting Levels have exceeded supported limits"):
        measure_item({"a": {"L": [value]}})


def test_sets_are_kept_in_order() -> None:
    item: dict[str, Any] = {"n": {"NS": ["10", "9.0", "-1"]}, "s": {"SS": ["b", "a"]}, "b": {"BS": ["/w==", "AA=="]}}

    measure_item(item)

    assert item == {"n": {"NS": ["-1", "9", "10"]}, "s": {"SS": ["a", "b"]}, "b": {"BS": ["/w==", "AA=="]}}


def test_sums_are_exact_or_refused() -> None:
    assert add("0.1", "0.2", 1) == "0.3"
    assert add("1", "1", -1) == "0"
    assert add("1E125", "-1E125", 1) == "0"
    with pytest.raises(DynamoError, match="38 significant digits"):
        add("12345678901234567890123456789012345678", "0.1", 1)
    with pytest.raises(DynamoError, match="38 significant digits"):
        add("1E125", "1E-130", 1)


def test_values_are_ordered_within_their_type_only() -> None:
    assert compare.is_less({"N": "9"}, {"N": "10"})
    assert compare.is_less({"S": "10"}, {"S": "9"})
    assert compare.is_less({"S": "z"}, {"S": "é"})
    assert compare.is_less({"B": "AA=="}, {"B": "/w=="})
    assert not compare.is_less({"N": "1"}, {"S": "2"})
    assert not compare.is_less({"BOOL": False}, {"BOOL": True})
    assert not compare.is_at_most({"BOOL": True}, {"BOOL": True})
