"""Joda-Time's patterns, for format_datetime and parse_datetime, as DuckDB's SQL.

https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html in English, as Trino calls it for a
session in UTC (Trino documentation, "Date and time functions and operators", "Java date functions"). The sandbox stores
no zone with a time: its times with time zone are in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.athena.errors import StatementError
from sandbox.datepatterns import Run, elements

DATE_PATTERN = "date pattern"
"""The beginning, followed by a colon, of the message about a text that does not match its pattern."""
_STRFTIME: Mapping[str, str] = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "yy": "%y",
    "YY": "%y",
    "MM": "%m",
    "M": "%-m",
    "MMM": "%b",
    "dd": "%d",
    "d": "%-d",
    "DDD": "%j",
    "D": "%-j",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "e": "%u",
}
_NUMBERS: Mapping[str, str] = {
    "y": "year(t)",
    "Y": "year(t)",
    "x": "isoyear(t)",
    "C": "(year(t) // 100)",
    "w": "week(t)",
    "e": "isodow(t)",
    "D": "dayofyear(t)",
    "M": "month(t)",
    "d": "day(t)",
    "H": "hour(t)",
    "m": "minute(t)",
    "s": "second(t)",
    "K": "(hour(t) % 12)",
    "k": "((hour(t) + 23) % 24 + 1)",
    "h": "((hour(t) + 11) % 12 + 1)",
}
_YEARS = "yYx"
_UNZONED = (
    "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type does not contain TZ information"
)


def formatted(value: str, pattern: str, *, zoned: bool, zone: str = "") -> str:
    """SQL for the text of a time by a pattern; null for null.

    `value` is the SQL of the time, which is used once. `zone` is the SQL of the value with its zone; without it, a time
    with a zone is in UTC.

    Raises:
        StatementError: INVALID_FUNCTION_ARGUMENT, if Joda-Time refuses the pattern, or it has a zone and the time
            has none.
    """
    pieces: list[tuple[bool, str]] = []
    for part in filter(None, elements(pattern, "joda")):
        if isinstance(part, str):
            is_directive, text = True, part.replace("%", "%%")
        else:
            is_directive, text = _piece(part, zoned=zoned, zone=zone)
        if is_directive and pieces and pieces[-1][0]:
            pieces[-1] = (True, pieces[-1][1] + text)
        else:
            pieces.append((is_directive, text))
    if not pieces:
        raise StatementError("INVALID_FUNCTION_ARGUMENT", "Invalid pattern specification")
    written = [f"strftime(t, {literal(text)})" if is_directive else text for is_directive, text in pieces]
    if len(written) == 1 and pieces[0][0]:
        return f"strftime({value}, {literal(pieces[0][1])})"
    return f"list_transform([{value}], lambda t: {' || '.join(written)})[1]"


def _piece(run: Run, *, zoned: bool, zone: str) -> tuple[bool, str]:
    """A directive of strftime (True), or SQL for the time `t` (False)."""
    text, letter, count = str(run), run.letter, run.count
    if text in _STRFTIME:
        return True, _STRFTIME[text]
    if letter == "M" and count >= 4:
        return True, "%B"
    if letter == "E":
        return True, "%A" if count >= 4 else "%a"
    if letter == "a":
        return True, "%p"
    if letter == "G":
        return True, "AD"
    if letter in "zZ":
        named = f"athena_zone_text(athena_utc({zone}), athena_zone_name({zone}), {literal(text)})"
        return (False, named) if zone else (True, _zone(letter, count, zoned=zoned))
    if letter == "S":
        return False, f"substr(strftime(t, '%g'), 1, {count}) || '{'0' * (count - 3)}'"
    if letter in _NUMBERS:
        number = f"({_NUMBERS[letter]} % 100)" if letter in _YEARS and count == 2 else _NUMBERS[letter]
        return False, f"printf('%0{count}d', {number})"
    raise _illegal(run)


def _zone(letter: str, count: int, *, zoned: bool) -> str:
    if not zoned:
        raise StatementError("INVALID_FUNCTION_ARGUMENT", _UNZONED)
    if letter == "z":
        return "Coordinated Universal Time" if count >= 4 else "UTC"
    return {1: "+0000", 2: "+00:00"}.get(count, "UTC")


def _illegal(run: Run) -> StatementError:
    return StatementError("INVALID_FUNCTION_ARGUMENT", f"Illegal pattern component: {run}")


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
# The maximum number of digits of each field in parsing (DateTimeFormatterBuilder.appendDayOfYear and its like).
_MAX_DIGITS = {"y": 9, "Y": 9, "D": 3, **dict.fromkeys("MdHhKkms", 2)}
_QUANTITY = {"y": "year", "Y": "year", "M": "month", "d": "day", "D": "day of the year", "S": "fraction"} | {
    "H": "hour",
    "k": "hour",
    "h": "hour of the half day",
    "K": "hour of the half day",
    "a": "half of the day",
    "m": "minute",
    "s": "second",
}
_CONTRADICT = ({"day", "day of the year"}, {"month", "day of the year"}, {"hour", "hour of the half day"})
_RANGES = {
    "M": "monthOfYear [1,12]",
    "d": "dayOfMonth [1,31]",
    "D": "dayOfYear [1,366]",
    "H": "hourOfDay [0,23]",
    "k": "clockhourOfDay [1,24]",
    "h": "clockhourOfHalfday [1,12]",
    "K": "hourOfHalfday [0,11]",
    "m": "minuteOfHour [0,59]",
    "s": "secondOfMinute [0,59]",
}
_BY_LENGTH = "yYMdDaHkhKmsS"
_LAST = {"d": "day(last_day(make_date({year}, {month}, 1)))", "D": "dayofyear(make_date({year}, 12, 31))"}


def parsed(value: str, pattern: str) -> str:
    """SQL for the timestamp, in UTC, that a pattern parses from a text; null for null.

    `value` is the SQL of the text, which is used once. Fields that the pattern lacks are those of 1970-01-01T00:00, but
    the year is 2000 if there is a month or a day (DateTimeParserBucket.computeMillis). A text that does not match the
    pattern fails the query with INVALID_FUNCTION_ARGUMENT, as does a pattern that Joda-Time refuses; a pattern that the
    sandbox cannot parse with fails with NOT_SUPPORTED.
    """
    expression, letters = _expression(pattern)
    names = ", ".join(literal(_group(letter)) for letter in letters)
    group = f"regexp_extract(t, {literal(expression)}, [{names}])" if letters else "NULL"
    invalid = _failure("""'Invalid format: "' || t || '"'""")
    checks = [f"WHEN NOT regexp_full_match(t, {literal(expression)}) THEN {invalid}"]
    year, month, day = _date(letters, pattern)
    moment = f"make_timestamp({year}, {month}, {day}, {_hour(letters)}, {_or_zero('m', letters)}, {_seconds(letters)})"
    if "D" in letters:
        moment = f"({moment} + to_days({_integer('D')} - 1))"
    # Joda-Time evaluates the longest field first.
    for letter in sorted(letters, key=_BY_LENGTH.index):
        if letter in _RANGES:
            name, interval = _RANGES[letter].split(" ")
            low, high = interval.strip("[]").split(",")
            number = month if letter == "M" else _integer(letter)
            checks.append(f"WHEN {number} NOT BETWEEN {low} AND {high} THEN {_refused(number, name, interval)}")
        if letter in _LAST:
            last = _LAST[letter].format(year=year, month=month)
            name = _RANGES[letter].split(" ")[0]
            checks.append(f"WHEN {_integer(letter)} > {last} THEN {_refused(_integer(letter), name, last=last)}")
    body = f"CASE {' '.join(checks)} ELSE {moment} END"
    return f"list_transform([{value}], lambda t: list_transform([{group}], lambda g: {body})[1])[1]"


def _refused(number: str, field: str, interval: str = "", last: str = "") -> str:
    reason = f"' for {field} must be in the range {interval}'"
    if last:
        reason = f"' for {field} must be in the range [1,' || {last} || ']'"
    return _failure(f"""'Cannot parse "' || t || '": Value ' || {number} || {reason}""")


def _failure(message: str) -> str:
    """SQL that fails with a message. DuckDB's `error` is volatile, which TRY does not accept."""
    return f"CAST('{DATE_PATTERN}: ' || {message} AS TIMESTAMP)"


def _expression(pattern: str) -> tuple[str, list[str]]:
    """A regular expression with a group for each letter, and the letters."""
    parts = list(filter(None, elements(pattern, "joda")))
    if not parts:
        raise StatementError("INVALID_FUNCTION_ARGUMENT", "Invalid pattern specification")
    expression, letters, quantities = "(?i)", list[str](), set[str]()
    for index, part in enumerate(parts):
        if isinstance(part, str):
            expression += escaped(part)
            continue
        quantity = _readable(part)
        if any(quantity in pair and pair & quantities for pair in ({quantity}, *_CONTRADICT)):
            raise _unreadable(f"{str(part)!r}, which repeats or contradicts an earlier part,")
        quantities.add(quantity)
        letters.append(part.letter)
        following = parts[index + 1] if index + 1 < len(parts) else ""
        expression += f"({_digits(part, following)})"
    if "half of the day" in quantities and "hour" in quantities:
        raise _unreadable("'a' with an hour of the whole day")
    return expression, letters


def _readable(run: Run) -> str:
    """The expression of a run; raises StatementError if the sandbox or Joda-Time cannot parse with it."""
    if run.letter not in _QUANTITY:
        if run.letter in "GCxwEeZz":
            raise _unreadable(repr(str(run)))
        raise _illegal(run)
    if run.letter in "yY" and run.count == 2:
        raise _unreadable(f"{str(run)!r} (a century that moves with today's date)")
    return _QUANTITY[run.letter]


def _unreadable(what: str) -> StatementError:
    return StatementError("NOT_SUPPORTED", f"The sandbox's Athena does not read dates by {what} in a pattern")


def _digits(run: Run, following: Run | str) -> str:
    if run.letter == "a":
        return "AM|PM"
    if run.letter == "M" and run.count >= 3:
        return "|".join((*_LONG, *_SHORT))
    if run.letter == "S":
        return rf"\d{{0,{run.count}}}"
    next_letter = following.letter if isinstance(following, Run) and not _is_name(following) else "a"
    before_digits = next_letter != "a"
    # Joda-Time consumes all available digits and leaves none to the next part, which needs one.
    sign, most = (r"[+-]?", run.count if before_digits else 9) if run.letter in "yY" else ("", _MAX_DIGITS[run.letter])
    fewest = most if before_digits and next_letter != "S" else 1
    return rf"{sign}\d{{{fewest},{most}}}"


def _is_name(run: Run) -> bool:
    return run.letter == "M" and run.count >= 3


def _group(letter: str) -> str:
    """A letter's group name, because DuckDB ignores the case of these."""
    return f"{'upper' if letter.isupper() else 'lower'}_{letter.lower()}"


def _integer(letter: str) -> str:
    return f"CAST(g.{_group(letter)} AS INTEGER)"


def _month(pattern: str) -> str:
    run = next(part for part in elements(pattern, "joda") if isinstance(part, Run) and part.letter == "M")
    names = ", ".join(map(literal, _SHORT))
    return f"list_position([{names}], lower(substr(g.{_group('M')}, 1, 3)))" if _is_name(run) else _integer("M")


def _date(letters: Sequence[str], pattern: str) -> tuple[str, str, str]:
    year = next((_integer(letter) for letter in letters if letter in "yY"), "")
    year = year or ("2000" if set(letters) & set("MdD") else "1970")
    return year, _month(pattern) if "M" in letters else "1", _integer("d") if "d" in letters else "1"


def _or_zero(letter: str, letters: Sequence[str]) -> str:
    return _integer(letter) if letter in letters else "0"


def _hour(letters: Sequence[str]) -> str:
    letter = next((letter for letter in letters if letter in "HkhK"), "")
    half = f"CASE WHEN upper(g.{_group('a')}) = 'PM' THEN 12 ELSE 0 END" if "a" in letters else "0"
    if not letter:
        return half
    hour = {"H": "{}", "k": "{} % 24", "h": "{} % 12", "K": "{}"}[letter].format(_integer(letter))
    return f"({hour} + {half})"


def _seconds(letters: Sequence[str]) -> str:
    fraction = f"CAST('0.' || substr(g.{_group('S')}, 1, 3) || '0' AS DOUBLE)" if "S" in letters else "0"
    return f"({_or_zero('s', letters)} + {fraction})"


def escaped(text: str) -> str:
    """A regular expression that matches only this text."""
    return "".join(letter if letter.isalnum() or letter.isspace() else f"\\{letter}" for letter in text)
