"""Time zones: a value with one is STRUCT(instant, zone), the instant in UTC, the zone a name or +hh:mm.

DuckDB's ICU has the named zones of tzdata, as Java has, and an offset as GMT+hh:mm. A local time that occurs twice is
the later of both for with_timezone and date_add, as in Trino; in text (`athena_zoned_text`) the earlier.
"""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

from sandbox.athena.functions.building import INVALID, checked, invalid
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native, TrinoError
from sandbox.athena.sql import literal

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_HOURS = re.compile(r"([+-])(\d{1,2})")
_PREFIX = re.compile(r"(?:UTC|GMT|UT|Etc/GMT)(?=[+-])")
_GREENWICH = {"UCT", "Universal", "Greenwich", "GMT", "GMT0", "GMT+0", "GMT-0", "UTC", "Zulu"}
_UTC = _GREENWICH | {f"Etc/{name}" for name in _GREENWICH} | {"UT", "Z"}
_NOT_JAVAS = {"EST", "MST", "HST", "ROC", "Factory", "localtime"}
_MAX_MINUTES = 14 * 60


def zone_of(text: str) -> str | None:
    """Trino's name for a time zone in a query: UTC, +05:30, Europe/Berlin; None if the zone does not exist.

    Source: trino 435, core/trino-spi/src/main/java/io/trino/spi/type/TimeZoneKey.java.
    """
    if text in _UTC:
        return "UTC"
    prefix = _PREFIX.match(text)
    rest = text[prefix.end() :] if prefix else text
    found = _OFFSET.fullmatch(rest) or _HOURS.fullmatch(rest)
    if found is None:
        return text if text in zone_names() and text not in _NOT_JAVAS else None
    sign, hours, minutes = (*found.groups(), "0")[:3]
    if prefix and prefix[0] == "Etc/GMT":
        sign = "-" if sign == "+" else "+"  # POSIX counts west of Greenwich
    total = int(hours) * 60 + int(minutes)
    if total > _MAX_MINUTES or int(minutes) > 59:
        return None
    return f"{sign}{int(hours):02}:{int(minutes):02}" if total else "UTC"


@cache
def zone_names() -> frozenset[str]:
    """The names of tzdata's zones."""
    return frozenset(available_timezones())


def _python_zone(text: str) -> str:
    zone = zone_of(text)
    if zone is None:
        raise TrinoError(INVALID, f"'{text}' is not a valid time zone")
    return zone


def _is_zone(text: str) -> bool:
    return zone_of(text) is not None


def zone_sql(call: TypedCall, index: int) -> str:
    """SQL for Trino's name of a time zone argument; an invalid literal fails when evaluated."""
    text = call.arguments[index].constant
    if not isinstance(text, str):
        return f"athena_zone({call[index]})"
    zone = zone_of(text)
    return (
        invalid(literal(f"'{text}' is not a valid time zone"), call.arguments[index].type)
        if zone is None
        else literal(zone)
    )


def _with_timezone(call: TypedCall) -> str:
    return f"athena_zoned({call[0]}, {zone_sql(call, 1)})"


def _at_timezone(call: TypedCall) -> str:
    return checked(call, lambda a: f"{{'instant': athena_utc({a[0]}), 'zone': {zone_sql(call, 1)}}}")


FUNCTIONS = (
    entry(
        "at_timezone(timestamp(p) with time zone, varchar(x)) -> timestamp(p) with time zone",
        _at_timezone,
        "at_timezone(TIMESTAMP '2024-03-31 12:00:00 UTC', 'Europe/Berlin')",
        "2024-03-31 14:00:00.000 Europe/Berlin",
    ),
    entry(
        "with_timezone(timestamp(p), varchar(x)) -> timestamp(p) with time zone",
        _with_timezone,
        "with_timezone(TIMESTAMP '2024-03-31 02:30:00', 'Europe/Berlin')",
        "2024-03-31 03:30:00.000 Europe/Berlin",
    ),
    entry(
        "timezone_hour(timestamp(p) with time zone) -> bigint",
        "CAST(trunc(athena_offset_minutes({0}) / 60) AS BIGINT)",
        "timezone_hour(TIMESTAMP '2024-03-31 12:00:00 -03:30')",
        "-3",
    ),
    entry(
        "timezone_minute(timestamp(p) with time zone) -> bigint",
        lambda call: f"(sign(athena_offset_minutes({call[0]})) * (abs(athena_offset_minutes({call[0]})) % 60))::BIGINT",
        "timezone_minute(TIMESTAMP '2024-03-31 12:00:00 -03:30')",
        "-30",
    ),
    entry("current_timezone() -> varchar", lambda _: "'UTC'", "current_timezone()", "UTC"),
)
MACROS = (
    "athena_utc(z) AS CAST(struct_extract(z, 'instant') AS TIMESTAMP)",
    "athena_zone_name(z) AS CAST(struct_extract(z, 'zone') AS VARCHAR)",
    "athena_icu(zone) AS CASE WHEN left(zone, 1) IN ('+', '-') THEN 'GMT' || zone ELSE zone END",
    """athena_in_zone(instant, zone) AS CASE WHEN zone = 'UTC' THEN instant
        ELSE timezone(athena_icu(zone), timezone('UTC', instant)) END""",
    # The local time of a value with time zone.
    "athena_local(z) AS athena_in_zone(athena_utc(z), athena_zone_name(z))",
    """athena_instant(local, zone) AS CASE WHEN zone = 'UTC' THEN local
        ELSE timezone('UTC', timezone(athena_icu(zone), local)) END""",
    """athena_zoned(local, zone) AS CASE WHEN local IS NOT NULL AND zone IS NOT NULL
        THEN {'instant': athena_instant(local, zone), 'zone': zone} END""",
    # The earlier of two instants: by the offset of the day before, if that yields the local time.
    """athena_earlier(local, zone, guess) AS CASE WHEN athena_in_zone(guess, zone) = local THEN guess
        ELSE athena_instant(local, zone) END""",
    """athena_zoned_text(local, zone) AS CASE WHEN local IS NOT NULL AND zone IS NOT NULL
        THEN {'instant': athena_earlier(local, zone, athena_instant(local - INTERVAL 1 DAY, zone) + INTERVAL 1 DAY),
              'zone': zone} END""",
    "athena_offset_minutes(z) AS (epoch_us(athena_local(z)) - epoch_us(athena_utc(z))) // 60000000",
)
NATIVES = (
    Native("athena_zone", _python_zone, ("VARCHAR",), "VARCHAR"),
    Native("athena_is_zone", _is_zone, ("VARCHAR",), "BOOLEAN"),
)
