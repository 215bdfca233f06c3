"""Parsing of text with a pattern of java.time.format.DateTimeFormatter, with the defaults of `DateTimeFormatter.parse`.

By default the resolver is "smart": a 31st of a shorter month is that month's last day, and 24:00 is the next midnight
(java.time.format.ResolverStyle.SMART).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import cache

from sandbox.datepatterns.grammar import Run, UnsupportedPatternError, elements
from sandbox.datepatterns.java import MONTHS

_FIXED = {"yyyy": 4, "uuuu": 4, "DDD": 3, **dict.fromkeys(("MM", "LL", "dd", "HH", "mm", "ss"), 2)}
_ANY_WIDTH = frozenset("yuMLdDHms")
_NAMED = {"MMM": 3, "MMMM": None}
_FIRST: Mapping[str, int] = {"y": 1970, "M": 1, "d": 1, "D": 1, "H": 0, "m": 0, "s": 0}
_SAYS_AGAIN = {"yy": {"y"}, "D": {"D", "M", "d"}, "M": {"M", "D"}, "d": {"d", "D"}}
_UNIT_OF = {"y": "YEARS", "M": "MONTHS", "d": "DAYS", "D": "DAYS", "H": "HOURS", "m": "MINUTES", "s": "SECONDS"}
_UNITS = ("YEARS", "MONTHS", "DAYS", "HOURS", "MINUTES", "SECONDS")


def read(pattern: str, text: str) -> datetime | None:
    """The moment of a text, without a zone; None if the text does not match.

    Missing fields have their first value: a month's first day, a day's first second.

    Raises:
        DatePatternError: Java refuses the pattern, or the sandbox cannot parse with it.
    """
    match = re.fullmatch(_expression(pattern), text, re.ASCII)
    if match is None:
        return None
    values = dict(_FIRST)
    for name, found in match.groupdict().items():
        if name == "S":
            values["us"] = int(found[:6].ljust(6, "0"))
        elif name == "yy":
            values["y"] = 2000 + int(found)
        else:
            values[name] = int(found) if found.isdecimal() else [month[:3] for month in MONTHS].index(found[:3]) + 1
    return _moment(values)


def finest_unit(pattern: str) -> str | None:
    """The finest of YEARS, MONTHS, DAYS, HOURS, MINUTES and SECONDS in a pattern; None if it has no such field.

    Raises:
        DatePatternError: as `read`.
    """
    _expression(pattern)
    fields = [_field(part) for part in elements(pattern, "java") if isinstance(part, Run)]
    units = [_UNIT_OF["y" if field == "yy" else field] for field in fields if field != "S"]
    return max(units, key=_UNITS.index, default=None)


def _moment(values: Mapping[str, int]) -> datetime | None:
    year, month, day = values["y"], values["M"], values["d"]
    if not (1 <= month <= 12 and 1 <= day <= 31 and 1 <= year <= 9999):
        return None
    midnight = (values["H"], values["m"], values["s"], values.get("us", 0)) == (24, 0, 0, 0)
    first = datetime(year, month, min(day, calendar.monthrange(year, month)[1]))
    try:
        dated = first + timedelta(days=values["D"] - 1)
        clock = time(0 if midnight else values["H"], values["m"], values["s"], values.get("us", 0))
    except (OverflowError, ValueError):
        return None
    if dated.year != year or values["D"] < 1:
        return None
    return datetime.combine(dated, clock) + timedelta(days=midnight)


@cache
def _expression(pattern: str) -> str:
    expression: list[str] = []
    seen: set[str] = set()
    before: Run | None = None
    for part in elements(pattern, "java"):
        if isinstance(part, str):
            expression.append(re.escape(part))
            before = None
            continue
        field = _field(part)
        if _SAYS_AGAIN.get(field, {field}) & seen:
            raise UnsupportedPatternError(
                f"the sandbox cannot parse a date in which {str(part)!r} repeats or contradicts an earlier field"
            )
        if before is not None and before.count == 1 and str(part) not in _NAMED:
            raise UnsupportedPatternError(f"the sandbox cannot parse {str(before)!r} directly before {str(part)!r}")
        seen.add("y" if field == "yy" else field)
        expression.append(f"(?P<{field}>{_digits(part)})")
        before = part
    return "".join(expression)


def _field(run: Run) -> str:
    text = str(run)
    if text == "yy" or text == "uu":
        return "yy"
    known = text in _FIXED or text in _NAMED or (run.count == 1 and run.letter in _ANY_WIDTH)
    if not known and not (run.letter == "S" and run.count <= 9):
        raise UnsupportedPatternError(f"reading dates by {text!r} is not supported by the sandbox")
    return {"u": "y", "L": "M"}.get(run.letter, run.letter)


def _digits(run: Run) -> str:
    text = str(run)
    if text in _NAMED:
        return "|".join(month[: _NAMED[text]] for month in MONTHS)
    if run.count == 1 and run.letter != "S":
        return r"\d{1,19}"
    return rf"\d{{{_FIXED.get(text, run.count)}}}"
