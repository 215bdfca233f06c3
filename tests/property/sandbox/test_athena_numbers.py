"""Numbers are read from the lake unchanged, and are divided like in Trino."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.athena_lake import Lake

T = TypeVar("T")
WIDE = Context(prec=100)
TOGETHER = settings(max_examples=20)
"""A statement's overhead exceeds its computation, so each of these computes several values."""


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


def several(case: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    return st.lists(case, min_size=1, max_size=10)


@TOGETHER
@given(cases=several(st.tuples(decimals(38, 10), st.booleans())))
def test_a_decimal_is_read_exactly(lake: Lake, cases: list[tuple[Decimal, bool]]) -> None:
    rows = [f'{{"d":{json.dumps(f"{number:f}") if as_text else f"{number:f}"}}}\n' for number, as_text in cases]
    lake.objects.content.clear()
    lake.objects.put("lake", "t/a.json", "".join(rows).encode())
    values = lake.query("SELECT d FROM t")
    assert sorted(str(value) for (value,) in values) == sorted(f"{number or Decimal(0):.10f}" for number, _ in cases)


@TOGETHER
@given(cases=several(st.tuples(decimals(18, 4), decimals(12, 2).filter(bool))))
def test_decimals_are_divided_half_up_at_the_larger_scale(lake: Lake, cases: list[tuple[Decimal, Decimal]]) -> None:
    with localcontext(WIDE):
        expected = [(a / b).quantize(Decimal("0.0001"), ROUND_HALF_UP) for a, b in cases]
    divisions = [f"CAST('{a:f}' AS decimal(18,4)) / CAST('{b:f}' AS decimal(12,2))" for a, b in cases]
    assert [Decimal(text) for text in values_of(lake, divisions)] == expected


@TOGETHER
@given(cases=several(st.lists(decimals(18, 2), min_size=1, max_size=5)))
def test_an_average_of_decimals_keeps_their_type(lake: Lake, cases: list[list[Decimal]]) -> None:
    rows = [f"({case}, CAST('{number:f}' AS decimal(18,2)))" for case, all_ in enumerate(cases) for number in all_]
    with localcontext(WIDE):
        expected = [(sum(all_, Decimal(0)) / len(all_)).quantize(Decimal("0.01"), ROUND_HALF_UP) for all_ in cases]
    found = lake.query(f"SELECT avg(x) FROM (VALUES {', '.join(rows)}) AS v(n, x) GROUP BY n ORDER BY n")
    assert [Decimal(str(value)) for (value,) in found] == expected


@TOGETHER
@given(cases=several(st.tuples(st.integers(-(2**62), 2**62), st.integers(-(2**31), 2**31).filter(bool))))
def test_integers_are_divided_towards_zero(lake: Lake, cases: list[tuple[int, int]]) -> None:
    expected = [str(abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)) for a, b in cases]
    assert values_of(lake, [f"CAST('{a}' AS bigint) / CAST('{b}' AS bigint)" for a, b in cases]) == expected


@TOGETHER
@given(numbers=several(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)))
def test_a_doubles_text_is_the_double(lake: Lake, numbers: list[float]) -> None:
    texts = values_of(lake, [f"CAST('{number!r}' AS double)" for number in numbers])
    assert [float(text) for text in texts] == numbers
    for text, number in zip(texts, numbers, strict=True):
        assert ("E" in text) == (number != 0 and not 1e-3 <= abs(number) < 1e7)


def values_of(lake: Lake, expressions: list[str]) -> list[str]:
    """Each expression's value, by one statement."""
    (row,) = lake.query(f"SELECT {', '.join(f'{sql} AS c{n}' for n, sql in enumerate(expressions))}")
    return [str(value) for value in row]


@TOGETHER
@given(cases=several(st.tuples(st.datetimes(datetime(1000, 1, 1), datetime(9998, 1, 1)), st.integers(0, 5))))
def test_a_timestamp_is_rounded_half_up(lake: Lake, cases: list[tuple[datetime, int]]) -> None:
    rounded = [f"CAST(CAST(TIMESTAMP '{at}' AS timestamp({digits})) AS varchar)" for at, digits in cases]
    expected: list[datetime] = []
    for at, digits in cases:
        unit = timedelta(microseconds=10 ** (6 - digits))
        expected.append(at - (at - datetime.min + unit / 2) % unit + unit / 2)
    assert [datetime.fromisoformat(text) for text in values_of(lake, rounded)] == expected
