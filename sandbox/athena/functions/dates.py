"""Parts, sums and differences of dates and times: https://trino.io/docs/435/functions/datetime.html."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.athena.conversions.moments import from_text
from sandbox.athena.errors import StatementError
from sandbox.athena.functions.building import checked, invalid, once
from sandbox.athena.functions.function import TrinoFunction, TypedCall, entry
from sandbox.athena.functions.native import Native
from sandbox.athena.sql import literal
from sandbox.athena.values import null

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_TIME_UNITS = ("millisecond", "second", "minute", "hour")
_MS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_MOMENTS = ("date", "timestamp(p)", "timestamp(p) with time zone")
_TIMES = ("time(p)", "timestamp(p)", "timestamp(p) with time zone")
_LENGTHS = {"date": _DATE_UNITS, "time": _TIME_UNITS}
_FIELDS = {"date": "DATE", "time": "TIME"}


def local(sql: str, type_name: str) -> str:
    """SQL for the local date or time of a value, which may have a time zone."""
    return f"athena_local({sql})" if type_name == "timestamp with time zone" else sql


def _unit(call: TypedCall, units: Callable[[str], tuple[str, ...]]) -> str | None:
    """The unit of a call in lower case; None if the type lacks the unit, which fails when it is evaluated."""
    unit = call.arguments[0].constant
    if not isinstance(unit, str):
        raise StatementError("NOT_SUPPORTED", f"The sandbox's Athena needs the unit of {call.name} as a literal")
    return unit.lower() if unit.lower() in units(call.arguments[-1].type.name) else None


def _with_unit(body: Callable[[TypedCall], str]) -> Callable[[TypedCall], str]:
    """Apply a body to a unit; the literal NULL as unit returns NULL."""
    return lambda call: null(call.type) if call.arguments[0].is_null else body(call)


def _wrong_unit(call: TypedCall) -> str:
    """The failure of a call with a unit that its type lacks; NULL where another argument is NULL."""
    kind = _FIELDS.get(call.arguments[-1].type.name, "TIMESTAMP")
    known = " AND ".join(f"{call[i]} IS NOT NULL" for i in range(1, len(call)))
    wrong = invalid(literal(f"'{call.arguments[0].constant}' is not a valid {kind} field"), call.type)
    return f"CASE WHEN {known} THEN {wrong} END"


def _units_of(type_name: str) -> tuple[str, ...]:
    return _LENGTHS.get(type_name, (*_TIME_UNITS, *_DATE_UNITS))


def _truncated(call: TypedCall) -> str:
    type_name, unit = call.arguments[1].type.name, _unit(call, _units_of)
    if unit is None:
        return _wrong_unit(call)
    if type_name == "date":
        return call[1] if unit == "day" else f"CAST(date_trunc('{unit}', {call[1]}) AS DATE)"
    if type_name == "time":
        us = _MS[unit] * 1000
        return once([call[1]], lambda a: f"({a[0]} - to_microseconds(epoch_us({a[0]}) % {us}))")
    if type_name == "timestamp":
        return f"date_trunc('{unit}', {call[1]})"
    if unit in _TIME_UNITS:
        # Within the hour the instant moves, so that the second of two equal local times stays the second.
        return once([call[1]], lambda a: f"athena_zoned_truncated({a[0]}, '{unit}')")
    return once(
        [call[1]], lambda a: f"athena_zoned(date_trunc('{unit}', athena_local({a[0]})), athena_zone_name({a[0]}))"
    )


def _added(call: TypedCall) -> str:
    type_name, unit = call.arguments[2].type.name, _unit(call, _units_of)
    if unit is None:
        return _wrong_unit(call)
    count, value = call[1], call[2]
    if type_name == "date":
        if unit in _MONTHS:
            return f"CAST({value} + to_months(({count} * {_MONTHS[unit]})::INTEGER) AS DATE)"
        return f"({value} + ({count} * {_MS[unit] // _MS['day']})::INTEGER)"
    if type_name == "time":
        moment = f"(make_timestamp(epoch_us({value})) + to_milliseconds({count} * {_MS[unit]}))"
        return f"CAST({_rounded(moment, call)} AS TIME)"
    if type_name == "timestamp":
        return _rounded(f"({value} + {_interval(unit, count)})", call)
    if unit in _TIME_UNITS:
        sum_ = _rounded(f"(athena_utc({{0}}) + {_interval(unit, '{1}')})", call)
        return checked(call, lambda a: f"{{'instant': {sum_.format(a[2], a[1])}, 'zone': athena_zone_name({a[2]})}}")
    return checked(call, lambda a: f"athena_shifted({a[2]}, athena_local({a[2]}) + {_interval(unit, a[1])})")


def _rounded(sql: str, call: TypedCall) -> str:
    """A time keeps its precision: milliseconds added to whole seconds are rounded."""
    digits = call.type.precision
    return sql if digits >= 3 else f"athena_digits({sql}, {10 ** (6 - digits)})"


def _interval(unit: str, count: str) -> str:
    if unit in _MONTHS:
        return f"to_months(({count} * {_MONTHS[unit]})::INTEGER)"
    if unit in {"day", "week"}:
        return f"to_days(({count} * {_MS[unit] // _MS['day']})::INTEGER)"
    return f"to_milliseconds({count} * {_MS[unit]})"


def _difference(call: TypedCall) -> str:
    type_name, unit = call.arguments[2].type.name, _unit(call, _units_of)
    if unit is None:
        return _wrong_unit(call)
    if type_name == "date" and unit in {"day", "week"}:
        days = f"({call[2]} - {call[1]})"
        return f"CAST({days} AS BIGINT)" if unit == "day" else f"CAST(trunc({days} / 7) AS BIGINT)"
    if type_name == "timestamp with time zone":
        return checked(call, lambda a: _zoned_difference(unit, a[1], a[2]))
    if type_name == "timestamp":
        return _local_difference(unit, _whole_ms(call, 1), _whole_ms(call, 2))
    return _local_difference(unit, call[1], call[2])


def _whole_ms(call: TypedCall, index: int) -> str:
    """A timestamp whose difference is taken: Trino first leaves out what is below a millisecond (DateDiff)."""
    return call[index] if call.arguments[index].type.precision <= 3 else f"date_trunc('millisecond', {call[index]})"


def _local_difference(unit: str, start: str, end: str) -> str:
    if unit in _MONTHS:
        months = f"athena_months_between({start}::TIMESTAMP, {end}::TIMESTAMP)"
        return f"({months})" if unit == "month" else f"athena_quotient({months}, {_MONTHS[unit]})"
    return f"athena_quotient(epoch_us({end}) - epoch_us({start}), {_MS[unit] * 1000})"


def _zoned_difference(unit: str, start: str, end: str) -> str:
    """The difference: of the instants for hours and less; of the first zone's local times for days and more."""
    first, last = (f"date_trunc('millisecond', athena_utc({moment}))" for moment in (start, end))
    if unit in _TIME_UNITS:
        return _local_difference(unit, first, last)
    zone = f"athena_zone_name({start})"
    return _local_difference(unit, f"athena_in_zone({first}, {zone})", f"athena_in_zone({last}, {zone})")


def _part(sql: str) -> Callable[[TypedCall], str]:
    """A part of a date or time: DuckDB's SQL over its local value."""
    return lambda call: f"CAST({sql.format(local(call[0], call.arguments[0].type.name))} AS BIGINT)"


def _interval_part(divisor: int, limit: int | None) -> Callable[[TypedCall], str]:
    def sql(call: TypedCall) -> str:
        quotient = f"athena_quotient({call[0]}, {divisor})"
        return f"CAST({quotient if limit is None else f'(({quotient}) % {limit})'} AS BIGINT)"

    return sql


def _parts(names: tuple[str, ...], types: tuple[str, ...], sql: str, answer: str) -> tuple[TrinoFunction, ...]:
    value = "TIMESTAMP '2024-12-30 14:07:09.123'"
    return tuple(
        entry("; ".join(f"{name}({type_}) -> bigint" for type_ in types), _part(sql), f"{name}({value})", answer)
        for name in names
    )


def _day_to_second(name: str, divisor: int, limit: int | None, answer: str) -> TrinoFunction:
    return entry(
        f"{name}(interval day to second) -> bigint",
        _interval_part(divisor, limit),
        f"{name}(INTERVAL '2 01:30:15.250' DAY TO SECOND)",
        answer,
    )


def _date(call: TypedCall) -> str:
    if call.arguments[0].type.name == "varchar":
        return once([call[0]], lambda a: from_text(a[0], call.type))
    return f"CAST({local(call[0], call.arguments[0].type.name)} AS DATE)"


def _last_day(call: TypedCall) -> str:
    return f"last_day({local(call[0], call.arguments[0].type.name)})"


def _moments(text: str, types: tuple[str, ...]) -> str:
    """Signatures over several types, which replace {0}."""
    return "; ".join(text.format(type_) for type_ in types)


_ALL = ("date", "time(p)", "timestamp(p)", "timestamp(p) with time zone")

FUNCTIONS = (
    *_parts(("year",), _MOMENTS, "year({0})", "2024"),
    *_parts(("quarter",), _MOMENTS, "quarter({0})", "4"),
    *_parts(("month",), _MOMENTS, "month({0})", "12"),
    *_parts(("week", "week_of_year"), _MOMENTS, "week({0})", "1"),
    *_parts(("year_of_week", "yow"), _MOMENTS, "isoyear({0})", "2025"),
    *_parts(("day", "day_of_month"), _MOMENTS, "day({0})", "30"),
    *_parts(("day_of_week", "dow"), _MOMENTS, "isodow({0})", "1"),
    *_parts(("day_of_year", "doy"), _MOMENTS, "dayofyear({0})", "365"),
    *_parts(("hour",), _TIMES, "hour({0})", "14"),
    *_parts(("minute",), _TIMES, "minute({0})", "7"),
    *_parts(("second",), _TIMES, "second({0})", "9"),
    *_parts(("millisecond",), _TIMES, "(millisecond({0}) % 1000)", "123"),
    _day_to_second("day", _MS["day"], None, "2"),
    _day_to_second("day_of_month", _MS["day"], None, "2"),
    _day_to_second("hour", _MS["hour"], 24, "1"),
    _day_to_second("minute", _MS["minute"], 60, "30"),
    _day_to_second("second", _MS["second"], 60, "15"),
    _day_to_second("millisecond", 1, 1000, "250"),
    entry("year(interval year to month) -> bigint", _interval_part(12, None), "year(INTERVAL '27' MONTH)", "2"),
    entry("month(interval year to month) -> bigint", _interval_part(1, 12), "month(INTERVAL '-27' MONTH)", "-3"),
    entry(
        "to_milliseconds(interval day to second) -> bigint", "({0})", "to_milliseconds(INTERVAL '1' DAY)", "86400000"
    ),
    entry(
        _moments("date_trunc(varchar(x), {0}) -> {0}", _ALL),
        _with_unit(_truncated),
        "date_trunc('week', DATE '2024-03-03')",
        "2024-02-26",
    ),
    entry(
        _moments("date_add(varchar(x), bigint, {0}) -> {0}", _ALL),
        _with_unit(_added),
        "date_add('day', 1, TIMESTAMP '2024-03-30 09:00:00 Europe/Berlin')",
        "2024-03-31 09:00:00.000 Europe/Berlin",
    ),
    entry(
        _moments("date_diff(varchar(x), {0}, {0}) -> bigint", _ALL),
        _with_unit(_difference),
        "date_diff('month', DATE '2024-01-31', DATE '2024-02-29')",
        "1",
    ),
    entry(
        "date(timestamp(p)) -> date; date(timestamp(p) with time zone) -> date; date(varchar(x)) -> date",
        _date,
        "date(TIMESTAMP '2024-03-31 12:00:00')",
        "2024-03-31",
    ),
    entry(
        _moments("last_day_of_month({0}) -> date", _MOMENTS),
        _last_day,
        "last_day_of_month(DATE '2024-02-01')",
        "2024-02-29",
    ),
)
MACROS = (
    # Java's integer division, towards zero.
    "athena_quotient(a, b) AS CASE WHEN a < 0 THEN -((-a) // b) ELSE a // b END",
    "athena_digits(t, us) AS make_timestamp(CAST(floor((epoch_us(t) + us // 2) / us) AS BIGINT) * us)",
    """athena_shifted(z, local) AS CASE
        WHEN athena_in_zone(athena_utc(z) + (local - athena_local(z)), athena_zone_name(z)) = local
        THEN {'instant': athena_utc(z) + (local - athena_local(z)), 'zone': athena_zone_name(z)}
        ELSE athena_zoned(local, athena_zone_name(z)) END""",
    """athena_zoned_truncated(z, unit) AS CASE WHEN z IS NOT NULL THEN {
        'instant': athena_utc(z) - (athena_local(z) - date_trunc(unit, athena_local(z))),
        'zone': athena_zone_name(z)} END""",
    """athena_full_months(a, b) AS (year(b) - year(a)) * 12 + month(b) - month(a)
        - CASE WHEN a + to_months(((year(b) - year(a)) * 12 + month(b) - month(a))::INTEGER) > b THEN 1 ELSE 0 END""",
    # Full months; the last day of a month counts as any later day (Joda-Time's difference).
    "athena_months_between(a, b) AS CASE WHEN b >= a THEN athena_full_months(a, b) ELSE -athena_full_months(b, a) END",
)
NATIVES: tuple[Native, ...] = ()
