"""Times on the command line: `now`, before now (15m), or in ISO 8601."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

# Five digits of days stay within Python's range of dates.
_DURATION = re.compile(r"([0-9]{1,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Parse 30s, 15m, 2h or 1d. Raises: ArgumentTypeError: anything else."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not a duration such as 30s, 15m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def interval(text: str) -> timedelta:
    """Parse a duration of a second or more, of what is repeated. Raises: ArgumentTypeError: anything else."""
    found = duration(text)
    if not found:
        raise ArgumentTypeError(f"{text!r} leaves no pause: take at least 1s")
    return found


def moment(text: str) -> datetime:
    """Parse a time to the second, in UTC: `now`, a duration before now, or ISO 8601 (without an offset: UTC).

    Raises: ArgumentTypeError: anything else, or a time in the future.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    if text == "now":
        return now
    if _DURATION.fullmatch(text):
        return now - duration(text)
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is not a time such as now, 15m, 2h, 1d or 2026-01-31T12:00:00Z") from None
    if found > now:
        raise ArgumentTypeError(f"{text!r} is in the future")
    return found
