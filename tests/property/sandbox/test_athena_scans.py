"""A table that a statement reads in place has the rows and the NULLs of the same rows as VALUES, which no scan has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox.athena.catalogue import CataloguePartition, Storage
from sandbox.athena.files import DEFAULT_PARTITION
from sandbox.athena.interruption import Interruptible
from sandbox.athena.planning import QueryPlan
from sandbox.athena.sql import literal
from tests.athena_lake import Lake
from tests.unit.sandbox.test_athena_query import HOURLY

_OBJECTS = {
    "one": {"one/x": ("", (1, 2, 3, 3, None))},
    "hourly": {"hourly/hour=2026-03-15-01/it's": ("2026-03-15-01", (2, 3, 4))},
    "hours": {
        "hours/hour=2026-03-14-22/x": ("2026-03-14-22", (1, 2)),
        "hours/hour=2026-03-15-00/x": ("2026-03-15-00", (2, 5)),
    },
    "several": {f"several/{number}": ("", (number, number + 1)) for number in range(6)},
}
"""The numbers in the objects of each table, and each object's hour, if the table has hours."""
_PARTITIONED = frozenset({"hourly", "hours"})
_SHOWN = ("{}.n", "{}.hour", '{}."$path"')
_CONDITIONS = (
    *("{}.n > 1", "{}.hour >= '2026-03-15'", """{}."$path" LIKE '%x'""", "{}.n IS NULL", "{}.hour IS NULL"),
    *("""coalesce({}."$path" < 'a', true)""", "{}.n % 2 = 0 OR {}.hour IS NULL", """'r1."$object" AND ' <> {}.hour"""),
    "EXISTS (SELECT 1 FROM {one} AS i WHERE i.n = {}.n)",
    "{}.n IN (SELECT i.n FROM {hourly} AS i LEFT JOIN {several} AS j ON j.n = i.n + 1 WHERE j.n IS NULL)",
    "(SELECT count(*) FROM {several} AS i WHERE i.n < {}.n) > 2",
)


@dataclass(frozen=True)
class _From:
    """A FROM clause with the tables' names in braces, and the aliases in it with their tables."""

    sql: str
    aliases: tuple[tuple[str, str], ...]


@st.composite
def _joins(draw: st.DrawFn, most: int = 3) -> _From:
    tables = draw(st.lists(st.sampled_from(sorted(_OBJECTS)), min_size=1, max_size=most))
    joined = [_From(f"{{{table}}} AS a{place}", ((f"a{place}", table),)) for place, table in enumerate(tables)]
    while len(joined) > 1:
        at = draw(st.integers(0, len(joined) - 2))
        left, right = joined[at : at + 2]
        kind = draw(st.sampled_from(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN")))
        (a, _), (b, _) = draw(st.sampled_from(left.aliases)), draw(st.sampled_from(right.aliases))
        more = draw(st.sampled_from(("", f" AND {a}.n > 1", f" AND {b}.n > 1"))) if kind != "FULL JOIN" else ""
        on = "" if kind == "CROSS JOIN" else f" ON {a}.n = {b}.n{more}"
        side = f"({right.sql})" if len(right.aliases) > 1 else right.sql
        joined[at : at + 2] = [_From(f"{left.sql} {kind} {side}{on}", left.aliases + right.aliases)]
    return joined[0]


@st.composite
def _queries(draw: st.DrawFn) -> str:
    source = draw(_joins())
    columns = [
        shown.format(alias)
        for alias, table in source.aliases
        for shown in _SHOWN
        if table in _PARTITIONED or "hour" not in shown
    ]
    parts = draw(st.lists(st.tuples(st.sampled_from(source.aliases), st.sampled_from(_CONDITIONS)), max_size=2))
    where = [
        condition.replace("{}", alias)
        for (alias, table), condition in parts
        if table in _PARTITIONED or "hour" not in condition
    ]
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    chosen = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=4, unique=True))
    form = draw(st.sampled_from(("rows", "count", "groups", "distinct", "view")))
    shown = ", ".join(chosen)
    match form:
        case "count":
            return f"SELECT count(*) FROM {source.sql}{clause}"
        case "groups":
            return f"SELECT {shown}, count(*) FROM {source.sql}{clause} GROUP BY {shown}"
        case "distinct":
            return f"SELECT DISTINCT {shown} FROM {source.sql}{clause} ORDER BY {shown}"
        case "view":
            named = ", ".join(f"{column} AS c{place}" for place, column in enumerate(chosen))
            inner = f"SELECT {named} FROM {source.sql}{clause}"
            return f"SELECT c0, c0 || '!' FROM (SELECT CAST(c0 AS varchar) AS c0 FROM ({inner}))"
        case _:
            return f"SELECT {shown} FROM {source.sql}{clause}"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Each table's objects have replaced others, whose rows are still in the store."""
    lake = Lake(Path(tmp_path_factory.mktemp("lake")))
    for table, objects in _OBJECTS.items():
        partitioned = table in _PARTITIONED
        lake.table(table, {"n": "int"}, ["hour"] if partitioned else [], HOURLY if partitioned else None)
        for key in objects:
            lake.rows(key, {"n": 2}, {"n": 3}, {"n": 77})
        lake.query(f"SELECT count(*) FROM {table}")
        for key, (_, numbers) in objects.items():
            lake.rows(key, *({"n": number} for number in numbers))
    yield lake
    lake.store.close()


def _values(table: str) -> str:
    rows = [
        f"({'CAST(NULL AS integer)' if number is None else number}, '{hour}', {literal(f's3://lake/{key}')})"
        for key, (hour, numbers) in _OBJECTS[table].items()
        for number in numbers
    ]
    return f'(SELECT n, hour, "$path" FROM (VALUES {", ".join(rows)}) AS v(n, hour, "$path"))'


@given(sql=_queries())
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example('SELECT a0.n, a1.hour, a1."$path" FROM {one} AS a0 LEFT JOIN {hourly} AS a1 ON a0.n = a1.n')
@example("SELECT a0.n, a1.n FROM {one} AS a0 RIGHT JOIN {several} AS a1 ON a0.n = a1.n WHERE a0.n IS NULL")
@example("SELECT a0.n, a1.n FROM {one} AS a0 FULL JOIN {hourly} AS a1 ON a0.n = a1.n")
@example("SELECT a0.n, a1.n FROM {one} AS a0 LEFT JOIN ({hourly} AS a1 CROSS JOIN {one} AS a2) ON a0.n = a1.n")
@example("SELECT a0.n, u.k FROM {one} AS a0 LEFT JOIN UNNEST(sequence(1, a0.n)) AS u(k) ON true")
@example("SELECT a0.n, t.m FROM {one} AS a0 CROSS JOIN LATERAL (SELECT max(n) AS m FROM {several} WHERE n < a0.n) AS t")
@example('SELECT hour, "$path", count(*) FROM {hourly} GROUP BY hour, "$path" ORDER BY hour, "$path"')
@example("SELECT n FROM {one} JOIN {several} USING (n) LEFT JOIN {hourly} USING (n)")
@example("SELECT count(*) FROM {one} AS a0 TABLESAMPLE BERNOULLI (100) LEFT JOIN {hourly} AS a1 ON a0.n = a1.n")
@example("WITH w AS (SELECT n FROM {one}) SELECT w.n, x.n FROM w LEFT JOIN w AS x ON x.n = w.n + 1 WHERE x.n IS NULL")
@example("SELECT n FROM {one} WHERE n > 1 OR n IS NULL UNION ALL SELECT n FROM {hourly} WHERE n > 1 OR true")
def test_scans_in_place_have_the_rows_of_values(lake: Lake, sql: str) -> None:
    tables = {name: name for name in _OBJECTS}
    values = {name: _values(name) for name in _OBJECTS}
    if "TABLESAMPLE" in sql:
        values["one"] = f"(SELECT * FROM {values['one']} AS one)"
    found = lake.query(sql.format(**tables))
    expected = lake.query(sql.replace("TABLESAMPLE BERNOULLI (100)", "").format(**values))
    assert sorted(map(str, found)) == sorted(map(str, expected))


@pytest.mark.parametrize(
    ("sql", "conditions", "subqueries"),
    [
        ("SELECT n FROM one", ["WHERE r1.object = 2"], 0),
        ("SELECT n FROM one WHERE n > 1 OR n < 0", ["WHERE r1.object = 2 AND (("], 0),
        ("SELECT n FROM several", ["WHERE r1.object IN (7, 8, 9, 10, 11, 12)"], 0),
        ('SELECT n, "$path" FROM several', [], 1),
        ("SELECT hour FROM hourly", ["WHERE r1.object = 2"], 0),
        ("SELECT hour FROM hours", [], 1),
        ("SELECT a.n FROM one AS a LEFT JOIN hourly AS b ON a.n = b.n", ["ON r3.object = 2 AND", "WHERE r1.object"], 0),
        ("SELECT a.n, b.hour FROM one AS a LEFT JOIN hourly AS b ON a.n = b.n", ["WHERE r"], 1),
        ("SELECT a.n, b.n FROM one AS a FULL JOIN several AS b ON a.n = b.n", [], 2),
    ],
)  # fmt: skip
def test_a_scan_is_in_place_where_its_condition_has_one(
    lake: Lake, sql: str, conditions: list[str], subqueries: int
) -> None:
    def statement(_: duckdb.DuckDBPyConnection, plan: QueryPlan) -> str:
        return plan.sql

    text, _ = lake.runner.run(sql, (), "db", Interruptible(), statement)
    assert all(condition in text for condition in conditions), text
    assert text.count("NOT MATERIALIZED") == subqueries, text
    assert "$object" not in text


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    lake = Lake(Path(tmp_path_factory.mktemp("moments")))
    yield lake
    lake.store.close()


@given(
    objects=st.lists(st.lists(st.sampled_from((0, 123_000, 123_499, 123_500, 999_500)), max_size=3), min_size=1),
    digits=st.integers(0, 6),
)
@settings(deadline=None, max_examples=12)
def test_rounded_timestamps_are_those_of_values(moments: Lake, objects: list[list[int]], digits: int) -> None:
    name = f"t{len(moments.catalogue.tables)}"
    _iceberg(moments, name)
    shown: list[str] = []
    for number, fractions in enumerate(objects):
        _put_moments(moments, f"{name}/{number}", fractions)
        shown += [f"TIMESTAMP '{_moment(fraction)}'" for fraction in (*fractions, 0)]
        sql = f"SELECT to_iso8601(CAST(moment AS timestamp({digits}))) FROM {{}}"
        values = moments.query(sql.format(f"(VALUES {', '.join(shown)}) AS v(moment)"))
        assert sorted(moments.query(sql.format(name) + " WHERE moment IS NOT NULL")) == sorted(values)


@pytest.mark.parametrize(("fraction", "rounded"), [(0, False), (123_000, False), (123_456, True)])
def test_timestamps_of_whole_milliseconds_are_not_rounded_to_them(tmp_path: Path, fraction: int, rounded: bool) -> None:
    for _ in range(2):
        lake = Lake(tmp_path)
        _iceberg(lake, "t")
        for key, one in (("t/a", 0), ("t/b", fraction)):
            _put_moments(lake, key, [one])
        for digits, expected in ((3, rounded), (0, True)):
            sql = f"SELECT CAST(moment AS timestamp({digits})) FROM t"
            text, _ = lake.runner.run(sql, (), "db", Interruptible(), lambda _, plan: plan.sql)
            assert ("athena_round_time" in text) == expected
        lake.store.close()


def _moment(fraction: int) -> str:
    return f"2026-03-15 23:59:59.{fraction:06d}"


def _iceberg(lake: Lake, name: str) -> None:
    """A table with microseconds, as Iceberg's are."""
    lake.table(name, {"moment": "timestamp(6)"}, storage=Storage(f"s3://lake/{name}/", "parquet", {}))


def _put_moments(lake: Lake, key: str, fractions: list[int]) -> None:
    """Put a Parquet object of moments with these microseconds, of one without, and of NULL."""
    moments = ", ".join(f"(TIMESTAMP '{_moment(fraction)}')" for fraction in (*fractions, 0))
    file = lake.directory / "written.parquet"
    duckdb.sql(f"COPY (FROM (VALUES {moments}, (NULL)) AS v(moment)) TO '{file}' (FORMAT parquet)")
    lake.objects.put("lake", key, file.read_bytes())


def test_the_value_of_the_partition_of_nulls_is_null(lake: Lake) -> None:
    table = lake.table("nulls", {"n": "int"}, ["day"])
    assert table.storage is not None
    lake.catalogue.parts["nulls"] = [CataloguePartition((DEFAULT_PARTITION,), table.storage)]
    lake.rows("nulls/x", {"n": 1})
    assert lake.query("SELECT n, day, count(day) FROM nulls GROUP BY day, n") == [["1", None, "0"]]


def test_equal_joins_below_unnest_have_the_rows_of_each(lake: Lake) -> None:
    """DuckDB's optimizer of common subplans gave others."""
    lake.table("t", {"a": "int", "b": "int", "c": "string", "k": "int"})
    rows = [{"a": a, "b": b, "c": f"c{(a * b) % 3}", "k": a * 4 + b} for a in range(4) for b in range(3)]
    lake.rows("t/x", *rows, {"a": 1, "c": "c1", "k": 1}, {"b": 2, "k": 2})
    some = "SELECT a, b, k FROM {} WHERE b IS NULL OR c = 'c1'"
    joined = "SELECT x.a, y.b, x.c, y.k FROM {} AS x LEFT JOIN ({}) AS y ON x.a = y.b"
    once = f"({joined.format('t', some.format('t'))})"
    twice = joined.format(once, some.format(once))
    below = [int(row[0]) for row in lake.query(twice) if row[0] is not None]
    unnested = f"SELECT a, b, c, k FROM ({twice}) CROSS JOIN UNNEST(ARRAY[a, 2]) AS u(e) WHERE e > 1"
    found = lake.query(f"SELECT a FROM ({unnested}) WHERE a > 0")
    assert sorted(int(str(a)) for (a,) in found) == sorted(a for a in below if a > 0 for e in (a, 2) if e > 1)
