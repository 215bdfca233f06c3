"""Conversions between dates, times, timestamps and zones, and from text.

A timestamp with time zone is a STRUCT(instant, zone); `functions.zones` converts between the two. Sources: trino 435,
io.trino.operator.scalar.timestamp, timestamptz, io.trino.util.DateTimeUtils.
"""

from __future__ import annotations

from sandbox.athena.types import Type
from sandbox.athena.values import fail

ROUNDED = "athena_round_time"
"""The macro that rounds a timestamp to a multiple of a number of microseconds, half up."""

MACROS = (
    # Trino's time of a moment before 1970 with a fraction of a second is a second early.
    r"""athena_time_of(t) AS CASE WHEN epoch_us(t) >= 0 OR epoch_us(t) % 1000000 = 0 THEN CAST(t AS TIME)
        ELSE CAST(t - INTERVAL 1 SECOND AS TIME) END""",
    r"""athena_at_zone(i, z) AS CASE WHEN i IS NOT NULL AND z IS NOT NULL
        THEN struct_pack(instant := i, zone := z) END""",
    rf"""{ROUNDED}(t, unit) AS CASE WHEN epoch_us(t) % unit = 0 THEN t
        ELSE time_bucket(to_microseconds(unit), t + to_microseconds(unit // 2)) END""",
)
_TIMESTAMP = r"\s*([-+]?\d{4,}-\d{1,2}-\d{1,2}( (\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?)?)\s*"
_ZONED = r"\s*([-+]?\d{4,}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?)?)\s*(.*?)\s*"
_DAY = r"[-+]?\d{4,}-\d{1,2}-\d{1,2}"
_CLOCK = r"([01]?\d|2[0-3]):\d{1,2}(:\d{1,2}(\.\d{1,12})?)?"
_NAMED_ZONE = rf"\s*({_DAY} {_CLOCK.replace('(', '(?:')}|{_DAY} )\s*(\S+)\s*"
_LONG_FRACTION = r"\.\d{6}[5-9]"


def local(sql: str) -> str:
    """The local time of a timestamp with time zone."""
    return f"athena_local({sql})"


def from_text(text: str, target: Type) -> str:
    """Convert text to a date, time or timestamp; any other text fails with INVALID_CAST_ARGUMENT."""
    refused = fail("INVALID_CAST_ARGUMENT", f"'Value cannot be cast to {target.athena}: ' || {text}", target)
    zoned = ""
    if target.name == "date":
        matches, made = (
            f"regexp_full_match({text}, '\\s*[+-]?\\d+-\\d{{1,2}}-\\d{{1,2}}\\s*')",
            f"CAST({_unsigned(text)} AS DATE)",
        )
    elif target.name == "time":
        matches = f"regexp_full_match({text}, '{_CLOCK}\\s*')"
        moment = f"('1970-01-01 ' || rtrim({text}))"
        made = f"CAST({_timestamp(moment, target)} AS TIME)"
    elif target.name == "timestamp":
        matches = f"regexp_full_match({text}, '{_TIMESTAMP}') AND NOT regexp_matches({text}, ' 24:')"
        made = _timestamp(_unsigned(text), target)
        zoned = _without_zone(text, target)
    else:
        matches = f"regexp_full_match({text}, '{_ZONED}')"
        moment = _timestamp(_unsigned(f"regexp_extract({text}, '^{_ZONED}$', 1)"), target)
        zone = f"coalesce(nullif(regexp_extract({text}, '^{_ZONED}$', 2), ''), 'UTC')"
        made = f"athena_zoned_text({moment}, athena_zone({zone}))"
    return f"CASE WHEN {matches} THEN {made}{zoned} WHEN {text} IS NOT NULL THEN {refused} END"


def _unsigned(text: str) -> str:
    """A date's or moment's text without spaces around it and without a plus sign, which DuckDB does not read."""
    return f"ltrim(trim({text}), '+')"


def _without_zone(text: str, target: Type) -> str:
    """The WHEN of a text with a time zone, which Trino checks and leaves out of a timestamp."""
    local, zone = (f"regexp_extract({text}, '^{_NAMED_ZONE}$', {group})" for group in (1, 2))
    matches = f"regexp_full_match({text}, '{_NAMED_ZONE}') AND athena_is_zone({zone})"
    # DuckDB casts a constant while it plans, even one of a text that does not match.
    checked = f"CASE WHEN {matches} THEN {_unsigned(local)} END"
    return f" WHEN {matches} THEN {_timestamp(f'({checked})', target)}"


def _timestamp(text: str, target: Type) -> str:
    """Text as a timestamp, rounded to a type's precision; DuckDB truncates to six fractional digits."""
    if target.precision < 6:
        return rounded(f"CAST({text} AS TIMESTAMP)", target)
    more = f"CASE WHEN regexp_matches({text}, '{_LONG_FRACTION}') THEN 1 ELSE 0 END"
    return f"(CAST({text} AS TIMESTAMP) + to_microseconds({more}))"


def rounded(sql: str, target: Type) -> str:
    """A timestamp rounded to the precision of a timestamp's or a time's type."""
    unit = 10 ** (6 - min(target.precision, 6))
    return sql if unit == 1 else f"{ROUNDED}({sql}, {unit})"


def convert(sql: str, source: Type, target: Type) -> str:
    """Convert between dates, times and timestamps."""
    a, b = source.name, target.name
    if a == b and not source.fields and a in {"timestamp", "timestamp with time zone"}:
        return _shortened(sql, source, target)
    if b == "time":
        return _time(sql, source, target)
    if a == "timestamp with time zone":
        return convert(local(sql), Type("timestamp", source.arguments), target)
    if a == "time" and b == "timestamp":
        return rounded(f"(CAST(timezone('UTC', now()) AS DATE) + {sql})", target)
    if b == "timestamp with time zone":
        moment = convert(sql, source, Type("timestamp", target.arguments))
        return f"athena_at_zone({moment}, 'UTC')"
    if a == "date":
        return f"CAST({sql} AS TIMESTAMP)"
    if b == "date":
        return f"CAST({sql} AS DATE)"
    return _shortened(sql, source, target)


def _time(sql: str, source: Type, target: Type) -> str:
    """The time of day of a time, or of a moment; one that rounds up to 24:00 is 00:00."""
    if source.name == "timestamp with time zone":
        sql = local(sql)
    elif source.name == "timestamp":
        sql = f"athena_time_of({sql})"
    if target.precision >= source.precision:
        return f"CAST({sql} AS TIME)"
    moment = sql if source.name == "timestamp with time zone" else f"make_timestamp(epoch_us({sql}))"
    return f"CAST({rounded(moment, target)} AS TIME)"


def _shortened(sql: str, source: Type, target: Type) -> str:
    if target.precision >= source.precision:
        return sql
    if source.name == "timestamp":
        return rounded(sql, target)
    instant = rounded(f"struct_extract({sql}, 'instant')", target)
    return f"athena_at_zone({instant}, struct_extract({sql}, 'zone'))"
