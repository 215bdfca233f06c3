"""Values as text: CAST(x AS varchar), and a column of GetQueryResults, which differ.

Sources: trino 435, io.trino.type.DoubleOperators, RealOperators (a cast writes 1.5E0); Java's Double.toString (a result
has 1.5); Athena's results for the rest.
"""

from __future__ import annotations

from sandbox.athena.conversions import maporder
from sandbox.athena.doubles import scientific, trino_text
from sandbox.athena.native import Native
from sandbox.athena.sql import literal
from sandbox.athena.types import Type
from sandbox.athena.values import fail

MACROS = (
    # Java's Double.toString: plain from 1e-3 to 1e7, else 1.2345E-5; `width` is the precision in bits.
    r"""athena_double(x, width) AS CASE WHEN x = 0 OR (abs(x) >= 1e-3::DOUBLE AND abs(x) < 1e7::DOUBLE) THEN x::VARCHAR
        ELSE athena_scientific(x::DOUBLE, width) END""",
    # Java's BigDecimal.toString of a decimal below 1e-6, by its plain text and its scale.
    r"""athena_small_decimal(plain, scale) AS list_transform([ltrim(replace(ltrim(plain, '-'), '.', ''), '0')],
        lambda d_: CASE WHEN plain LIKE '-%' THEN '-' ELSE '' END || CASE WHEN d_ = '' THEN '0E-' || scale ELSE
        left(d_, 1) || CASE WHEN length(d_) > 1 THEN '.' || substr(d_, 2) ELSE '' END
        || 'E-' || (scale - length(d_) + 1) END)[1]""",
    r"""athena_date_text(d) AS CASE WHEN d BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN d::VARCHAR
        ELSE athena_far_year(strftime(d, '%Y-%m-%d')) END""",
    r"""athena_moment_text(t, format) AS CASE
        WHEN t BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' THEN strftime(t, format)
        ELSE athena_far_year(strftime(t, format)) END""",
    r"""athena_day_to_second(ms) AS CASE WHEN ms < 0 THEN '-' ELSE '' END || (abs(ms) // 86400000)::VARCHAR || ' '
        || lpad((abs(ms) // 3600000 % 24)::VARCHAR, 2, '0') || ':' || lpad((abs(ms) // 60000 % 60)::VARCHAR, 2, '0')
        || ':' || lpad((abs(ms) // 1000 % 60)::VARCHAR, 2, '0') || '.' || lpad((abs(ms) % 1000)::VARCHAR, 3, '0')""",
    r"""athena_year_to_month(months) AS CASE WHEN months < 0 THEN '-' ELSE '' END
        || (abs(months) // 12)::VARCHAR || '-' || (abs(months) % 12)::VARCHAR""",
)


def _far_year(text: str) -> str:
    """Java's ISO_LOCAL_DATE, of a text that begins with a year as DuckDB writes it: it gets four digits or a sign."""
    if text.startswith("-"):
        year, _, rest = text[1:].partition("-")
        return f"-{year:0>4}-{rest}"
    return text if text[4] == "-" else f"+{text}"


NATIVES = (
    Native("athena_scientific", scientific, ("DOUBLE", "INTEGER"), "VARCHAR"),
    Native("athena_exponent", trino_text, ("DOUBLE", "INTEGER"), "VARCHAR"),
    Native("athena_far_year", _far_year, ("VARCHAR",), "VARCHAR"),
    *maporder.NATIVES,
)
_FRACTIONS = {0: "%Y-%m-%d %H:%M:%S", 3: "%Y-%m-%d %H:%M:%S.%g", 6: "%Y-%m-%d %H:%M:%S.%f"}

_TEXTS = {
    "interval day to second": "athena_day_to_second",
    "interval year to month": "athena_year_to_month",
    "ipaddress": "athena_ip_text",
}


def to_text(sql: str, source: Type, target: Type) -> str:
    """CAST to varchar(n) or char(n): text is truncated to the length, other values that are longer fail."""
    length = target.arguments[0] if target.arguments else None
    if source.name in {"varchar", "char"}:
        return _text(sql, source, target, length)
    text = _plain(sql, source)
    if length is not None:
        message = f"'Value ' || {text} || ' cannot be represented as {target.athena}'"
        # Trino 435's cast of a boolean to a shorter varchar is not checked, so that it fails inside.
        name = (
            "GENERIC_INTERNAL_ERROR"
            if (source.name, target.name) == ("boolean", "varchar")
            else "INVALID_CAST_ARGUMENT"
        )
        refused = fail(name, message, target)
        text = f"CASE WHEN length({text}) > {length} THEN {refused} ELSE {text} END"
    return text


def _text(sql: str, source: Type, target: Type, length: int | None) -> str:
    if target.name == "char":
        return f"rtrim(left({sql}, {length}), ' ')"
    text = f"rpad({sql}, {source.arguments[0]}, ' ')" if source.name == "char" else sql
    shorter = length is not None and (not source.arguments or source.arguments[0] > length)
    return f"left({text}, {length})" if shorter else text


def _plain(sql: str, source: Type) -> str:
    name = source.name
    if name in {"double", "real"}:
        return f"athena_exponent({sql}, {53 if name == 'double' else 24})"
    if name == "decimal" and source.decimal[0] == source.decimal[1]:
        return rf"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)\.', '\10.')"  # DuckDB writes .02
    if name == "timestamp":
        return timestamp_text(sql, source.precision)
    if name == "timestamp with time zone":
        return f"({timestamp_text(f'athena_local({sql})', source.precision)} || ' ' || struct_extract({sql}, 'zone'))"
    if name == "date":
        return f"ltrim(athena_date_text({sql}), '+')"
    if name == "time":
        return _time_text(sql, source.precision)
    return f"{_TEXTS[name]}({sql})" if name in _TEXTS else f"CAST({sql} AS VARCHAR)"


def timestamp_text(sql: str, precision: int) -> str:
    """The text of a timestamp with a number of fractional digits."""
    if precision in _FRACTIONS:
        return f"athena_moment_text({sql}, '{_FRACTIONS[precision]}')"
    whole = f"athena_moment_text({sql}, '{_FRACTIONS[6]}')"
    return f"left({whole}, {precision - 6})" if precision < 6 else f"({whole} || '{'0' * (precision - 6)}')"


def _time_text(sql: str, precision: int) -> str:
    text = f"strftime(TIMESTAMP '1970-01-01' + to_microseconds(epoch_us({sql})), '%H:%M:%S.%f')"
    return f"left({text}, {8 if precision == 0 else 9 + precision})"


def result_text(sql: str, type_: Type, depth: int = 0) -> str:
    """SQL for Athena's text of a value in a result; null stays null."""
    name = type_.name
    if name == "timestamp":
        return timestamp_text(sql, 3)
    if name == "timestamp with time zone":
        return f"({timestamp_text(f'athena_local({sql})', 3)} || ' ' || struct_extract({sql}, 'zone'))"
    if name == "date":
        return f"athena_date_text({sql})"
    if name == "time":
        return _time_text(sql, 3)
    if name in {"double", "real"}:
        return f"athena_double({sql}, {53 if name == 'double' else 24})"
    if name in {"varbinary", "hyperloglog", "tdigest"}:
        return f"rtrim(regexp_replace(lower(hex({sql})), '(..)', '\\1 ', 'g'))"
    if name == "char":
        return f"rpad({sql}, {type_.arguments[0]}, ' ')"
    if type_.fields:
        return _structured(sql, type_, depth)
    if name in {"varchar", "json"}:
        return sql
    return _plain(sql, type_)


def _structured(sql: str, type_: Type, depth: int) -> str:
    """[a, b] for an array, {k=v} for a map or a row; a nested null is written as null."""
    item = f"e{depth}"
    if type_.name == "array":
        return _listed(sql, item, _nested(item, type_.element, depth), "[]")
    if type_.name == "map":
        pair = f"{_nested(f'{item}.key', type_.key, depth)} || '=' || {_nested(f'{item}.value', type_.value, depth)}"
        return _listed(maporder.ordered(f"map_entries({sql})", type_.key, depth), item, pair, "{}")
    members = [
        f"{literal((field or f'field{i}') + '=')} || {_nested(f'r{depth}.f{i + 1}', member, depth)}"
        for i, (field, member) in enumerate(type_.fields)
    ]
    written = " || ', ' || ".join(members)
    text = f"CASE WHEN r{depth} IS NOT NULL THEN '{{' || {written} || '}}' END"
    return f"list_transform([{sql}], lambda r{depth}: {text})[1]"


def _listed(sql: str, item: str, element: str, brackets: str) -> str:
    elements = f"array_to_string(list_transform({sql}, lambda {item}: {element}), ', ')"
    return f"('{brackets[0]}' || {elements} || '{brackets[1]}')"


def _nested(sql: str, type_: Type, depth: int) -> str:
    return f"coalesce({result_text(sql, type_, depth + 1)}, 'null')"
