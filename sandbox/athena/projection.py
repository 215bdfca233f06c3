"""Partition projection: a table's partitions, computed from its properties.

Source of the rules: Amazon Athena User Guide, "Supported types for partition projection". Values are tested instead of
enumerated: `Projection.contains` returns whether Athena would project a value from an object's key, so the size of a
range does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sandbox.athena.errors import StatementError
from sandbox.datepatterns import DatePatternError
from sandbox.datepatterns.java import write
from sandbox.datepatterns.reading import finest_unit, read

_NOW = re.compile(r"\s*NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.IGNORECASE)
_SECONDS = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600, "DAYS": 86400, "WEEKS": 604800}
_MONTHS = {"MONTHS": 1, "YEARS": 12}
_UNITS = ("YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS")


class Projection(Protocol):
    """One partition column's projection."""

    def contains(self, value: str, now: datetime) -> bool:
        """Return whether Athena projects `value`; `now` is the time of the query, UTC without a zone."""
        ...


@dataclass(frozen=True)
class Enumerated:
    """projection.<column>.type = enum."""

    values: frozenset[str]

    def contains(self, value: str, now: datetime) -> bool:
        """Return whether the value is one of the listed values."""
        del now
        return value in self.values


@dataclass(frozen=True)
class Integers:
    """projection.<column>.type = integer: a range, both ends included, a step, and a fixed number of digits."""

    low: int
    high: int
    interval: int
    digits: int

    def contains(self, value: str, now: datetime) -> bool:
        """Return whether the value is on the grid and in Athena's form."""
        del now
        try:
            number = int(value)
        except ValueError:
            return False
        sign = "-" if number < 0 else ""
        text = f"{sign}{abs(number):0{self.digits}d}"
        return text == value and self.low <= number <= self.high and (number - self.low) % self.interval == 0


@dataclass(frozen=True)
class Dates:
    """projection.<column>.type = date: a range in the column's format or relative to NOW, and a step."""

    format: str
    low: str
    high: str
    interval: int
    unit: str

    def contains(self, value: str, now: datetime) -> bool:
        """Return whether the value is on the grid from the range's start, truncated to the format's precision."""
        moment = read(self.format, value)
        if moment is None or self._written(moment) != value:
            return False
        low, high = self._bound(self.low, now), self._bound(self.high, now)
        return low <= moment <= high and self._on_grid(low, moment)

    def _written(self, moment: datetime) -> str:
        return write(self.format, moment.replace(tzinfo=UTC))

    def _bound(self, text: str, now: datetime) -> datetime:
        relative = _NOW.fullmatch(text)
        if relative is None:
            moment = read(self.format, text.strip())
            if moment is None:
                raise _invalid(f"the range's {text!r} does not match the format {self.format!r}")
            return moment
        if relative[1]:
            now = shift(now, int(relative[1] + relative[2]), relative[3].upper() + "S")
        cut = read(self.format, self._written(now))
        return cut if cut is not None else now

    def _on_grid(self, low: datetime, moment: datetime) -> bool:
        if self.unit in _MONTHS:
            step = self.interval * _MONTHS[self.unit]
            months = (moment.year - low.year) * 12 + moment.month - low.month
            return months % step == 0 and shift(low, months, "MONTHS") == moment
        step_s = self.interval * _SECONDS[self.unit]
        return (moment - low) % timedelta(seconds=step_s) == timedelta(0)


@dataclass(frozen=True)
class Injected:
    """projection.<column>.type = injected: any value that the query names."""

    def contains(self, value: str, now: datetime) -> bool:
        """Return True: the query names the value."""
        del now
        return bool(value)


def projections(columns: list[str], parameters: Mapping[str, str]) -> dict[str, Projection] | None:
    """The projection of each partition column; None if the table's properties do not enable it.

    Raises:
        StatementError: HIVE_INVALID_METADATA, if a property is missing or invalid.
    """
    if str(parameters.get("projection.enabled", "false")).strip().lower() != "true":
        return None
    return {column: _projection(column, parameters) for column in columns}


def shift(moment: datetime, count: int, unit: str) -> datetime:
    """`moment` plus `count` units (YEARS … SECONDS); the day is limited to the month's last."""
    if unit not in _MONTHS:
        return moment + timedelta(seconds=count * _SECONDS[unit])
    month = moment.month - 1 + count * _MONTHS[unit]
    year, month = moment.year + month // 12, month % 12 + 1
    first_of_next = datetime(year + month // 12, month % 12 + 1, 1)
    last_day = (first_of_next - timedelta(days=1)).day
    return moment.replace(year=year, month=month, day=min(moment.day, last_day))


def _projection(column: str, parameters: Mapping[str, str]) -> Projection:
    def property_of(name: str, default: str | None = None) -> str:
        value = parameters.get(f"projection.{column}.{name}", default)
        if value is None:
            raise _invalid(f"property projection.{column}.{name} is missing")
        return str(value)

    kind = property_of("type").strip().lower()
    if kind == "enum":
        return Enumerated(frozenset(property_of("values").split(",")))
    if kind == "injected":
        return Injected()
    if kind not in {"integer", "date"}:
        raise _invalid(f"projection.{column}.type is {kind!r}; it must be enum, integer, date or injected")
    low, comma, high = property_of("range").partition(",")
    if not comma or "," in high:
        raise _invalid(f"projection.{column}.range must be two values with a comma between them")
    interval = _positive(property_of("interval", "1"), f"projection.{column}.interval")
    if kind == "integer":
        digits = _positive(property_of("digits", "1"), f"projection.{column}.digits")
        try:
            return Integers(int(low), int(high), interval, digits)
        except ValueError as error:
            raise _invalid(f"projection.{column}.range: {error}") from error
    format_ = property_of("format")
    finest = _finest_unit(format_)
    # A day or a month is the default if it is the format's precision; otherwise the unit is required.
    default_unit = finest if finest in {"DAYS", "MONTHS"} else None
    unit = property_of("interval.unit", default_unit).strip().upper()
    if unit not in _UNITS:
        raise _invalid(f"projection.{column}.interval.unit is {unit!r}; it must be one of {', '.join(_UNITS)}")
    return Dates(format_, low, high, interval, unit)


def _finest_unit(java_format: str) -> str:
    try:
        unit = finest_unit(java_format)
    except DatePatternError as error:
        raise _invalid(f"the date format {java_format!r}: {error}") from error
    if unit is None:
        raise _invalid(f"the date format {java_format!r} has no date")
    return unit


def _positive(text: str, name: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise _invalid(f"{name} is {text!r}; it must be an integer of at least 1")
    return int(text)


def _invalid(message: str) -> StatementError:
    return StatementError("HIVE_INVALID_METADATA", f"Table's partition projection: {message}")
