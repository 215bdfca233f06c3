"""Athena's SQL means here what it means there, where DuckDB would have it otherwise."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from sandbox.athena.errors import StatementError
from sandbox.athena.functions.dateparsing import iso_timestamp
from tests.athena_lake import Lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """One table t with one row of every type."""
    directory: Path = tmp_path_factory.mktemp("lake")
    lake = Lake(directory)
    types = {
        "s": "string", "n": "int", "b": "bigint", "d": "decimal(18,2)", "f": "double", "ok": "boolean", "day": "date",
        "at": "timestamp", "arr": "array<int>", "m": "map<string,int>", "r": "struct<x:int,y:string>",
        "rs": "array<struct<p:int,q:string>>", "nul": "string",
    }  # fmt: skip
    lake.table("t", types)
    row: dict[str, object] = {
        "s": "abc", "n": 7, "b": 3, "d": "10.05", "f": 12345678.9, "ok": True, "day": "2026-01-31",
        "at": "2026-01-02 03:04:05.678", "arr": [1, 2], "m": {"k": 1}, "r": {"x": 1, "y": "q"},
        "rs": [{"p": 1, "q": "z"}], "nul": None,
    }  # fmt: skip
    lake.rows("t/a.json", row)
    return lake


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("ok", "true"),
        ("day", "2026-01-31"),
        ("at", "2026-01-02 03:04:05.678"),
        ("d", "10.05"),
        ("f", "1.23456789E7"),
        ("arr", "[1, 2]"),
        ("m", "{k=1}"),
        ("r", "{x=1, y=q}"),
        ("rs", "[{p=1, q=z}]"),
        ("nul", None),
        ("''", ""),
        ("1e10", "1.0E10"),
        ("1e7", "1.0E7"),
        ("9999999e0", "9999999.0"),
        ("1e-3", "0.001"),
        ("-12e-5", "-1.2E-4"),
        ("nan()", "NaN"),
        ("-infinity()", "-Infinity"),
        ("to_utf8('ab')", "61 62"),
        ("INTERVAL '90' MINUTE", "0 01:30:00.000"),
        ("ARRAY[TIMESTAMP '2026-01-01 00:00:00', NULL]", "[2026-01-01 00:00:00.000, null]"),
        ("from_iso8601_timestamp('2026-01-01T01:00:00+01:00')", "2026-01-01 01:00:00.000 +01:00"),
        ("REAL '3.4e38'", "3.4E38"),
        ("DATE '12345-06-07'", "+12345-06-07"),
        ("date_add('year', -14024, DATE '2024-01-01')", "-12000-01-01"),
        ("date_add('year', -2524, TIMESTAMP '2024-01-01 00:00:00')", "-0500-01-01 00:00:00.000"),
        ("CAST(REAL '-1e-3' AS varchar)", "-1.0E-3"),
        ("CAST(REAL '16777216' AS varchar)", "1.677722E7"),
        ("CAST(-0e0 AS varchar)", "-0E0"),
        ("CAST(-infinity() AS varchar)", "-Infinity"),
        ("CAST(CAST(NULL AS double) AS varchar)", None),
    ],
)
def test_values_are_printed_as_athena_prints_them(lake: Lake, expression: str, text: str | None) -> None:
    assert lake.value(f"SELECT {expression} FROM t") == text


@pytest.mark.parametrize(
    ("constant", "computed"),
    [
        *((f"from_base('{text}', 16)", f"from_base('{text}', 16 + n - n)") for text in ("7f", "+F", "-7f", "f" * 15)),
        *(
            (f"from_base('{text}', 16)", f"from_base('{text}', 16 + n - n)")
            for text in ("7" + "f" * 15, "-8" + "0" * 15)
        ),
        *((f"TRY(from_base('{text}', 16))", "NULL") for text in ("", "1_0", "0x1", " 1", "g", "f" * 16)),
        ("substr('a€😀b', 2, 2)", "substr('a€😀b', 2 + n - n, 2)"),
        ("substr('ab', 3, 1)", "substr('ab', 3 + n - n, 1)"),
        ("substr('ab', 9223372036854775807)", "substr('ab', 9223372036854775807 - n + n)"),
        ("substr(to_utf8('abc'), 2, 1)", "substr(to_utf8('abc'), 2 + n - n, 1)"),
        ("chr(128512)", "chr(128512 + n - n)"),
        ("TRY(chr(55296))", "NULL"),
        ("TRY(chr(-1))", "NULL"),
    ],
)
def test_a_literal_argument_gives_what_a_computed_one_gives(lake: Lake, constant: str, computed: str) -> None:
    assert lake.value(f"SELECT {constant} FROM t") == lake.value(f"SELECT {computed} FROM t")


@pytest.mark.parametrize(
    ("expression", "text", "type_"),
    [
        ("7 / 2", "3", "integer"),
        ("-7 / 2", "-3", "integer"),
        ("n / 2", "3", "integer"),
        ("b / 2", "1", "bigint"),
        ("d / 3", "3.35", "decimal(18,2)"),
        ("d / 3.000", "3.350", "decimal(22,3)"),
        ("d / 100000", "0.00", "decimal(18,2)"),
        ("d / -3", "-3.35", "decimal(18,2)"),
        ("7.0 / 2.0", "3.5", "decimal(3,1)"),
        ("cast(7 AS decimal(5,0)) / 2", "4", "decimal(5,0)"),
        ("d / 3e0", "3.35", "double"),
        ("1.00 / 3", "0.33", "decimal(3,2)"),
        ("2.00 / 3", "0.67", "decimal(3,2)"),
        ("-2.00 / 3", "-0.67", "decimal(3,2)"),
        ("100.0 * count(*) / 7", "14.3", "decimal(23,1)"),
        ("sum(d) / count(*)", "10.05", "decimal(38,2)"),
        ("avg(d)", "10.05", "decimal(18,2)"),
        ("avg(n)", "7.0", "double"),
        ("avg(d) FILTER (WHERE n > 100)", None, "decimal(18,2)"),
        ("sum(b)", "3", "bigint"),
        ("sum(b) / 2", "1", "bigint"),
        ("d * d", "101.0025", "decimal(36,4)"),
        ("d + d", "20.10", "decimal(19,2)"),
        ("d - 1", "9.05", "decimal(19,2)"),
        ("d % 3", "1.05", "decimal(12,2)"),
        ("round(d, 1)", "10.10", "decimal(19,2)"),
        ("round(d)", "10", "decimal(17,0)"),
        ("cast(2.5e0 AS bigint)", "3", "bigint"),
        ("cast(1.55 AS decimal(3,1))", "1.6", "decimal(3,1)"),
        ("sum(CASE WHEN ok THEN d ELSE 0 END)", "10.05", "decimal(38,2)"),
        ("coalesce(sum(d), 0)", "10.05", "decimal(38,2)"),
    ],
)
def test_numbers_have_athenas_types_and_rounding(lake: Lake, expression: str, text: str | None, type_: str) -> None:
    group = "" if "(*)" in expression or any(f in expression for f in ("sum(", "avg(")) else " GROUP BY d, n, b"
    outcome = lake.run(f"SELECT {expression} FROM t{group}")
    assert lake.value(f"SELECT {expression} FROM t{group}") == text
    (column,) = outcome.columns
    described = f"decimal({column['Precision']},{column['Scale']})" if column["Type"] == "decimal" else column["Type"]
    assert described == type_


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("date_trunc('day', at)", "2026-01-02 00:00:00.000"),
        ("date_trunc('month', day)", "2026-01-01"),
        ("day + INTERVAL '1' DAY", "2026-02-01"),
        ("date_add('month', 1, day)", "2026-02-28"),
        ("date_add('hour', 2, at)", "2026-01-02 05:04:05.678"),
        ("date_diff('day', TIMESTAMP '2026-01-01 12:00:00', at)", "0"),
        ("date_diff('hour', at, at + INTERVAL '90' MINUTE)", "1"),
        ("date_diff('day', DATE '2026-01-01', day)", "30"),
        ("date_format(at, '%Y-%m-%d %H:%i:%s')", "2026-01-02 03:04:05"),
        ("format_datetime(at, 'yyyy-MM-dd''T''HH:mm:ss.SSS')", "2026-01-02T03:04:05.678"),
        ("format_datetime(at, 'ss.SS')", "05.67"),
        ("format_datetime(at, 'e EEE w xxxx, k')", "5 Fri 1 2026, 3"),
        ("format_datetime(day, 'dd.MM.yyyy')", "31.01.2026"),
        ("format_datetime(at AT TIME ZONE 'UTC', 'yyyy')", "2026"),
        ("format_datetime(current_timestamp, 'ZZ z')", "+00:00 UTC"),
        ("TRY(parse_datetime('x', 'yyyy'))", None),
        ("format_datetime(NULLIF(at, at), 'ss.SS')", None),
        ("parse_datetime('02.01.26 5', 'dd.MM.y H')", "0026-01-02 05:00:00.000 UTC"),
        ("parse_datetime('Feb 3, 2026 7:05:09.5 pm', 'MMM d, yyyy h:mm:ss.SSS a')", "2026-02-03 19:05:09.500 UTC"),
        ("date_parse('2026-01-01 05', '%Y-%m-%d %H')", "2026-01-01 05:00:00.000"),
        ("parse_datetime('2026/01/02', 'yyyy/MM/dd')", "2026-01-02 00:00:00.000 UTC"),
        ("from_unixtime(1767323045)", "2026-01-02 03:04:05.000 UTC"),
        ("to_unixtime(at)", "1.767323045678E9"),
        ("to_iso8601(at)", "2026-01-02T03:04:05.678"),
        ("day_of_week(at)", "5"),
        ("extract(dow FROM day)", "6"),
        ("millisecond(at)", "678"),
        ("last_day_of_month(DATE '2026-02-03')", "2026-02-28"),
        ("cast(at AS varchar)", "2026-01-02 03:04:05.678"),
        ("cast('2026-01-02 03:04:05.6785' AS timestamp)", "2026-01-02 03:04:05.679"),
        ("cast(at AT TIME ZONE 'Asia/Tokyo' AS date)", "2026-01-02"),
        ("cast('2024-07-05 10:00 Europe/Berlin' AS timestamp with time zone)", "2024-07-05 10:00:00.000 Europe/Berlin"),
        ("cast('2024-07-05 10:00:00.5 +02:00' AS timestamp with time zone)", "2024-07-05 10:00:00.500 +02:00"),
        ("at AT TIME ZONE 'Asia/Tokyo'", "2026-01-02 12:04:05.678 Asia/Tokyo"),
        ("current_date > DATE '2020-01-01'", "true"),
        ("(at > current_timestamp - INTERVAL '1' HOUR) IS NOT NULL", "true"),
    ],
)
def test_times(lake: Lake, expression: str, text: str | None) -> None:
    assert lake.value(f"SELECT {expression} FROM t") == text


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("format_datetime(at, 'yyyy-bb')", "INVALID_FUNCTION_ARGUMENT: Illegal pattern component: bb"),
        ("format_datetime(at, 'Z')", "INVALID_FUNCTION_ARGUMENT: format_datetime for TIMESTAMP type"),
        ("parse_datetime('x', 'yyyy')", 'INVALID_FUNCTION_ARGUMENT: Invalid format: "x"'),
        ("parse_datetime('30.02.2026', 'dd.MM.yyyy')", "INVALID_FUNCTION_ARGUMENT: Cannot parse"),
        ("parse_datetime('AD', 'G')", "NOT_SUPPORTED: .*'G'"),
    ],
)
def test_date_patterns_that_fail(lake: Lake, expression: str, reason: str) -> None:
    with pytest.raises(StatementError, match=reason):
        lake.value(f"SELECT {expression} FROM t")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("""json_extract_scalar('{"a":{"b":"x"}}', '$.a.b')""", "x"),
        ("""json_extract_scalar('{"a":{"b":"x"}}', '$.a')""", None),
        ("""json_extract_scalar('{"l":[1,2]}', '$.l[1]')""", "2"),
        ("""json_extract_scalar('{"a b":1}', '$["a b"]')""", "1"),
        ("json_extract_scalar('no json', '$.a')", None),
        ("""json_extract('{"a":{"b":"x"}}', '$.a')""", '{"b":"x"}'),
        ("""cast(json_extract('{"a":"q"}', '$.a') AS varchar)""", "q"),
        ("""cast(json_parse('[1,2]') AS array(integer))""", "[1, 2]"),
        ("cast('x' AS json)", '"x"'),
        ("json_format(json_parse('{\"a\":1}'))", '{"a":1}'),
        ("json_array_length('[1,2]')", "2"),
        ("element_at(m, 'k')", "1"),
        ("element_at(m, 'none')", None),
        ("element_at(arr, -1)", "2"),
        ("cardinality(m)", "1"),
        ("r.y", "q"),
        ("transform(arr, x -> x * 2)", "[2, 4]"),
        ("filter(arr, x -> x > 1)", "[2]"),
        ("reduce(arr, 0, (s, x) -> s + x, s -> s * 10)", "30"),
        ("any_match(arr, x -> x > 1)", "true"),
        ("all_match(arr, x -> x > 1)", "false"),
        ("array_join(arr, '-')", "1-2"),
        ("contains(arr, 1)", "true"),
        ("map_agg(s, n)", "{abc=7}"),
        ("approx_distinct(s)", "1"),
        ("approx_percentile(d, 0.5)", "10.05"),
        ("count_if(ok)", "1"),
        ("max_by(s, at)", "abc"),
        ("arbitrary(s)", "abc"),
        ("every(ok)", "true"),
        ("listagg(s, ',') WITHIN GROUP (ORDER BY s)", "abc"),
    ],
)
def test_structures_and_aggregates(lake: Lake, expression: str, text: str | None) -> None:
    assert lake.value(f"SELECT {expression} FROM t") == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("regexp_extract('abc123', '[0-9]+')", "123"),
        ("regexp_extract('abc', '[0-9]+')", None),
        ("regexp_replace('abc', '(b)', '<$1>')", "a<b>c"),
        ("regexp_like('abc', 'b')", "true"),
        ("regexp_like('a' || chr(10), '^a$')", "true"),
        ("regexp_like('a' || chr(10) || chr(10), '^a$')", "false"),
        ("regexp_like('a' || chr(13) || chr(10), '^a$')", "false"),
        ("regexp_like('ab' || chr(10), 'x|b$')", "true"),
        ("regexp_like('a' || chr(10) || 'b', '(?m)a$')", "true"),
        ("regexp_like('a$', 'a\\$')", "true"),
        ("regexp_like('a' || chr(10), 'a\\z')", "false"),
        ("regexp_like('ba', 'a\\z')", "true"),
        ("regexp_like('a' || chr(10), 'a\\Z')", "true"),
        ("regexp_like('a' || chr(10), '(a\\z)')", "false"),
        ("split_part('a,b', ',', 3)", None),
        ("split('a,b', ',')", "[a, b]"),
        ("concat('a', NULL)", None),
        ("format('%05d %s', 5, 'x')", "00005 x"),
        ("url_extract_host('https://u@x.org:80/p?q=1')", "x.org"),
        ("url_extract_parameter('https://x.org/p?q=1&r=2', 'r')", "2"),
        ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661"),
        ("try_cast('x' AS integer)", None),
        ("try(1 / 0)", None),
        ("greatest(1, NULL)", None),
        ("if(1 > 2, 'a')", None),
        ("typeof(d)", "decimal(18,2)"),
        ("cast(n AS varchar(1))", "7"),
    ],
)
def test_texts_and_conditions(lake: Lake, expression: str, text: str | None) -> None:
    assert lake.value(f"SELECT {expression} FROM t") == text


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT s, e FROM t CROSS JOIN UNNEST(arr) AS u(e) ORDER BY e", [["abc", "1"], ["abc", "2"]]),
        ("SELECT e, o FROM t, UNNEST(arr) WITH ORDINALITY AS u(e, o) ORDER BY e", [["1", "1"], ["2", "2"]]),
        ("SELECT k, v FROM t CROSS JOIN UNNEST(m) AS u(k, v)", [["k", "1"]]),
        ("SELECT p, q FROM t CROSS JOIN UNNEST(rs) AS u(p, q)", [["1", "z"]]),
        ("SELECT x, y FROM UNNEST(ARRAY[1, 2], ARRAY['a']) AS u(x, y) ORDER BY x", [["1", "a"], ["2", None]]),
        ("WITH x AS (SELECT n FROM t) SELECT * FROM x UNION ALL SELECT 1 ORDER BY 1", [["1"], ["7"]]),
        ("SELECT s, sum(n) FROM t GROUP BY ROLLUP (s) ORDER BY 1", [["abc", "7"], [None, "7"]]),
        ("SELECT x FROM (VALUES 2, NULL, 1) AS v(x) ORDER BY x DESC", [["2"], ["1"], [None]]),
        ("SELECT avg(d) OVER (PARTITION BY s) FROM t", [["10.05"]]),
        ("SELECT db.t.n, t.n FROM db.t", [["7", "7"]]),
        ('SELECT count(*) FROM "AwsDataCatalog"."db"."t"', [["1"]]),
        ("(SELECT 1)", [["1"]]),
    ],
)
def test_relations(lake: Lake, sql: str, rows: list[list[str | None]]) -> None:
    assert lake.query(sql) == rows


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("n = '7'", 25), ("at > '2026-01-01'", 26), ("day BETWEEN '2026' AND '2027'", 27), ("n IN (1, '2')", 32),
        ("s + 1 = 2", 25), ("ok = 1", 26), ("s < n", 25),
    ],
)  # fmt: skip
def test_what_athena_would_not_compare_fails(lake: Lake, condition: str, column: int) -> None:
    """The place is the operator's: AstBuilder of Trino 435, getLocation(context.comparisonOperator())."""
    assert lake.failure(f"SELECT 1 FROM t WHERE {condition}").startswith(f"TYPE_MISMATCH: line 1:{column}: ")


def test_timestamps_of_the_usual_form_are_read_as_python_reads_them(lake: Lake) -> None:
    fractions, zones = ("", ".1", ".1239", ".123456789"), ("", "Z", "+02:00", "-05:30", "+00:00", "+13:59", "+14:00")
    texts = [f"2024-02-29T23:59:01{fraction}{zone}" for fraction, zone in product(fractions, zones)]
    values = ", ".join(f"('{text}')" for text in texts)

    rows = lake.query(
        f"SELECT x, CAST(from_iso8601_timestamp(x) AT TIME ZONE 'UTC' AS varchar) FROM (VALUES {values}) t(x)"
    )

    expected = [[text, f"{iso_timestamp(text)['instant']:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"] for text in texts]
    assert sorted(rows, key=str) == sorted(expected, key=str)
