"""Dates and times in format(): %s as Java's toString, and the conversions of %t.

Source: OpenJDK 17, java.util.Formatter ("Date/Time Conversions"), LocalDateTime.toString, LocalTime.toString.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

_OF_DATES: Mapping[str, Callable[[datetime], str]] = {
    "tY": lambda t: f"{t.year:04}",
    "ty": lambda t: f"{t.year % 100:02}",
    "tC": lambda t: f"{t.year // 100:02}",
    "tm": lambda t: f"{t.month:02}",
    "td": lambda t: f"{t.day:02}",
    "te": lambda t: str(t.day),
    "tj": lambda t: f"{t:%j}",
    "tB": lambda t: f"{t:%B}",
    "tb": lambda t: f"{t:%b}",
    "th": lambda t: f"{t:%b}",
    "tA": lambda t: f"{t:%A}",
    "ta": lambda t: f"{t:%a}",
    "tF": lambda t: f"{t:%Y-%m-%d}",
    "tD": lambda t: f"{t:%m/%d/%y}",
}
_OF_TIMES: Mapping[str, Callable[[datetime], str]] = {
    "tH": lambda t: f"{t:%H}",
    "tk": lambda t: str(t.hour),
    "tI": lambda t: f"{t:%I}",
    "tl": lambda t: str(t.hour % 12 or 12),
    "tM": lambda t: f"{t:%M}",
    "tS": lambda t: f"{t:%S}",
    "tL": lambda t: f"{t.microsecond // 1000:03}",
    "tN": lambda t: f"{t.microsecond:06}000",
    "tp": lambda t: f"{t:%p}".lower(),
    "tR": lambda t: f"{t:%H:%M}",
    "tT": lambda t: f"{t:%H:%M:%S}",
    "tr": lambda t: f"{t:%I:%M:%S %p}",
}
MOMENTS = _OF_DATES.keys() | _OF_TIMES.keys()
"""The conversions that are here: those of zones and of seconds since 1970 are not."""


def is_shown(kind: str, code: str) -> bool:
    """Whether a date, a time or a timestamp has what a conversion shows."""
    return (kind in {"date", "timestamp"} and code in _OF_DATES) or (
        kind in {"time", "timestamp"} and code in _OF_TIMES
    )


def shown_moment(value: str, kind: str, code: str) -> str:
    """A date, time or timestamp by one conversion."""
    return (_OF_DATES.get(code) or _OF_TIMES[code])(_read(value, kind))


def moment_text(value: str, kind: str) -> str:
    """Java's toString: 2024-03-05T14:07, seconds only if there are any, their fraction in three or six digits."""
    moment = _read(value, kind)
    digits = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    if not moment.microsecond:
        digits = "seconds" if moment.second else "minutes"
    return moment.time().isoformat(digits) if kind == "time" else moment.isoformat("T", digits)


def _read(value: str, kind: str) -> datetime:
    return datetime.fromisoformat(f"1970-01-01 {value}" if kind == "time" else value)
