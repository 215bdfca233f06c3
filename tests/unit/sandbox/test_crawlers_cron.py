"""A schedule's minutes are those that Glue's cron expressions name."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sandbox.crawlers.cron import parse

DAY = datetime(2026, 3, 15)


def hits(expression: str, days: int = 31) -> list[str]:
    schedule = parse(expression)
    minutes = (DAY.replace(day=1) + timedelta(minutes=i) for i in range(days * 24 * 60))
    return [f"{minute:%d %H:%M}" for minute in minutes if schedule.matches(minute)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(15 12 * * ? *)", [f"{day:02d} 12:15" for day in range(1, 32)]),
        ("cron(0 10 15 * ? *)", ["15 10:00"]),
        ("cron(0/30 8-9 1 3 ? 2026)", ["01 08:00", "01 08:30", "01 09:00", "01 09:30"]),
        ("cron(0 18 ? * MON,WED *)", [f"{d:02d} 18:00" for d in (2, 4, 9, 11, 16, 18, 23, 25, 30)]),
        ("cron(0 0 L * ? *)", ["31 00:00"]),
        ("cron(0 0 15W * ? *)", ["16 00:00"]),
        ("cron(0 0 ? * SUN#3 *)", ["15 00:00"]),
        ("cron(0 0 ? * 6L *)", ["27 00:00"]),
        ("cron(0 0 * APR ? *)", []),
    ],
)
def test_minutes(expression: str, expected: list[str]) -> None:
    assert hits(expression) == expected


@pytest.mark.parametrize(
    "expression",
    ["", "rate(5 minutes)", "cron(* * * * *)", "cron(0 0 * * * *)", "cron(0 0 ? * ? *)", "cron(60 0 * * ? *)",
     "cron(0 0 ? * XYZ *)", "cron(0 0 32 * ? *)", "cron(5-1 0 * * ? *)"],
)  # fmt: skip
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(expression)
