"""A projected date range contains exactly the dates counted up from its start."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sandbox.athena.projection import projections, shift

START = datetime(2025, 1, 31, 5)
UNITS = {"HOURS": timedelta(hours=1), "DAYS": timedelta(days=1), "WEEKS": timedelta(weeks=1)}


@given(
    unit=st.sampled_from(sorted(UNITS)),
    interval=st.integers(1, 9),
    hours=st.integers(0, 2000),
    probe=st.integers(-10, 2010),
)
def test_dates_by_counting(unit: str, interval: int, hours: int, probe: int) -> None:
    now = START + timedelta(hours=hours)
    text = START.strftime("%Y-%m-%d-%H")
    found = projections(
        ["p"],
        {
            "projection.enabled": "true",
            "projection.p.type": "date",
            "projection.p.format": "yyyy-MM-dd-HH",
            "projection.p.range": f"{text},NOW",
            "projection.p.interval": str(interval),
            "projection.p.interval.unit": unit,
        },
    )
    assert found is not None
    step = UNITS[unit] * interval
    counted = {START + i * step for i in range(2100) if START + i * step <= now}
    moment = START + timedelta(hours=probe)
    assert found["p"].contains(moment.strftime("%Y-%m-%d-%H"), now) == (moment in counted)


@given(months=st.integers(-500, 500))
def test_months_forth_and_back_keep_the_month(months: int) -> None:
    there = shift(START, months, "MONTHS")
    assert (there.year * 12 + there.month) - (START.year * 12 + START.month) == months
    assert shift(there, -months, "MONTHS").month == START.month
