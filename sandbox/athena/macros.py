"""Functions of Athena's SQL that DuckDB lacks or defines differently, as DuckDB macros.

The translation passes unknown function names through, so a macro with Athena's name is called; `dialect` inserts those
named athena_….
"""

from __future__ import annotations

from sandbox.athena.types import Type

MACROS = (
    # Java's Double.toString: plain from 1e-3 to 1e7, else 1.2345E-5.
    r"""athena_double(x) AS CASE
        WHEN isnan(x) THEN 'NaN'
        WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
        WHEN x = 0 OR (abs(x) >= 1e-3::DOUBLE AND abs(x) < 1e7::DOUBLE) THEN x::VARCHAR
        ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || athena_scientific(abs(x)::VARCHAR) END""",
    r"""athena_scientific(s) AS CASE
        WHEN contains(s, 'e') THEN
            split_part(s, 'e', 1) || CASE WHEN contains(split_part(s, 'e', 1), '.') THEN '' ELSE '.0' END
            || 'E' || split_part(s, 'e', 2)::INTEGER::VARCHAR
        WHEN s LIKE '0.%' THEN
            athena_mantissa(ltrim(substr(s, 3), '0'))
            || 'E-' || (length(s) - 1 - length(ltrim(substr(s, 3), '0')))::VARCHAR
        ELSE athena_mantissa(rtrim(replace(s, '.', ''), '0')) || 'E' || (length(split_part(s, '.', 1)) - 1)::VARCHAR
        END""",
    r"""athena_mantissa(digits) AS
        digits[1] || '.' || CASE WHEN length(digits) > 1 THEN substr(digits, 2) ELSE '0' END""",
    # Division of decimals as Trino defines it: exact, half up, at the larger of the two scales.
    r"""athena_unscaled(x) AS replace(x::VARCHAR, '.', '')::HUGEINT""",
    r"""athena_divide(a, b, factor, scale, unit) AS
        CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN
            CASE WHEN (a < 0) <> (b < 0) THEN '-' ELSE '' END
            || athena_decimal((2 * abs(athena_unscaled(a)) * factor + abs(athena_unscaled(b)))
                // (2 * abs(athena_unscaled(b))), scale, unit) END""",
    r"""athena_decimal(n, scale, unit) AS
        (n // unit)::VARCHAR || CASE WHEN scale > 0 THEN '.' || lpad((n % unit)::VARCHAR, scale, '0') ELSE '' END""",
    r"""athena_json_scalar(j, path) AS CASE WHEN json_valid(j) AND json_type(j, path) NOT IN ('OBJECT', 'ARRAY')
        THEN json_extract_string(j, path) END""",
    r"""athena_json(j, path) AS CASE WHEN json_valid(j) THEN json_extract(j, path) END""",
    r"""athena_json_text(j) AS json_extract_string(j, '$')""",
    r"""athena_regexp_extract(s, p, g) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END""",
    r"""athena_split_part(s, d, i) AS str_split(s, d)[i]""",
    r"""athena_millisecond(x) AS CAST(epoch_ms(x) % 1000 AS BIGINT)""",
    r"""athena_iso8601(x) AS strftime(x, '%Y-%m-%dT%H:%M:%S.%g')""",
    r"""map_agg(k, v) AS map(list(k) FILTER (k IS NOT NULL), list(v) FILTER (k IS NOT NULL))""",
    r"""zip(a, b) AS list_zip(a, b)""",
    r"""url_extract_protocol(u) AS nullif(regexp_extract(u, '^([^:/?#]+):', 1), '')""",
    r"""url_extract_host(u) AS nullif(regexp_extract(u, '^[^:/?#]+://(?:[^/?#@]*@)?([^/?#:]*)', 1), '')""",
    r"""url_extract_path(u) AS regexp_extract(u, '^(?:[^:/?#]+:)?(?://[^/?#]*)?([^?#]*)', 1)""",
    r"""url_extract_query(u) AS regexp_extract(u, '\?([^#]*)', 1)""",
    r"""url_extract_parameter(u, n) AS
        nullif(regexp_extract(u, '[?&]' || regexp_escape(n) || '=([^&#]*)', 1), '')""",
    r"""regexp_split(s, p) AS regexp_split_to_array(s, p)""",
    r"""regexp_count(s, p) AS len(regexp_extract_all(s, p))""",
    r"""arrays_overlap(a, b) AS list_has_any(a, b)""",
    r"""array_union(a, b) AS list_distinct(list_concat(a, b))""",
    r"""array_except(a, b) AS list_distinct(list_filter(a, lambda x: NOT list_contains(b, x)))""",
    r"""array_remove(a, e) AS list_filter(a, lambda x: x <> e)""",
    r"""array_max(a) AS list_max(a)""",
    r"""array_min(a) AS list_min(a)""",
    r"""from_base(s, radix) AS CASE radix WHEN 16 THEN CAST('0x' || s AS BIGINT) WHEN 10 THEN CAST(s AS BIGINT) END""",
    r"""codepoint(s) AS unicode(s)""",
    r"""from_utf8(b) AS decode(b)""",
    r"""json_size(j, path) AS coalesce(json_array_length(j, path), len(json_keys(j, path)), 0)""",
    r"""json_array_get(j, i) AS json_extract(j, '$[' || i || ']')""",
    r"""json_array_contains(j, v) AS list_contains(json_extract(j, '$[*]')::VARCHAR[], to_json(v)::VARCHAR)""",
    r"""is_json_scalar(j) AS json_type(j) NOT IN ('OBJECT', 'ARRAY')""",
    r"""at_timezone(t, z) AS timezone(z, t::TIMESTAMPTZ)""",
    r"""is_nan(x) AS isnan(x)""",
    r"""is_finite(x) AS isfinite(x)""",
    r"""is_infinite(x) AS isinf(x)""",
    r"""infinity() AS 'inf'::DOUBLE""",
    r"""nan() AS 'nan'::DOUBLE""",
    r"""e() AS exp(1::DOUBLE)""",
    r"""year_of_week(x) AS isoyear(x)""",
    r"""yow(x) AS isoyear(x)""",
    r"""every(x) AS bool_and(x)""",
    r"""set_agg(x) AS list(DISTINCT x)""",
)


def text_of(sql: str, type_: Type, depth: int = 0) -> str:
    """SQL for Athena's text of a value of a type (also its cast to varchar); null stays null."""
    name = type_.name
    if name == "timestamp":
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')"
    if name == "timestamp with time zone":
        return f"(strftime({sql}, '%Y-%m-%d %H:%M:%S.%g') || ' UTC')"
    if name in {"double", "real"}:
        return f"athena_double({sql})"
    if name == "varbinary":
        return f"rtrim(regexp_replace(lower(hex({sql})), '(..)', '\\1 ', 'g'))"
    if name == "interval day to second":
        return (
            f"(CAST(epoch({sql}) // 86400 AS BIGINT) || ' ' || "
            f"strftime(make_timestamp(CAST(epoch({sql}) * 1000000 AS BIGINT)), '%H:%M:%S.%g'))"
        )
    if type_.fields:
        return _structured(sql, type_, depth)
    return f"CAST({sql} AS VARCHAR)"


def _structured(sql: str, type_: Type, depth: int) -> str:
    """[a, b] for an array, {k=v} for a map or a row; a nested null is written as null."""
    item = f"e{depth}"
    if type_.name == "array":
        return _listed(sql, item, _nested(item, type_.fields[0][1], depth), "[]")
    if type_.name == "map":
        (_, key), (_, value) = type_.fields
        pair = f"{_nested(f'{item}.key', key, depth)} || '=' || {_nested(f'{item}.value', value, depth)}"
        return _listed(f"map_entries({sql})", item, pair, "{}")
    members: list[str] = []
    for field, member in type_.fields:
        name, identifier = field.replace("'", "''"), field.replace('"', '""')
        members.append(f"""'{name}=' || {_nested(f'({sql})."{identifier}"', member, depth)}""")
    written = " || ', ' || ".join(members)
    return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {written} || '}}' END"


def _listed(sql: str, item: str, element: str, brackets: str) -> str:
    elements = f"array_to_string(list_transform({sql}, lambda {item}: {element}), ', ')"
    return f"('{brackets[0]}' || {elements} || '{brackets[1]}')"


def _nested(sql: str, type_: Type, depth: int) -> str:
    return f"coalesce({text_of(sql, type_, depth + 1)}, 'null')"
