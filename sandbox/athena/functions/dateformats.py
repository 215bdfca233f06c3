"""Dates and times from text and to text, by MySQL's and Joda-Time's patterns and ISO 8601, and Unix time."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.athena import joda
from sandbox.athena.errors import StatementError
from sandbox.athena.functions.building import checked, invalid, once
from sandbox.athena.functions.dateparsing import (
    human_readable,
    iso_date,
    iso_timestamp,
    joda_timestamp,
    mysql_timestamp,
    zone_text,
)
from sandbox.athena.functions.dates import local
from sandbox.athena.functions.function import TypedCall, entry
from sandbox.athena.functions.native import Native
from sandbox.athena.functions.zones import zone_sql
from sandbox.athena.sql import literal

_ZONED = "timestamp with time zone"
_ZONED_SQL = "STRUCT(instant TIMESTAMP, zone VARCHAR)"
# https://trino.io/docs/435/functions/datetime.html, "MySQL date functions".
_STRFTIME = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%g000", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip
_UNSUPPORTED = "DUuVwX"
_PLAIN = {"%Y-%m-%d": "DATE", "%Y-%m-%d %H:%i:%s": "TIMESTAMP", "%Y-%m-%d %T": "TIMESTAMP"}
_SHAPES = {"DATE": r"\d{4}-\d\d-\d\d", "TIMESTAMP": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"}


def _pattern(call: TypedCall) -> str:
    pattern = call.arguments[1].constant
    if not isinstance(pattern, str):
        raise StatementError("NOT_SUPPORTED", f"The sandbox's Athena needs the pattern of {call.name} as a literal")
    return pattern


def _date_format(call: TypedCall) -> str:
    if call.arguments[1].is_null:
        return "CAST(NULL AS VARCHAR)"
    pattern, directives, at = _pattern(call), "", 0
    while at < len(pattern):
        letter, at = pattern[at], at + 1
        if letter != "%":
            directives += letter
        elif at < len(pattern):
            code, at = pattern[at], at + 1
            if code in _UNSUPPORTED:
                return invalid(literal(f"%{code} not supported in date format string"), call.type)
            directives += _STRFTIME.get(code, code)
    return f"strftime({local(call[0], call.arguments[0].type.name)}, {literal(directives)})"


def _date_parse(call: TypedCall) -> str:
    """The two most common patterns are DuckDB's own notation; text that does not match exactly takes the slow path."""
    plain = _PLAIN.get(str(call.arguments[1].constant))
    slow = "athena_date_parse({0}, {1})"
    if plain is None:
        return slow.format(call[0], call[1])
    shape = literal(_SHAPES[plain])
    return once(
        [call[0]],
        lambda a: (
            f"CASE WHEN regexp_full_match({a[0]}, {shape}) AND TRY_CAST({a[0]} AS {plain}) IS NOT NULL "
            f"THEN TRY_CAST({a[0]} AS TIMESTAMP) WHEN {a[0]} IS NOT NULL THEN {slow.format(a[0], call[1])} END"
        ),
    )


def _format_datetime(call: TypedCall) -> str:
    zoned = call.arguments[0].type.name == _ZONED
    try:
        if not zoned:
            return joda.formatted(call[0], _pattern(call), zoned=False)
        return once([call[0]], lambda a: joda.formatted(f"athena_local({a[0]})", _pattern(call), zoned=True, zone=a[0]))
    except StatementError as error:
        if error.name != "INVALID_FUNCTION_ARGUMENT":
            raise
        return invalid(literal(error.reason.partition(": ")[2]), call.type)


def _iso(call: TypedCall) -> str:
    type_ = call.arguments[0].type
    if type_.name == "date":
        return f"strftime({call[0]}, '%Y-%m-%d')"
    digits = f", {type_.precision}" if type_.precision else ", 0"
    if type_.name != _ZONED:
        return f"athena_iso({call[0]}{digits})"
    return once([call[0]], lambda a: f"(athena_iso(athena_local({a[0]}){digits}) || athena_iso_offset({a[0]}))")


def _from_unixtime(call: TypedCall) -> str:
    if len(call) == 1:
        return f"athena_unixtime({call[0]}, 'UTC')"
    if len(call) == 2:
        return f"athena_unixtime({call[0]}, {zone_sql(call, 1)})"
    return f"athena_unixtime({call[0]}, athena_offset_zone({call[1]}, {call[2]}))"


def _to_unixtime(call: TypedCall) -> str:
    digits = call.arguments[0].type.precision
    return (
        f"(epoch_us(athena_utc({call[0]})) // 1000 / 1e3)"
        if digits <= 3
        else f"(epoch_us(athena_utc({call[0]})) / 1e6)"
    )


def _from_nanos(call: TypedCall) -> str:
    """The microsecond in which the nanosecond is: the sandbox's Athena has none."""

    def body(a: Sequence[str]) -> str:
        nanos = f"CAST({a[0]} AS HUGEINT)"
        micros = f"(({nanos} - (({nanos} % 1000) + 1000) % 1000) // 1000)::BIGINT"
        return f"{{'instant': make_timestamp({micros}), 'zone': 'UTC'}}"

    return checked(call, body)


def _from_iso(call: TypedCall) -> str:
    usual = "CASE WHEN athena_is_usual_iso({0}) THEN athena_usual_iso({0}) ELSE athena_from_iso8601_timestamp({0}) END"
    return once([call[0]], lambda a: usual.format(a[0]))


FUNCTIONS = (
    entry(
        "date_format(timestamp(p), varchar(x)) -> varchar; "
        "date_format(timestamp(p) with time zone, varchar(x)) -> varchar",
        _date_format,
        "date_format(TIMESTAMP '2024-03-05 14:07:09.123', '%d.%m.%y %l:%i %p')",
        "05.03.24 2:07 PM",
    ),
    entry(
        "date_parse(varchar(x), varchar(y)) -> timestamp(3)",
        _date_parse,
        "date_parse('5 Mar 2024 3:07 PM', '%e %b %Y %l:%i %p')",
        "2024-03-05 15:07:00.000",
    ),
    entry(
        "format_datetime(timestamp(p), varchar(x)) -> varchar; "
        "format_datetime(timestamp(p) with time zone, varchar(x)) -> varchar",
        _format_datetime,
        "format_datetime(TIMESTAMP '2024-12-30 00:00:00', 'xxxx-''W''ww-e')",
        "2025-W01-1",
    ),
    entry(
        "parse_datetime(varchar(x), varchar(y)) -> timestamp(3) with time zone",
        "athena_parse_datetime",
        "parse_datetime('2024-03-05 14:07 +0200', 'yyyy-MM-dd HH:mm Z')",
        "2024-03-05 14:07:00.000 +02:00",
    ),
    entry(
        "to_iso8601(date) -> varchar(16); to_iso8601(timestamp(p)) -> varchar(22 + p + min(p, 1)); "
        "to_iso8601(timestamp(p) with time zone) -> varchar(28 + p + min(p, 1))",
        _iso,
        "to_iso8601(TIMESTAMP '2024-03-05 14:07:09.123 Europe/Berlin')",
        "2024-03-05T14:07:09.123+01:00",
    ),
    entry(
        "from_iso8601_timestamp(varchar(x)) -> timestamp(3) with time zone",
        _from_iso,
        "from_iso8601_timestamp('2024-W10-2T10:30+02:00')",
        "2024-03-05 10:30:00.000 +02:00",
    ),
    entry(
        "from_iso8601_date(varchar(x)) -> date",
        "athena_from_iso8601_date",
        "from_iso8601_date('2024-065')",
        "2024-03-05",
    ),
    entry(
        "from_unixtime(double) -> timestamp(3) with time zone; "
        "from_unixtime(double, varchar(x)) -> timestamp(3) with time zone; "
        "from_unixtime(double, bigint, bigint) -> timestamp(3) with time zone",
        _from_unixtime,
        "from_unixtime(1709647629.1235)",
        "2024-03-05 14:07:09.124 UTC",
    ),
    entry(
        "from_unixtime_nanos(bigint) -> timestamp(9) with time zone; "
        "from_unixtime_nanos(decimal(p, s)) -> timestamp(9) with time zone",
        _from_nanos,
        "from_unixtime_nanos(1709647629123456789)",
        "2024-03-05 14:07:09.123 UTC",
    ),
    entry(
        "to_unixtime(timestamp(p) with time zone) -> double",
        _to_unixtime,
        "to_unixtime(TIMESTAMP '2024-03-05 14:07:09.123 UTC')",
        "1.709647629123E9",
    ),
    entry(
        "human_readable_seconds(double) -> varchar",
        "athena_human_readable",
        "human_readable_seconds(3762)",
        "1 hour, 2 minutes, 42 seconds",
    ),
    entry(
        "now() -> timestamp(3) with time zone",
        lambda _: "athena_now()",
        "now() > TIMESTAMP '2024-01-01 00:00:00 UTC'",
        "true",
    ),
)
_USUAL = r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](0\d|1[0-3]):[0-5]\d)?"
MACROS = (
    # A timestamp in the usual form, whose reading in Python costs a hundred times as much.
    rf"""athena_is_usual_iso(x) AS
        regexp_full_match(x, '{_USUAL}') AND TRY_CAST(left(x, 19) AS TIMESTAMP) IS NOT NULL""",
    r"""athena_usual_iso(x) AS {'instant': make_timestamp(epoch_us(TRY_CAST(left(x, 19) AS TIMESTAMP))
            + CASE WHEN x[20] = '.' THEN
                1000 * CAST(left(regexp_extract(x, '\.(\d+)', 1) || '00', 3) AS BIGINT) ELSE 0 END
            - CASE WHEN x[-6] = '+' THEN 60000000 WHEN x[-6] = '-' THEN -60000000 ELSE 0 END
            * CASE WHEN x[-6] IN ('+', '-') THEN
                60 * CAST(x[-5:-4] AS BIGINT) + CAST(right(x, 2) AS BIGINT) ELSE 0 END),
        'zone': CASE WHEN x[-6] IN ('+', '-') AND right(x, 5) <> '00:00' THEN right(x, 6) ELSE 'UTC' END}""",
    """athena_unixtime(x, zone) AS CASE WHEN x IS NOT NULL AND zone IS NOT NULL THEN {
        'instant': make_timestamp(CASE WHEN isnan(x) THEN 0 ELSE CAST(floor(x * 1000 + 0.5) AS BIGINT) END * 1000),
        'zone': zone} END""",
    """athena_offset_zone(hours, minutes) AS CASE WHEN hours * 60 + minutes = 0 THEN 'UTC' ELSE
        athena_zone(printf('%s%02d:%02d', CASE WHEN hours * 60 + minutes < 0 THEN '-' ELSE '+' END,
        abs(hours * 60 + minutes) // 60, abs(hours * 60 + minutes) % 60)) END""",
    """athena_iso(t, digits) AS strftime(t, '%Y-%m-%dT%H:%M:%S')
        || CASE WHEN digits > 0 THEN '.' || substr(strftime(t, '%f') || '000', 1, digits) ELSE '' END""",
    """athena_iso_offset(z) AS CASE WHEN athena_zone_name(z) = 'UTC' THEN 'Z' ELSE printf('%s%02d:%02d',
        CASE WHEN athena_offset_minutes(z) < 0 THEN '-' ELSE '+' END,
        abs(athena_offset_minutes(z)) // 60, abs(athena_offset_minutes(z)) % 60) END""",
    "athena_now() AS {'instant': date_trunc('millisecond', timezone('UTC', now())), 'zone': 'UTC'}",
)
NATIVES = (
    Native("athena_date_parse", mysql_timestamp, ("VARCHAR", "VARCHAR"), "TIMESTAMP"),
    Native("athena_parse_datetime", joda_timestamp, ("VARCHAR", "VARCHAR"), _ZONED_SQL),
    Native("athena_from_iso8601_timestamp", iso_timestamp, ("VARCHAR",), _ZONED_SQL),
    Native("athena_from_iso8601_date", iso_date, ("VARCHAR",), "DATE"),
    Native("athena_human_readable", human_readable, ("DOUBLE",), "VARCHAR"),
    Native("athena_zone_text", zone_text, ("TIMESTAMP", "VARCHAR", "VARCHAR"), "VARCHAR"),
)
