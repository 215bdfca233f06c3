from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Raw

from lake.values import deserializer, expected, found, same
from transform.schema import Column
from transform.values import UnfitError, reader

Attribute = Mapping[str, object]

DECIMAL = Column("c", "decimal(18,2)", ("c",), "")
WIDE = Column("c", "decimal(38,0)", ("c",), "")
INT = Column("c", "int", ("c",), "")
BIGINT = Column("c", "bigint", ("c",), "")
STRING = Column("c", "string", ("c",), "")
BOOLEAN = Column("c", "boolean", ("c",), "")
TIMESTAMP = Column("c", "timestamp", ("c",), "")
DATE = Column("c", "date", ("c",), "")
DOUBLE = Column("c", "double", ("c",), "")
NESTED = Column("c", "string", ("outer", "inner", "c"), "")
ALL = (DECIMAL, WIDE, INT, BIGINT, STRING, BOOLEAN, TIMESTAMP, DATE, DOUBLE)

cents = st.integers(-(10**18) + 1, 10**18 - 1)
moments = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29))
plain = st.one_of(
    st.fixed_dictionaries({"S": st.text()}),
    st.fixed_dictionaries({"N": st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)}),
    st.just({"BOOL": True}),
    st.just({"NULL": True}),
    st.fixed_dictionaries({"B": st.binary()}),
    st.just({"SS": ["a"]}),
)
attributes: st.SearchStrategy[Attribute] = st.one_of(
    plain,
    st.fixed_dictionaries({"L": st.lists(plain, max_size=3)}),
    st.fixed_dictionaries({"M": st.dictionaries(st.text(max_size=3), plain, max_size=3)}),
)
read = deserializer().deserialize


def wanted(column: Column, attribute: Attribute) -> str | None:
    return expected(column, {"c": read(attribute)})


def agrees(column: Column, attribute: Attribute, cell: str | None) -> bool:
    return same(column, wanted(column, attribute), found(column, cell))


@given(cents, st.sampled_from(["plain", "short", "exponent"]))
def test_a_decimal_is_the_same_in_every_notation_and_to_the_last_cent(amount: int, notation: str) -> None:
    exact = Decimal(amount).scaleb(-2)
    text = {"plain": f"{exact:f}", "short": f"{exact.normalize():f}", "exponent": f"{amount}E-2"}[notation]
    assert agrees(DECIMAL, {"N": text}, f"{exact:.2f}")
    assert not agrees(DECIMAL, {"N": text}, f"{Decimal(amount + 1).scaleb(-2):.2f}")


@given(st.integers(-(10**38) + 1, 10**38 - 1))
def test_38_digits_are_compared_to_the_last(number: int) -> None:
    assert agrees(WIDE, {"N": str(number)}, str(number))
    assert not agrees(WIDE, {"N": str(number)}, str(number + 1))


@given(st.integers(-(2**70), 2**70))
def test_an_integer_is_exact_or_does_not_fit(number: int) -> None:
    for column, bits in ((INT, 32), (BIGINT, 64)):
        fits = -(2 ** (bits - 1)) <= number < 2 ** (bits - 1)
        assert wanted(column, {"N": str(number)}) == (str(number) if fits else None)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_that_a_column_cannot_hold_exactly_is_null(number: Decimal) -> None:
    assume(number != number.to_integral_value())
    assert wanted(BIGINT, {"N": str(number)}) is None
    assume(number * 100 != (number * 100).to_integral_value())
    assert wanted(DECIMAL, {"N": str(number)}) is None


@given(st.text())
def test_text_is_itself_and_never_null(text: str) -> None:
    assert agrees(STRING, {"S": text}, text)
    assert not agrees(STRING, {"S": text}, None)
    assert not agrees(STRING, {"S": text}, text + " ")


@given(moments, st.integers(-14 * 60, 14 * 60), st.integers(0, 6))
def test_a_timestamp_is_compared_in_utc_to_the_millisecond(moment: datetime, minutes: int, digits: int) -> None:
    zoned = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    shown = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
    shown = f"{moment.year:04d}-{moment:%m-%d} {shown}"
    assert agrees(TIMESTAMP, {"S": zoned.isoformat()}, shown)
    later = moment + timedelta(milliseconds=2)
    shown = f"{later.year:04d}-{later:%m-%d %H:%M:%S}.{later.microsecond // 1000:03d}"
    assert not agrees(TIMESTAMP, {"S": zoned.isoformat()}, shown)


@given(st.dates())
def test_a_date_is_itself(day: date) -> None:
    assert agrees(DATE, {"S": day.isoformat()}, day.isoformat())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_the_nearest_float(number: float) -> None:
    assert agrees(DOUBLE, {"N": repr(number)}, repr(number).replace("e", "E"))


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_itself(value: bool) -> None:
    assert agrees(BOOLEAN, {"BOOL": value}, str(value).lower())
    assert not agrees(BOOLEAN, {"BOOL": value}, str(not value).lower())
    assert not agrees(BOOLEAN, {"BOOL": value}, None)


@pytest.mark.parametrize("column", ALL, ids=[column.type for column in ALL])
def test_null_and_missing_attributes_are_null_and_nothing_else_is(column: Column) -> None:
    assert agrees(column, {"NULL": True}, None)
    assert expected(column, {}) is None
    assert not agrees(column, {"NULL": True}, "")


@given(st.integers(-(10**37), 10**37), st.binary(min_size=1))
def test_a_key_that_is_no_text_has_its_text_in_a_string_column(number: int, content: bytes) -> None:
    assert expected(STRING, {"c": read({"N": str(number)})}, "N") == str(number)
    assert expected(STRING, {"c": read({"B": content})}, "B") == b64encode(content).decode()
    assert expected(STRING, {"c": read({"N": str(number)})}) is None


@given(attributes)
def test_no_attribute_breaks_a_comparison(attribute: Attribute) -> None:
    for column in (*ALL, NESTED):
        assert isinstance(wanted(column, attribute), str | None)


@given(st.text(), attributes)
def test_a_nested_attribute_is_found_by_its_path_through_maps_alone(text: str, other: Attribute) -> None:
    assert expected(NESTED, {"outer": read({"M": {"inner": {"M": {"c": {"S": text}, "x": other}}}})}) == text
    assert expected(NESTED, {"outer": read({"M": {"inner": {"L": [{"M": {"c": {"S": text}}}]}}})}) is None
    assert expected(NESTED, {"outer": read({"M": {}}), "c": text}) is None


spelled = st.from_regex(r"\A[-+]?[0-9]+(\.[0-9]+)?(E[-+]?[0-9]{1,3})?\Z", alphabet=st.characters(codec="ascii"))
not_quite = st.one_of(
    st.builds("{}{}".format, spelled, st.sampled_from([" ", "\r", "\n", "\u00a0"])),
    st.builds("{}{}".format, st.sampled_from([" ", "\t", "_"]), spelled),
    st.sampled_from(["1_000", "\u0661", "1,5", "0x10", "sNaN", "inf", "", "."]),
)


@given(st.one_of(st.text(), not_quite))
def test_a_cell_that_is_not_of_the_columns_type_is_shown_as_it_is(cell: str) -> None:
    """Also one that Python takes for a number and Athena never writes: with space around, or other digits."""
    assume(not re.fullmatch(r"[-+]?[0-9]+(\.[0-9]*)?(e[-+]?[0-9]+)?", cell, re.ASCII | re.IGNORECASE))
    assert found(BIGINT, cell) == cell
    assert not agrees(BIGINT, {"N": "1"}, cell)


two_digits = st.integers(0, 99).map(lambda number: f"{number:02d}")
almost_moments = st.builds(
    "{}-{}-{}{}{}:{}{}{}{}".format,
    st.sampled_from(["2026", "0001", "9999", "26"]),
    two_digits,
    two_digits,
    st.sampled_from(["T", " ", "t", ""]),
    two_digits,
    two_digits,
    st.sampled_from(["", ":00", ":59", ":60", ":5"]),
    st.sampled_from(["", ".1", ".123456789", ".1234567891", ".12345678900", "."]),
    st.sampled_from(["", "Z", "z", "+02:00", "-0330", "+14:60", "-0060", "+24:00", "+2", " UTC"]),
)


@pytest.mark.parametrize("column", ALL, ids=[column.type for column in ALL])
@given(st.data())
def test_the_transform_and_the_verification_agree_though_neither_knows_the_other(
    column: Column, data: st.DataObject
) -> None:
    is_number = column.type.startswith(("decimal", "int", "bigint", "double"))
    numbers = st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.integers(-(2**80), 2**80).map(str)
    texts = st.text() | almost_moments | moments.map(str) | st.dates().map(str)
    content = data.draw(st.booleans() if column.type == "boolean" else numbers if is_number else texts)
    type_ = "BOOL" if column.type == "boolean" else "N" if is_number else "S"
    assume(not (type_ == "N" and Decimal(str(content)).adjusted() > 125))
    try:
        written = reader(column)(content)
    except UnfitError:
        written = None
    cell = None if written is None else json.dumps(written) if isinstance(written, bool) else _text(written)
    assert agrees(column, {type_: content}, cell), (content, written)


def _text(written: object) -> str:
    return bytes(written).decode() if isinstance(written, Raw) else str(written)
