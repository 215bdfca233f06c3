from __future__ import annotations

import pytest
from msgspec import Raw

from transform.schema import Column
from transform.values import UnfitError, reader


def column(type_: str) -> Column:
    return Column("c", type_, ("c",), "")


def read(type_: str, value: object) -> object:
    return reader(column(type_))(value)


EXACT = [
    ("string", "", ""),
    ("string", 'a"\\\n\x00é𝄞', 'a"\\\n\x00é𝄞'),
    ("boolean", True, True),
    ("boolean", False, False),
    ("int", "0", 0),
    ("int", "-0", 0),
    ("int", "1.0", 1),
    ("int", "1E2", 100),
    ("int", "1200E-2", 12),
    ("int", "007", 7),
    ("int", "2147483647", 2147483647),
    ("int", "-2147483648", -2147483648),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("bigint", "-9223372036854775808", -9223372036854775808),
    ("bigint", "9007199254740993.0", 9007199254740993),
    ("decimal(18,2)", "12.5", "12.5"),
    ("decimal(18,2)", "12.50", "12.50"),
    ("decimal(18,2)", "12.500", "12.5"),
    ("decimal(18,2)", "0.000", "0"),
    ("decimal(18,2)", "1E3", "1000"),
    ("decimal(18,2)", "-1.25e1", "-12.5"),
    ("decimal(18,2)", "5E-2", "0.05"),
    ("decimal(18,2)", "-5E-2", "-0.05"),
    ("decimal(18,2)", "9999999999999999.99", "9999999999999999.99"),
    ("decimal(4,4)", "0.1234", "0.1234"),
    ("decimal(4,4)", "0", "0"),
    ("decimal(3,0)", "999", "999"),
    ("decimal(38,0)", "9" * 38, "9" * 38),
    ("decimal(38,38)", "-1E-38", "-0." + "0" * 37 + "1"),
    ("date", "2024-02-29", "2024-02-29"),
    ("timestamp", "2026-11-22T14:03:07Z", "2026-11-22 14:03:07"),
    ("timestamp", "2026-11-22T14:03:07+00:00", "2026-11-22 14:03:07"),
    ("timestamp", "2026-11-22 14:03:07", "2026-11-22 14:03:07"),
    ("timestamp", "2026-11-22T14:03Z", "2026-11-22 14:03:00"),
    ("timestamp", "2026-11-22T14:03:07.120Z", "2026-11-22 14:03:07.120"),
    ("timestamp", "2026-11-22T14:03:07.123456789Z", "2026-11-22 14:03:07.123456789"),
    ("timestamp", "2026-11-22T14:03:07.1234567890Z", "2026-11-22 14:03:07.123456789"),
    ("timestamp", "2026-11-22T00:30:00.5+02:00", "2026-11-21 22:30:00.5"),
    ("timestamp", "2026-11-22T23:30:00-0130", "2026-11-23 01:00:00"),
    ("timestamp", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00"),
    ("timestamp", "9999-12-31T23:59:59Z", "9999-12-31 23:59:59"),
]

UNFIT = [
    ("string", 1),
    ("string", None),
    ("string", ["a"]),
    ("boolean", "true"),
    ("boolean", 1),
    ("int", "1.5"),
    ("int", "1.00000000000000000001"),
    ("int", "2147483648"),
    ("int", "-2147483649"),
    ("bigint", "9223372036854775808"),
    ("bigint", "1E19"),
    ("bigint", "1E999999999"),
    ("bigint", "1E9999999999"),
    ("int", ""),
    ("int", "1_0"),
    ("int", " 1"),
    ("int", "1\n"),
    ("int", "+1"),
    ("int", "٣"),
    ("int", "0x1"),
    ("int", 1),
    ("decimal(18,2)", "12.345"),
    ("decimal(18,2)", "10000000000000000"),
    ("decimal(18,2)", "1E16"),
    ("decimal(18,2)", "NaN"),
    ("decimal(18,2)", "Infinity"),
    ("decimal(18,2)", ""),
    ("decimal(18,2)", "-"),
    ("decimal(18,2)", "."),
    ("decimal(18,2)", "1."),
    ("decimal(18,2)", ".5"),
    ("decimal(18,2)", "1\n2"),
    ("decimal(4,4)", "1"),
    ("decimal(4,4)", "0.12345"),
    ("double", "nan"),
    ("double", ""),
    ("double", "1E401"),
    ("double", "9" * 401),
    ("date", "2026-02-30"),
    ("date", "20261122"),
    ("date", "2026-W47-7"),
    ("date", "2026-11-22T00:00:00Z"),
    ("date", ""),
    ("timestamp", "2026-02-30T00:00:00Z"),
    ("timestamp", "2026-11-22T24:00:00Z"),
    ("timestamp", "2026-11-22T23:59:60Z"),
    ("timestamp", "2026-11-22T14:60:00Z"),
    ("timestamp", "2026-11-22T14:03:07.1234567891Z"),
    ("timestamp", "2026-11-22T14:03:07.Z"),
    ("timestamp", "2026-11-22t14:03:07z"),
    ("timestamp", "2026-11-22"),
    ("timestamp", "2026-11-22T14:03:07+01:60"),
    ("timestamp", "2026-11-22T14:03:07+24:00"),
    ("timestamp", "2026-11-22T14:03.5Z"),
    ("timestamp", "2026-11-22T14:03:07Z\n"),
    ("timestamp", "0001-01-01T00:00:00+00:01"),
    ("timestamp", "9999-12-31T23:59:59-00:01"),
    ("timestamp", "0000-01-01T00:00:00Z"),
    ("timestamp", "1795356187"),
]


@pytest.mark.parametrize(("type_", "value", "expected"), EXACT)
def test_a_value_that_fits_is_read_exactly(type_: str, value: object, expected: object) -> None:
    assert read(type_, value) == expected
    assert type(read(type_, value)) is type(expected)


@pytest.mark.parametrize(("type_", "value"), UNFIT)
def test_a_value_that_does_not_fit_is_unfit(type_: str, value: object) -> None:
    with pytest.raises(UnfitError):
        read(type_, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.1", b"0.1"),
        ("1E+2", b"1E+2"),
        ("-12", b"-12"),
        ("007.5", b"7.5"),
        ("-00", b"0"),
        ("1E400", b"1E400"),
        ("9" * 400, b"9" * 400),
    ],
)
def test_a_double_is_the_numbers_own_text_as_json(value: str, expected: bytes) -> None:
    number = read("double", value)
    assert isinstance(number, Raw)
    assert bytes(number) == expected
