"""Numbers come out of the lake as they went in, and are divided as Trino divides them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.athena_lake import Lake

WIDE = Context(prec=100)


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with TemporaryDirectory() as directory:
        lake = Lake(Path(directory))
        lake.table("t", {"d": "decimal(38,10)"})
        yield lake
        lake.store.close()


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    limit = 10**precision - 1
    return st.integers(-limit, limit).map(lambda n: Decimal(n).scaleb(-scale, context=WIDE))


@given(number=decimals(38, 10), as_text=st.booleans())
def test_a_decimal_is_read_exactly(lake: Lake, number: Decimal, as_text: bool) -> None:
    text = f"{number:f}"
    lake.objects.content.clear()
    lake.objects.put("lake", "t/a.json", f'{{"d":{json.dumps(text) if as_text else text}}}\n'.encode())
    value = lake.value("SELECT d FROM t")
    assert value == f"{number:.10f}" or (number == 0 and value == "0.0000000000")


@given(a=decimals(18, 4), b=decimals(12, 2))
def test_decimals_are_divided_half_up_at_the_larger_scale(lake: Lake, a: Decimal, b: Decimal) -> None:
    assume(b != 0)
    with localcontext(WIDE):
        expected = (a / b).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    value = lake.value(f"SELECT CAST('{a:f}' AS decimal(18,4)) / CAST('{b:f}' AS decimal(12,2))")
    assert value is not None
    assert Decimal(value) == expected


@given(numbers=st.lists(decimals(18, 2), min_size=1, max_size=20))
def test_an_average_of_decimals_keeps_their_type(lake: Lake, numbers: list[Decimal]) -> None:
    values = ", ".join(f"CAST('{number:f}' AS decimal(18,2))" for number in numbers)
    with localcontext(WIDE):
        expected = (sum(numbers, Decimal(0)) / len(numbers)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    value = lake.value(f"SELECT avg(x) FROM (VALUES {values}) AS v(x)")
    assert value is not None
    assert Decimal(value) == expected


@given(a=st.integers(-(2**62), 2**62), b=st.integers(-(2**31), 2**31))
def test_integers_are_divided_towards_zero(lake: Lake, a: int, b: int) -> None:
    assume(b != 0)
    expected = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    assert lake.value(f"SELECT CAST('{a}' AS bigint) / CAST('{b}' AS bigint)") == str(expected)


@given(number=st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_a_doubles_text_is_the_double(lake: Lake, number: float) -> None:
    value = lake.value(f"SELECT CAST('{number!r}' AS double)")
    assert value is not None
    assert float(value) == number
    assert ("E" in value) == (number != 0 and not 1e-3 <= abs(number) < 1e7)
