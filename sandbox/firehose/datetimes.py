"""Java's DateTimeFormatter patterns, which Firehose's prefixes are written in.

https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html#patterns
in the root locale, as far as a moment in a time zone can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class FormatError(ValueError):
    """A pattern that DateTimeFormatter refuses, or a letter that is not known here."""


def format_datetime(pattern: str, moment: datetime) -> str:
    """An aware datetime in a DateTimeFormatter pattern.

    Raises:
        FormatError: the pattern can't be used.
    """
    return "".join(_element(letter, count, moment) for letter, count in _elements(pattern))


def _elements(pattern: str) -> Iterator[tuple[str, int]]:
    """(letter, how often) for pattern letters, (text, 0) for literal text."""
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "'":
            text, position = _quoted(pattern, position + 1)
            yield text, 0
        elif character.isascii() and character.isalpha():
            end = position
            while end < len(pattern) and pattern[end] == character:
                end += 1
            yield character, end - position
            position = end
        elif character in "{}#":
            raise FormatError(f"{character!r} is reserved in the date pattern {pattern!r}: quote it")
        else:
            yield character, 0
            position += 1


def _quoted(pattern: str, position: int) -> tuple[str, int]:
    if pattern.startswith("'", position):
        return "'", position + 1
    text = ""
    while True:
        end = pattern.find("'", position)
        if end < 0:
            raise FormatError(f"a quote is left open in the date pattern {pattern!r}")
        text += pattern[position:end]
        if not pattern.startswith("''", end):
            return text, end + 1
        text += "'"
        position = end + 2


def _element(letter: str, count: int, moment: datetime) -> str:
    if count == 0:
        return letter
    if letter not in _FIELDS:
        raise FormatError(f"the letter {letter!r} of date patterns is not known here")
    return _FIELDS[letter](count, moment)


def _number(value: Callable[[datetime], int], widest: int) -> Callable[[int, datetime], str]:
    def render(count: int, moment: datetime) -> str:
        if count > widest:
            raise FormatError(f"{count} letters are too many for this field of a date pattern")
        return str(value(moment)).zfill(count)

    return render


def _year(count: int, moment: datetime) -> str:
    return f"{moment.year % 100:02d}" if count == 2 else str(moment.year).zfill(count)


def _name(names: tuple[str, ...], index: Callable[[datetime], int]) -> Callable[[int, datetime], str]:
    """Text of three letters or fewer is short, of four whole, of five the first letter."""

    def render(count: int, moment: datetime) -> str:
        name = names[index(moment)]
        return {4: name, 5: name[0]}.get(count, name[:3])

    return render


def _month(count: int, moment: datetime) -> str:
    if count <= 2:
        return str(moment.month).zfill(count)
    return _name(_MONTHS, lambda moment: moment.month - 1)(count, moment)


def _fraction(count: int, moment: datetime) -> str:
    return f"{moment.microsecond * 1000:09d}"[:count].ljust(count, "0")


def _offset(letter: str) -> Callable[[int, datetime], str]:
    """`X` writes no offset as Z and `x` as digits; one letter leaves out minutes of 0, two and four the colon."""

    def render(count: int, moment: datetime) -> str:
        hours, minutes = _hours_and_minutes(moment)
        if letter == "X" and (hours[1:], minutes) == ("00", "00"):
            return "Z"
        if count == 1:
            return hours + (minutes if minutes != "00" else "")
        return hours + ("" if count in {2, 4} else ":") + minutes

    return render


def _zone_offset(count: int, moment: datetime) -> str:
    hours, minutes = _hours_and_minutes(moment)
    if count <= 3:
        return hours + minutes
    is_utc = (hours[1:], minutes) == ("00", "00")
    if count == 4:
        return "GMT" if is_utc else f"GMT{hours}:{minutes}"
    return "Z" if is_utc else f"{hours}:{minutes}"


def _hours_and_minutes(moment: datetime) -> tuple[str, str]:
    offset = moment.utcoffset() or timedelta()
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}", f"{minutes % 60:02d}"


def _quarter(count: int, moment: datetime) -> str:
    quarter = (moment.month - 1) // 3 + 1
    if count <= 2:
        return str(quarter).zfill(count)
    return f"Q{quarter}"


_FIELDS: dict[str, Callable[[int, datetime], str]] = {
    "y": _year,
    "u": _year,
    "M": _month,
    "L": _month,
    "d": _number(lambda moment: moment.day, 2),
    "D": _number(lambda moment: moment.timetuple().tm_yday, 3),
    "E": _name(_DAYS, lambda moment: moment.weekday()),
    "Q": _quarter,
    "q": _quarter,
    "a": lambda _count, moment: "AM" if moment.hour < 12 else "PM",
    "H": _number(lambda moment: moment.hour, 2),
    "k": _number(lambda moment: moment.hour or 24, 2),
    "K": _number(lambda moment: moment.hour % 12, 2),
    "h": _number(lambda moment: moment.hour % 12 or 12, 2),
    "m": _number(lambda moment: moment.minute, 2),
    "s": _number(lambda moment: moment.second, 2),
    "S": _fraction,
    "A": _number(lambda moment: (moment.hour * 3600 + moment.minute * 60 + moment.second) * 1000, 19),
    "n": _number(lambda moment: moment.microsecond * 1000, 19),
    "X": _offset("X"),
    "x": _offset("x"),
    "Z": _zone_offset,
    "z": lambda _count, moment: moment.tzname() or "",
    "V": lambda _count, moment: str(moment.tzinfo),
}
