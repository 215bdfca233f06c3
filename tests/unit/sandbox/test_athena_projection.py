"""Projected partitions are those that the table's properties say, no more and no fewer."""

from __future__ import annotations

from datetime import datetime

import pytest

from sandbox.athena.errors import StatementError
from sandbox.athena.projection import projections, shift

NOW = datetime(2026, 3, 15, 12, 30, 59)


def contains(value: str, **properties: str) -> bool:
    parameters = {f"projection.p.{name.replace('_', '.')}": text for name, text in properties.items()}
    found = projections(["p"], {"projection.enabled": "true", **parameters})
    assert found is not None
    return found["p"].contains(value, NOW)


def test_not_projected_unless_enabled() -> None:
    assert projections(["p"], {}) is None
    assert projections(["p"], {"projection.enabled": "false"}) is None


def test_enum() -> None:
    assert contains("b c", type="enum", values="a,b c")
    assert not contains("b", type=" ENUM ", values="a,b c")


def test_integers_are_on_the_grid_and_written_with_their_digits() -> None:
    grid = {"type": "integer", "range": "1, 10", "interval": "3"}
    assert [n for n in range(12) if contains(str(n), **grid)] == [1, 4, 7, 10]
    assert contains("07", digits="2", **grid)
    assert not contains("7", digits="2", **grid)
    assert contains("-5", type="integer", range="-5,5")
    assert not contains("x", type="integer", range="-5,5")


def test_hours_until_now() -> None:
    hours = {"type": "date", "format": "yyyy-MM-dd-HH", "range": "2026-01-01-00,NOW", "interval_unit": "HOURS"}
    assert contains("2026-01-01-00", **hours)
    assert contains("2026-03-15-12", **hours)
    assert not contains("2026-03-15-13", **hours)
    assert not contains("2025-12-31-23", **hours)
    assert not contains("2026-1-1-0", **hours)
    assert not contains("2026-02-30-00", **hours)


def test_a_step_starts_at_the_ranges_beginning() -> None:
    every_6_hours = {"type": "date", "format": "yyyy/MM/dd/HH", "range": "2026/03/01/03,NOW", "interval": "6"}
    assert contains("2026/03/01/09", interval_unit="HOURS", **every_6_hours)
    assert not contains("2026/03/01/06", interval_unit="HOURS", **every_6_hours)


def test_now_with_an_offset() -> None:
    days = {"type": "date", "format": "yyyy-MM-dd", "range": "NOW-2DAYS,NOW + 1 DAY"}
    assert [f"2026-03-{d}" for d in range(12, 18) if contains(f"2026-03-{d}", **days)] == [
        "2026-03-13", "2026-03-14", "2026-03-15", "2026-03-16",
    ]  # fmt: skip


def test_months_and_years_step_by_the_calendar() -> None:
    quarters = {"type": "date", "format": "yyyy-MM", "range": "2025-01,NOW", "interval": "3"}
    assert [m for m in range(1, 13) if contains(f"2025-{m:02d}", **quarters)] == [1, 4, 7, 10]
    years = {"type": "date", "format": "yyyy", "range": "NOW-3YEARS,NOW", "interval": "1", "interval_unit": "YEARS"}
    assert [y for y in range(2020, 2030) if contains(str(y), **years)] == [2023, 2024, 2025, 2026]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({}, "projection.p.type is missing"),
        ({"type": "date", "range": "NOW-1DAYS,NOW"}, "projection.p.format is missing"),
        ({"type": "other"}, "must be enum, integer, date or injected"),
        ({"type": "integer", "range": "1"}, "two values"),
        ({"type": "integer", "range": "1,2", "interval": "0"}, "integer of at least 1"),
        ({"type": "date", "format": "yyyy-MM-dd-HH", "range": "NOW-1DAYS,NOW"}, "interval.unit is missing"),
        ({"type": "date", "format": "yyyy-QQ", "range": "NOW-1DAYS,NOW", "interval_unit": "DAYS"}, "not supported"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "yesterday,NOW"}, "does not match the format"),
    ],
)
def test_wrong_properties_are_named(properties: dict[str, str], message: str) -> None:
    with pytest.raises(StatementError, match=message) as failure:
        contains("2026-01-01", **properties)
    assert failure.value.name == "HIVE_INVALID_METADATA"


def test_a_months_last_day_stays_in_its_month() -> None:
    assert shift(datetime(2026, 1, 31), 1, "MONTHS") == datetime(2026, 2, 28)
    assert shift(datetime(2024, 2, 29), -1, "YEARS") == datetime(2023, 2, 28)
