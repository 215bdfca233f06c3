"""Parsing of dates and times as in Joda-Time and Trino, one value for each call.

Every function raises TrinoError with INVALID_FUNCTION_ARGUMENT (INVALID_CAST_ARGUMENT for a cast's text).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import TypedDict
from zoneinfo import ZoneInfo

from sandbox.athena.functions.building import INVALID
from sandbox.athena.functions.native import TrinoError
from sandbox.athena.functions.zones import zone_names, zone_of
from sandbox.datepatterns import Run, elements

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
                "november", "december")  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PIVOT = 1970  # two digits of a year are from 1970 to 2069
_NAMES = {"month": (*_LONG_MONTHS, *_MONTHS), "weekday": (*_LONG_DAYS, *_DAYS)}
_RANGES = {
    "month": (1, 12), "day": (1, 31), "yearday": (1, 366), "hour": (0, 23), "hour24": (1, 24), "hour12": (1, 12),
    "hour11": (0, 11), "minute": (0, 59), "second": (0, 59), "week": (1, 53), "weekdaynumber": (1, 7),
}  # fmt: skip


class Zoned(TypedDict):
    """A timestamp with time zone in DuckDB's form."""

    instant: datetime
    zone: str


def wrong(text: str) -> TrinoError:
    """The error for a text that does not match its pattern."""
    return TrinoError(INVALID, f'Invalid format: "{text}"')


_MYSQL = {
    "a": ("weekday", ""), "b": ("month", "name"), "c": ("month", r"\d{1,2}+"), "d": ("day", r"\d{1,2}+"),
    "e": ("day", r"\d{1,2}+"), "f": ("fraction", r"\d{1,9}+"), "H": ("hour", r"\d{1,2}+"), "h": ("hour12", r"\d{1,2}+"),
    "I": ("hour12", r"\d{1,2}+"), "i": ("minute", r"\d{1,2}+"), "j": ("yearday", r"\d{1,3}+"),
    "k": ("hour", r"\d{1,2}+"), "l": ("hour12", r"\d{1,2}+"),
    "M": ("month", "name"), "m": ("month", r"\d{1,2}+"), "p": ("half", "AM|PM"),
    "S": ("second", r"\d{1,2}+"), "s": ("second", r"\d{1,2}+"), "v": ("week", r"\d{1,2}+"), "W": ("weekday", ""),
    "x": ("weekyear", r"[+-]?\d{1,4}+"), "Y": ("year", r"[+-]?\d{1,4}+"), "y": ("shortyear", r"\d{2}+"),
}  # fmt: skip
_MYSQL_LONG = {"T": "%H:%i:%S", "r": "%h:%i:%S %p"}


def mysql_timestamp(text: str, pattern: str) -> datetime:
    """date_parse."""
    expression, fields = _mysql_expression(pattern)
    return _moment(_values(text, expression, fields), text, 1970)


@lru_cache(64)
def _mysql_expression(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    for letter, longer in _MYSQL_LONG.items():
        pattern = pattern.replace(f"%{letter}", longer)
    expression, fields, at = "", list[str](), 0
    while at < len(pattern):
        letter, at = pattern[at], at + 1
        if letter != "%" or at == len(pattern):
            expression += re.escape(letter) if letter != "%" else ""
            continue
        code, at = pattern[at], at + 1
        if code in "DUuVwX":
            raise TrinoError(INVALID, f"%{code} not supported in date format string")
        if code not in _MYSQL:
            expression += re.escape(code)
            continue
        field, digits = _MYSQL[code]
        fields.append(field)
        expression += f"({_alternatives(field) if digits in {'', 'name'} else digits})"
    return re.compile(expression, re.IGNORECASE), tuple(fields)


def _alternatives(field: str) -> str:
    return "|".join(_NAMES[field])


_JODA = {
    "y": "year", "Y": "year", "x": "weekyear", "M": "month", "d": "day", "D": "yearday", "H": "hour", "k": "hour24",
    "h": "hour12", "K": "hour11", "a": "half", "m": "minute", "s": "second", "S": "fraction", "E": "weekday",
    "e": "weekdaynumber", "w": "week", "Z": "zone", "z": "zone", "G": "era",
}  # fmt: skip
_ZONE_OFFSET = (
    r"[+-](?:[01]\d|2[0-3])"
    r"(?::[0-5]\d(?::[0-5]\d(?:[.,]\d{1,3})?)?|[0-5]\d(?:[0-5]\d\d{0,3})?)?"
)
"""Source: org.joda.time.format.DateTimeFormatterBuilder.TimeZoneOffset."""
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?(.*)")
_TEXTS = {"zone", "offset", "half", "fraction"}
_OF_NAME = 3
"""ZZZ is a zone's name, Z and ZZ are offsets."""
_MAX_DIGITS = {"year": 9, "twodigityear": 9, "twodigitweekyear": 9, "weekyear": 9, "yearday": 3, "weekdaynumber": 1}


def joda_timestamp(text: str, pattern: str) -> Zoned:
    """parse_datetime: missing fields are those of 1970-01-01 in UTC (of 2000 with a month or a day).

    A local time that a change of clocks skips is refused.
    """
    expression, fields = _joda_expression(pattern)
    values = _values(text, expression, fields)
    for name in values.keys() & {"twodigityear", "twodigitweekyear"}:
        values[name.removeprefix("twodigit")] = str(_year_of(values.pop(name), datetime.now(UTC).year))
    year = 2000 if values.keys() & {"month", "day", "yearday"} else 1970
    local = _moment(values, text, year)
    zone = "UTC"
    if "zone" in values:
        zone = _named_zone(values["zone"], text)
    elif "offset" in values:
        zone = _zone_of_offset(values["offset"])
    instant = instant_of(local, zone)
    if instant.replace(tzinfo=UTC).astimezone(tzinfo_of(zone)).replace(tzinfo=None) != local:
        message = f'Cannot parse "{text}": Illegal instant due to time zone offset transition ({zone})'
        raise TrinoError(INVALID, message)
    return {"instant": instant, "zone": zone}


def _named_zone(name: str, text: str) -> str:
    """The zone of a name; Trino has not all of Joda's."""
    if name not in zone_names():
        raise wrong(text)
    return _supported(zone_of(name), name)


def _zone_of_offset(offset: str) -> str:
    """The zone of an offset; Trino has none of seconds or of more than 14 hours."""
    found = _OFFSET.fullmatch(offset)
    if found is None:
        return "UTC"
    sign, hours, minutes, rest = found.groups("00")
    return _supported(None if rest.strip(":.,0") else zone_of(f"{sign}{hours}:{minutes}"), offset)


def _supported(zone: str | None, written: str) -> str:
    if zone is None:
        raise TrinoError("NOT_SUPPORTED", f"Time zone not supported: {written}")
    return zone


def _year_of(digits: str, now: int) -> int:
    """The year of yy: two digits are of the hundred years that begin 80 years ago, others are the year itself.

    Source: org.joda.time.format.DateTimeFormat (a pivot 30 years ago) and DateTimeFormatterBuilder.TwoDigitYear.
    """
    first = now - 80
    return first + (int(digits) - first) % 100 if len(digits) == 2 and digits.isdigit() else int(digits)


@lru_cache(64)
def _joda_expression(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    parts = list(filter(None, elements(pattern, "joda")))
    if not parts:
        raise TrinoError(INVALID, "Invalid pattern specification")
    expression, fields = "", list[str]()
    for index, part in enumerate(parts):
        if isinstance(part, str):
            expression += re.escape(part)
            continue
        field = _JODA.get(part.letter)
        if field is None:
            raise TrinoError(INVALID, f"Illegal pattern component: {part}")
        if field in {"year", "weekyear"} and part.count == 2:
            field = f"twodigit{field}"
        if field == "zone" and part.count < _OF_NAME:
            field = "offset"
        if field == "era" or part.letter == "z":
            raise TrinoError("NOT_SUPPORTED", f"The sandbox's Athena does not parse dates with {str(part)!r}")
        fields.append(field)
        expression += f"({_joda_part(part, field, parts[index + 1] if index + 1 < len(parts) else '')})"
    return re.compile(expression, re.IGNORECASE), tuple(fields)


def _joda_part(run: Run, field: str, following: Run | str) -> str:
    if field == "half":
        return "AM|PM"
    if field == "weekday" or (field == "month" and run.count >= 3):
        return _alternatives(field)
    if field == "fraction":
        return rf"\d{{1,{run.count}}}+"
    if field == "zone":
        return r"[A-Za-z][\w/+-]*"
    if field == "offset":
        return f"Z|{_ZONE_OFFSET}"
    before_digits = isinstance(following, Run) and following.letter not in "aEZz"
    most = run.count if before_digits else _MAX_DIGITS.get(field, 2)
    if field.startswith("twodigit") and before_digits:
        return r"\d{2}+"
    return (r"[+-]?" if field.endswith("year") else "") + rf"\d{{{most if before_digits else 1},{most}}}+"


def _values(text: str, expression: re.Pattern[str], fields: tuple[str, ...]) -> dict[str, str]:
    found = expression.fullmatch(text)
    if found is None:
        raise wrong(text)
    return dict(zip(fields, found.groups(), strict=True))


def _moment(values: Mapping[str, str], text: str, year: int) -> datetime:
    numbers = {name: _number(name, value) for name, value in values.items() if name not in _TEXTS}
    for name, number in numbers.items():
        low, high = _RANGES.get(name, (number, number))
        if not low <= number <= high:
            raise TrinoError(INVALID, f'Cannot parse "{text}": Value {number} must be in the range [{low},{high}]')
    hour = numbers.get("hour", numbers.get("hour24", 0) % 24)
    if "hour12" in numbers or "hour11" in numbers or "half" in values:
        half = 12 if values.get("half", "").lower() == "pm" else 0
        hour = numbers.get("hour12", numbers.get("hour11", hour)) % 12 + half
    micros = int(values.get("fraction", "0")[:3].ljust(3, "0")) * 1000
    try:
        day = _day(numbers, year)
        return datetime(day.year, day.month, day.day, hour, numbers.get("minute", 0), numbers.get("second", 0), micros)
    except ValueError as error:
        raise TrinoError(INVALID, f'Cannot parse "{text}": {error}') from error


def _number(name: str, value: str) -> int:
    if not value.lstrip("+-").isdigit():
        names = _NAMES[name]
        return names.index(value.lower()) % (12 if name == "month" else 7) + 1
    number = int(value)
    return number if name != "shortyear" else _PIVOT + (number - _PIVOT) % 100


def _day(numbers: Mapping[str, int], default_year: int) -> date:
    year = numbers.get("year", numbers.get("shortyear", default_year))
    if "week" in numbers or "weekyear" in numbers:
        weekday = numbers.get("weekday", numbers.get("weekdaynumber", 1))
        return date.fromisocalendar(numbers.get("weekyear", year), numbers.get("week", 1), weekday)
    if "yearday" in numbers:
        day = date(year, 1, 1) + timedelta(numbers["yearday"] - 1)
        if day.year != year:
            raise ValueError(f"Value {numbers['yearday']} for dayOfYear must be in the range [1,365]")
        return day
    return date(year, numbers.get("month", 1), numbers.get("day", 1))


def instant_of(local: datetime, zone: str) -> datetime:
    """The UTC time of a local time in a zone; of two, the earlier."""
    return local.replace(tzinfo=tzinfo_of(zone)).astimezone(UTC).replace(tzinfo=None)


@lru_cache(64)
def tzinfo_of(zone: str) -> timezone | ZoneInfo:
    """Python's time zone for one of Trino's."""
    if zone == "UTC":
        return UTC
    if zone[0] not in "+-":
        return ZoneInfo(zone)
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return timezone(timedelta(minutes=minutes if zone[0] == "+" else -minutes))


def zone_text(instant: datetime, zone: str, letters: str) -> str:
    """The zone of format_datetime's Z, ZZ, ZZZ and z."""
    local = instant.replace(tzinfo=UTC).astimezone(tzinfo_of(zone))
    if letters.startswith("Z"):
        offset = f"{local:%z}"
        return {1: offset, 2: f"{offset[:3]}:{offset[3:]}"}.get(len(letters), zone)
    if zone == "UTC":
        return "UTC" if len(letters) < 4 else "Coordinated Universal Time"
    if zone[0] in "+-":
        return zone
    name = local.tzname() or ""
    if len(letters) >= 4 or not name.isalpha():
        raise TrinoError("NOT_SUPPORTED", f"The sandbox's Athena has no name of {zone} for {letters!r}")
    return name


_ISO = re.compile(
    r"(?P<year>[+-]?\d{4,9})?(?:-W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?|-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?"
    r"|-(?P<yearday>\d{3}))?"
    r"(?P<time>T(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?)?(?:[.,](?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?)?"
)


def _iso_values(text: str) -> dict[str, str]:
    found = _ISO.fullmatch(text)
    if not text or found is None:
        raise wrong(text)
    values = {name: value for name, value in found.groupdict().items() if value is not None and name != "time"}
    if "week" in values:
        values["weekyear"] = values.pop("year")
    if "weekday" in values:
        values["weekdaynumber"] = values.pop("weekday")
    return values


@lru_cache(maxsize=256)
def iso_timestamp(text: str) -> Zoned:
    """from_iso8601_timestamp. Cached, because DuckDB's optimizer evaluates a constant of a query dozens of times."""
    values = _iso_values(text)
    if values.get("hour") == "24":
        raise wrong(text)
    fraction = values.get("fraction", "")
    if fraction and "second" not in values:
        raise TrinoError("NOT_SUPPORTED", "The sandbox's Athena only parses fractions of seconds")
    zone = zone_of(values["zone"]) if "zone" in values else "UTC"
    local = _moment(values, text, 1970)
    if zone is None:
        raise wrong(text)
    return {"instant": instant_of(local, zone), "zone": zone}


def iso_date(text: str) -> date:
    """from_iso8601_date."""
    values = _iso_values(text)
    if values.keys() & {"hour", "zone"}:
        raise wrong(text)
    return _moment(values, text, 1970).date()


_UNITS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def human_readable(seconds: float) -> str:
    """The nonzero weeks, days, hours, minutes and seconds of a number of seconds."""
    if seconds != seconds or seconds in {float("inf"), float("-inf")}:
        raise TrinoError(INVALID, f"Invalid argument found: {'NaN' if seconds != seconds else 'Infinity'}")
    rest, parts = int(abs(seconds) + 0.5), list[str]()
    for name, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"
