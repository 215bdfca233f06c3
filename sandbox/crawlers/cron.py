"""Glue's schedules: cron(minutes hours day-of-month month day-of-week year), in UTC.

Source: AWS Glue Developer Guide, "Time-based schedules for jobs and crawlers".
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime

_MONTHS = {
    name: i + 1
    for i, name in enumerate(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
}
_DAYS = {name: i + 1 for i, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))


@dataclass(frozen=True)
class Schedule:
    """A crawler's schedule: the minutes at which it starts."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    def matches(self, moment: datetime) -> bool:
        """Return whether it starts at a minute, UTC."""
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.month in self.months
            and moment.year in self.years
            and self._is_day(moment)
            and self._is_weekday(moment)
        )

    def _is_day(self, moment: datetime) -> bool:
        last = monthrange(moment.year, moment.month)[1]
        if self.days == "L":
            return moment.day == last
        if self.days.endswith("W"):
            return moment.day == _nearest_weekday(moment, int(self.days[:-1]), last)
        return moment.day in _values(self.days, 2)

    def _is_weekday(self, moment: datetime) -> bool:
        weekday = moment.isoweekday() % 7 + 1
        nth = re.fullmatch(r"(\w+)#([1-5])", self.weekdays)
        if nth is not None:
            return weekday in _values(nth[1], 4) and (moment.day - 1) // 7 + 1 == int(nth[2])
        if self.weekdays.endswith("L"):
            day = self.weekdays[:-1] or "7"
            last = monthrange(moment.year, moment.month)[1]
            return weekday in _values(day, 4) and moment.day > last - 7
        return weekday in _values(self.weekdays, 4)


def parse(expression: str) -> Schedule:
    """Parse an expression; raises ValueError for an invalid one."""
    match = re.fullmatch(r"cron\((.*)\)", expression.strip())
    fields = match[1].split() if match else []
    if len(fields) != 6:
        raise ValueError(f"{expression!r} is not cron(minutes hours day-of-month month day-of-week year)")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ValueError(f"{expression!r}: exactly one of day-of-month and day-of-week must be ?")
    schedule = Schedule(
        minutes=_values(minutes, 0),
        hours=_values(hours, 1),
        days=days.upper(),
        months=_values(months, 3),
        weekdays=weekdays.upper(),
        years=_values(years, 5),
    )
    schedule.matches(datetime(2000, 1, 1))
    return schedule


def _nearest_weekday(moment: datetime, day: int, last: int) -> int:
    """The weekday nearest to a day, without leaving its month."""
    weekday = moment.replace(day=min(day, last)).isoweekday()
    day = min(day, last)
    if weekday == 6:
        return day - 1 if day > 1 else day + 2
    if weekday == 7:
        return day + 1 if day < last else day - 2
    return day


def _values(field: str, position: int) -> frozenset[int]:
    low, high = _RANGES[position]
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, dash, end = span.partition("-")
        if span in {"*", "?"}:
            first, final = low, high
        else:
            first = _number(start, position)
            final = _number(end, position) if dash else (high if step else first)
        every = int(step) if step else 1
        if not (low <= first <= final <= high and every > 0):
            raise ValueError(f"{part!r} is outside {low}-{high}")
        values.update(range(first, final + 1, every))
    return frozenset(values)


def _number(text: str, position: int) -> int:
    names = {3: _MONTHS, 4: _DAYS}.get(position, {})
    upper = text.upper()
    return names[upper] if upper in names else int(text)
