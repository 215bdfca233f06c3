"""java.time.format.DateTimeFormatter: formatting and parsing of a moment.

https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/time/format/DateTimeFormatter.html#patterns
in the locale en-US, a server's default. Fields that depend on a locale's weeks or on zone names are refused, because no
source documents AWS's locale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.datepatterns.grammar import DatePatternError, Run, UnsupportedPatternError, elements

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_Writer = Callable[[datetime], str]
_Field = Callable[[int], _Writer]
_UNSUPPORTED: Mapping[str, str] = {
    **dict.fromkeys("YwWFec", "weeks, whose first day depends on the locale"),
    **dict.fromkeys("vz", "the names of zones"),
    "B": "the periods of a day",
    "p": "padding",
}


def write(pattern: str, moment: datetime) -> str:
    """Format an aware datetime.

    Raises:
        DatePatternError: the pattern cannot be used.
    """
    return "".join(part if isinstance(part, str) else _writer(part)(moment) for part in elements(pattern, "java"))


def _writer(run: Run) -> _Writer:
    if run.letter in _UNSUPPORTED:
        what = f"{_UNSUPPORTED[run.letter]} ({str(run)!r} of a date pattern)"
        hint = ": the year of the calendar is yyyy" if run.letter == "Y" else ""
        raise UnsupportedPatternError(f"the sandbox does not support {what}{hint}")
    if run.letter not in _FIELDS:
        raise DatePatternError(f"the letter {run.letter!r} of date patterns is unknown to Java")
    return _FIELDS[run.letter](run.count)


def _too_many(count: int, most: int) -> None:
    if count > most:
        raise DatePatternError(f"{count} letters are too many for this field of a date pattern")


def _number(value: Callable[[datetime], int], most: int) -> _Field:
    def field(count: int) -> _Writer:
        _too_many(count, most)
        return lambda moment: str(value(moment)).zfill(count)

    return field


def _year(count: int) -> _Writer:
    _too_many(count, 19)
    if count == 2:
        return lambda moment: f"{moment.year % 100:02d}"
    return lambda moment: str(moment.year).zfill(count)


def _name(names: tuple[str, ...], index: Callable[[datetime], int]) -> _Field:
    """A field of a name: up to three letters are the short form, four the full form, five the first letter."""

    def field(count: int) -> _Writer:
        _too_many(count, 5)
        cut = {4: slice(None), 5: slice(1)}.get(count, slice(3))
        return lambda moment: names[index(moment)][cut]

    return field


def _month(count: int) -> _Writer:
    if count <= 2:
        return lambda moment: str(moment.month).zfill(count)
    return _name(MONTHS, lambda moment: moment.month - 1)(count)


def _quarter(count: int) -> _Writer:
    _too_many(count, 5)
    forms = {1: "{0}", 2: "0{0}", 3: "Q{0}", 4: "{0}{1} quarter", 5: "{0}"}

    def quarter(moment: datetime) -> str:
        number = (moment.month - 1) // 3 + 1
        return forms[count].format(number, ("st", "nd", "rd", "th")[number - 1])

    return quarter


def _era(count: int) -> _Writer:
    _too_many(count, 5)
    text = {4: "Anno Domini", 5: "A"}.get(count, "AD")
    return lambda _: text


def _half_of_day(count: int) -> _Writer:
    _too_many(count, 1)
    return lambda moment: "AM" if moment.hour < 12 else "PM"


def _fraction(count: int) -> _Writer:
    _too_many(count, 9)
    return lambda moment: f"{moment.microsecond * 1000:09d}"[:count]


def _offset(letter: str) -> _Field:
    """A field of the offset.

    `X` writes a zero offset as Z and `x` as digits; one letter omits zero minutes, two and four omit the colon.
    """

    def field(count: int) -> _Writer:
        _too_many(count, 5)

        def offset(moment: datetime) -> str:
            hours, minutes = _hours_and_minutes(moment)
            if letter == "X" and (hours[1:], minutes) == ("00", "00"):
                return "Z"
            if count == 1:
                return hours + (minutes if minutes != "00" else "")
            return hours + ("" if count in {2, 4} else ":") + minutes

        return offset

    return field


def _zone_offset(count: int) -> _Writer:
    _too_many(count, 5)
    if count <= 3:
        return lambda moment: "".join(_hours_and_minutes(moment))
    return _localized_offset(4) if count == 4 else _offset("X")(5)


def _localized_offset(count: int) -> _Writer:
    if count not in {1, 4}:
        raise DatePatternError("the letter 'O' of date patterns must occur once or four times")

    def offset(moment: datetime) -> str:
        hours, minutes = _hours_and_minutes(moment)
        if (hours[1:], minutes) == ("00", "00"):
            return "GMT"
        if count == 4:
            return f"GMT{hours}:{minutes}"
        return f"GMT{hours[0]}{int(hours[1:])}" + (f":{minutes}" if minutes != "00" else "")

    return offset


def _zone_id(count: int) -> _Writer:
    if count != 2:
        raise DatePatternError("the letter 'V' of date patterns must occur twice")

    def zone(moment: datetime) -> str:
        if isinstance(moment.tzinfo, ZoneInfo):
            return moment.tzinfo.key
        return "UTC" if moment.tzinfo is UTC else ":".join(_hours_and_minutes(moment))

    return zone


def _hours_and_minutes(moment: datetime) -> tuple[str, str]:
    offset = moment.utcoffset() or timedelta()
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}", f"{minutes % 60:02d}"


def _nano_of_day(moment: datetime) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 10**9 + moment.microsecond * 1000


_FIELDS: Mapping[str, _Field] = {
    "G": _era,
    "y": _year,
    "u": _year,
    "M": _month,
    "L": _month,
    "d": _number(lambda moment: moment.day, 2),
    "D": _number(lambda moment: moment.timetuple().tm_yday, 3),
    "E": _name(DAYS, lambda moment: moment.weekday()),
    "Q": _quarter,
    "q": _quarter,
    "a": _half_of_day,
    "H": _number(lambda moment: moment.hour, 2),
    "k": _number(lambda moment: moment.hour or 24, 2),
    "K": _number(lambda moment: moment.hour % 12, 2),
    "h": _number(lambda moment: moment.hour % 12 or 12, 2),
    "m": _number(lambda moment: moment.minute, 2),
    "s": _number(lambda moment: moment.second, 2),
    "S": _fraction,
    "A": _number(lambda moment: _nano_of_day(moment) // 10**6, 19),
    "n": _number(lambda moment: moment.microsecond * 1000, 19),
    "N": _number(_nano_of_day, 19),
    "X": _offset("X"),
    "x": _offset("x"),
    "Z": _zone_offset,
    "O": _localized_offset,
    "V": _zone_id,
}
