"""Glue's schedules, by the table, the limits and the examples of its Developer Guide.

https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

import pytest

from components.schedule import GlueSchedule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cron(0 10 * * ? *)",
        "cron(15 12 * * ? *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(0 8 1 * ? *)",
        "cron(0/15 * * * ? *)",
        "cron(0/10 * ? * MON-FRI *)",
        "cron(0/5 8-17 ? * MON-FRI *)",
        "cron(15 2 L JAN,MAR ? 2026-2030)",
        "cron(15 2 3W * ? *)",
        "cron(15 2 ? * 6L *)",
        "cron(0 */2 * * ? *)",
    ],
)
def test_what_glue_takes_is_taken(text: str) -> None:
    assert GlueSchedule().parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 hour)",
        "15 2 * * ? *",
        "cron(15 2 * * *)",
        "cron(15 2 * * ? * *)",
        "cron(15 2 * * * *)",
        "cron(15 2 ? * ? *)",
        "cron(15 2 1 * MON *)",
        "cron(60 2 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 2 32 * ? *)",
        "cron(0 2 0 * ? *)",
        "cron(0 2 * 13 ? *)",
        "cron(0 2 ? * 8 *)",
        "cron(0 2 ? * MO *)",
        "cron(0 2 * * ? 1969)",
        "cron(? 2 * * ? *)",
        "cron(9-3 2 * * ? *)",
        "cron(0/0 2 * * ? *)",
        "cron(* 2 * * ? *)",
        "cron(0/4 * * * ? *)",
        "cron(0,3 2 * * ? *)",
        "cron(0,58 * * * ? *)",
        "cron()",
    ],
)
def test_what_glue_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - a rule's own word for it
        GlueSchedule().parse(text)
