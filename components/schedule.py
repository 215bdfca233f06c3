"""A Glue crawler's schedule: Glue's form of cron, and the forms that Glue refuses.

https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from components.rules import ConfigType

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LEAST_MINUTES = 5
"""Glue's minimum interval."""


@dataclass(frozen=True)
class _Field:
    """One of the six fields: its bounds, the names of its values, and its special characters."""

    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str = ""

    def values(self, text: str) -> frozenset[int]:
        """The values of a field's text, empty for a special character; raises ValueError for an invalid text."""
        if self.special and re.fullmatch(self.special, text):
            return frozenset()
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, text: str) -> range:
        span, slash, step = text.partition("/")
        if slash and not re.fullmatch(r"[1-9][0-9]?", step):
            raise ValueError(text)
        if span == "*":
            low, high = self.low, self.high
        else:
            first, dash, last = span.partition("-")
            low = self._value(first)
            high = self._value(last) if dash else (self.high if slash else low)
        if low > high:
            raise ValueError(text)
        return range(low, high + 1, int(step or 1))

    def _value(self, text: str) -> int:
        value = self.low + self.names.index(text) if text in self.names else int(text) if text.isdecimal() else -1
        if not self.low <= value <= self.high:
            raise ValueError(text)
        return value


_FIELDS = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31, special=r"\?|L|([1-9]|[12][0-9]|3[01])W"),
    _Field(1, 12, _MONTHS),
    _Field(1, 7, _DAYS, special=r"\?|[1-7]?L"),
    _Field(1970, 2199),
)
_DAY_OF_MONTH, _DAY_OF_WEEK = 2, 4


@dataclass(frozen=True)
class GlueSchedule:
    """Empty, or a schedule that Glue accepts: six fields, a ? for one of the two days, runs 5 minutes apart."""

    type: ConfigType = field(default="string", init=False)
    allowed: str = field(
        default=(
            "empty, or cron(Minutes Hours Day-of-month Month Day-of-week Year) with a ? for one of the two days and at "
            "least 5 minutes between two runs, such as cron(15 2 * * ? *)"
        ),
        init=False,
    )

    def parse(self, text: str) -> str:
        """The text itself."""
        if not text:
            return text
        found = re.fullmatch(r"cron\((.+)\)", text)
        fields = found[1].split() if found else []
        if len(fields) != len(_FIELDS):
            raise ValueError(text)
        minutes, hours, *_ = [rule.values(given) for rule, given in zip(_FIELDS, fields, strict=True)]
        if (fields[_DAY_OF_MONTH] == "?") == (fields[_DAY_OF_WEEK] == "?"):
            raise ValueError(text)
        if _shortest(minutes, hours) < _LEAST_MINUTES:
            raise ValueError(text)
        return text


def _shortest(minutes: frozenset[int], hours: frozenset[int]) -> int:
    """The minimum minutes between two runs of a day."""
    runs = sorted(60 * hour + minute for hour in hours for minute in minutes)
    return min((later - run for run, later in zip(runs, [*runs[1:], runs[0] + 24 * 60], strict=True)))
