"""What the planner leaves out, keeps and computes beforehand, so that a query of a view costs what it uses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.athena import planning
from sandbox.athena.interruption import Interruptible
from tests.athena_lake import Lake

HOURLY = {
    "projection.enabled": "true",
    "projection.hour.type": "date",
    "projection.hour.format": "yyyy-MM-dd-HH",
    "projection.hour.range": "2026-03-01-00,NOW",
    "projection.hour.interval": "1",
    "projection.hour.interval.unit": "HOURS",
}
ROWS = [{"a": a, "b": b, "c": f"c{a}"} for a in range(4) for b in range(3)]
SUMMED = [{"a": str(a), "b": str(b), "c": f"c{a}", "s": str(a + b)} for a in range(4) for b in range(3)]
LAYERS = (
    "(SELECT a, b, c, a + b AS s FROM t)",
    "(SELECT * FROM (SELECT *, a + b AS s FROM t))",
    "(SELECT *, a + b AS s FROM t WHERE a < 2 UNION ALL SELECT a, b, c, b + a FROM t WHERE a >= 2)",
    "(WITH x AS (SELECT c, b, a, a + b AS s FROM t) SELECT a, b, c, s FROM x)",
    "(SELECT DISTINCT a, b, c, a + b AS s, count(*) OVER () AS n FROM t)",
    "(SELECT a, b, max(c) AS c, sum(a + b) AS s FROM t GROUP BY a, b)",
    """(SELECT x.a, y.b, x.c, x.a + y.b AS s FROM (SELECT DISTINCT a, c FROM t) AS x
    CROSS JOIN (SELECT b, count(*) AS n FROM t GROUP BY b) AS y)""",
    "(SELECT a, b, c, a + b AS s FROM t ORDER BY s, c LIMIT 100)",
)
"""Queries of the same rows in columns a, b, c and s, and more."""
COLUMNS = {"a": "int", "b": "int", "c": "string"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.table("t", COLUMNS)
    lake.rows("t/a.json", *ROWS)
    yield lake
    lake.store.close()


@given(
    layers=st.lists(st.sampled_from(LAYERS), min_size=1, max_size=3),
    shown=st.lists(st.sampled_from("abcs"), max_size=3),
    kept=st.sampled_from("abs"),
    least=st.integers(0, 3),
)
@settings(deadline=None, max_examples=25)
def test_a_query_of_layers_has_the_rows_of_its_columns(
    layered: Lake, layers: list[str], shown: list[str], kept: str, least: int
) -> None:
    source = "t"
    for layer in layers:
        source = layer.replace("FROM t", f"FROM {source if source == 't' else f'(SELECT a, b, c FROM {source})'}")
    wanted = [row for row in SUMMED if int(row[kept]) >= least]
    found = layered.query(f"SELECT {', '.join(shown) or 'count(*)'} FROM {source} WHERE {kept} >= {least}")
    expected = [[row[name] for name in shown] for row in wanted] if shown else [[str(len(wanted))]]
    assert sorted(map(str, found)) == sorted(map(str, expected))


def test_columns_that_nothing_reads_are_neither_bound_nor_read(lake: Lake) -> None:
    lake.table("t", COLUMNS)
    lake.view("v", "SELECT a, b + 1 AS d, c FROM (SELECT * FROM t UNION ALL SELECT a, b, c FROM t)", {
        "a": "int", "d": "int", "c": "varchar",
    })  # fmt: skip
    sql = planning.plan("SELECT sum(a) FROM v", "db", lake.catalogue).sql
    assert '"a"' in sql
    assert '"b"' not in sql
    assert '"c"' not in sql


def test_the_texts_of_a_cte_are_its_last_columns(lake: Lake) -> None:
    """DuckDB counts by day in an array, for which it must know the days of the CTE."""
    lake.table("t", {"id": "string", "note": "string", "n": "int", "day": "date"})
    rows = [{"id": f"o-{i:09}", "note": f"it's, (x {i}", "n": i, "day": f"2026-01-{i % 28 + 1:02}"} for i in range(100)]
    lake.rows("t/a.json", *rows)
    cte = "WITH c AS (SELECT upper(note || ', y') AS note, id, n, day FROM t WHERE n > 1)"
    union = "SELECT day, n, note FROM c UNION ALL SELECT t.day, t.n, c.note FROM t LEFT JOIN c ON t.id = c.id"
    sql = f"{cte} SELECT day, sum(n), max(note) FROM ({union}) GROUP BY day"
    plan, _ = lake.runner.run(
        sql, (), "db", Interruptible(), lambda cursor, plan: cursor.execute(f"EXPLAIN {plan.sql}").fetchall()
    )
    assert "Perfect Hash Group By" in str(plan)
    expected = {
        f"2026-01-{day + 1:02}": (
            sum(i * (1 + (i > 1)) for i in range(day, 100, 28)),
            max(range(day, 100, 28), key=str),
        )
        for day in range(28)
    }
    found = {day: (int(str(total)), note) for day, total, note in lake.query(sql)}
    assert found == {day: (total, f"IT'S, (X {last}, Y") for day, (total, last) in expected.items()}


def test_a_column_that_nothing_reads_is_checked(lake: Lake) -> None:
    lake.table("t", COLUMNS)
    assert "COLUMN_NOT_FOUND" in lake.failure("SELECT x FROM (SELECT nothing AS y, a AS x FROM t)")
    assert "TYPE_MISMATCH" in lake.failure("SELECT x FROM (SELECT a + c AS y, a AS x FROM t)")


def test_texts_like_the_planners_own_names_are_only_texts(lake: Lake) -> None:
    lake.table("t", {"c1": "string", "c2": "int"})
    lake.rows("t/a.json", {"c1": "it's c2", "c2": 5})
    text = "SELECT c1 || '\ufdd0c3\ufdd2 AS c4''' AS c9 FROM (SELECT c2 AS c1, c1 AS c2, c1 FROM t)"
    assert "AMBIGUOUS_NAME" in lake.failure(text)
    assert lake.query(text.replace("c2 AS c1, ", "")) == [["it's c2\ufdd0c3\ufdd2 AS c4'"]]


def test_scalars_of_one_text_are_read_in_one_pass(lake: Lake) -> None:
    """By as few calls as the compiled reader's limit allows; a path with a quote, a text like a call, and NULL too."""
    lake.table("t", {"x": "string", "y": "string"})
    texts = [json.dumps({f"n{at}": f"{at + row:02}" for at in range(70)} | {"it's": "so"}) for row in range(2)]
    lake.rows("t/a.json", *({"x": text, "y": text} for text in texts), {"y": "{}"})
    paths = [*(f"$.n{at}" for at in range(70)), """$["it''s"]"""]
    scalars = [f"json_extract_scalar(x, '{path}')" for path in paths]
    others = ["json_extract_scalar(y, '$.n0')", """'athena_json_scalar_of(r1."x", '''')'"""]
    where = f"{scalars[0]} IS NULL OR {scalars[1]} > '00'"
    sql = f"SELECT {', '.join([*scalars, *others])} FROM t WHERE {where} ORDER BY 1"
    planned = planning.plan(sql, "db", lake.catalogue).sql
    assert len(set(re.findall(r"athena_json_scalars_of\([^)]*\)", planned))) == 2
    assert planned.count("athena_json_scalar_of(") == 2, "of y, and the text"
    text = """athena_json_scalar_of(r1."x", '')"""
    assert lake.query(sql) == [
        [*(f"{at:02}" for at in range(70)), "so", "00", text],
        [*(f"{at + 1:02}" for at in range(70)), "so", "01", text],
        [*[None] * 72, text],
    ]


def test_a_kept_plan_of_a_view_follows_the_view_and_its_tables(lake: Lake) -> None:
    lake.table("t", {"a": "int", "b": "int"})
    lake.rows("t/a.json", {"a": 1, "b": 2})
    lake.view("inner_view", "SELECT a AS x FROM t", {"x": "int"})
    lake.view("v", "SELECT x FROM inner_view", {"x": "int"})
    assert lake.query("SELECT * FROM v") == lake.query("SELECT * FROM v") == [["1"]]
    lake.view("inner_view", "SELECT b AS x FROM t", {"x": "int"})
    assert lake.query("SELECT * FROM v") == [["2"]]
    lake.table("t", {"a": "int", "b": "string"})
    assert "VIEW_IS_STALE" in lake.failure("SELECT * FROM v")
    del lake.catalogue.tables["db", "t"]
    assert "TABLE_NOT_FOUND" in lake.failure("SELECT * FROM v")


def test_a_view_that_is_used_twice_is_read_twice(lake: Lake) -> None:
    lake.table("t", {"a": "int", "b": "int"})
    lake.rows("t/a.json", *({"a": i, "b": i + 1} for i in range(4)))
    lake.view("v", "SELECT a, b FROM t WHERE a > 0", {"a": "int", "b": "int"})
    once = lake.run("SELECT a FROM v").scanned_bytes
    twice = lake.run("SELECT l.a FROM v AS l JOIN v AS r ON l.b = r.a ORDER BY 1")
    assert (twice.rows, twice.scanned_bytes) == (2, 2 * once)


def test_a_bound_that_is_computed_of_constants_limits_the_listing(lake: Lake) -> None:
    lake.table("t", {"a": "int"}, ["hour"], HOURLY)
    for hour in ("2026-03-14-22", "2026-03-15-01", "2026-03-15-03"):
        lake.rows(f"t/hour={hour}/a.json", {"a": int(hour[-2:])})
    moment = "from_iso8601_timestamp('2026-03-15T03:10:00Z') - INTERVAL '2' HOUR"
    found = lake.query(f"SELECT a FROM t WHERE hour >= date_format({moment}, '%Y-%m-%d-%H') ORDER BY a")
    assert found == [["1"], ["3"]]
    assert lake.objects.after == ["t/hour=2026-03-15-01"]


@pytest.mark.parametrize(
    "bound", ["date_format(now(), '%Y')", "CAST(random() AS varchar)", "lower('A')", "to_iso8601(1)"]
)
def test_a_bound_that_is_not_constant_or_fails_is_left_to_the_query(lake: Lake, bound: str) -> None:
    lake.table("t", {"a": "int"}, ["hour"], HOURLY)
    lake.rows("t/hour=2026-03-15-01/a.json", {"a": 1})
    if bound.startswith("to_iso8601"):
        assert "FUNCTION_NOT_FOUND" in lake.failure(f"SELECT a FROM t WHERE hour >= {bound}")
    else:
        lake.query(f"SELECT a FROM t WHERE hour >= {bound}")
        assert lake.objects.after == [""]


def test_an_integer_literal_is_written_once_in_the_type_that_it_is_compared_in(lake: Lake) -> None:
    lake.table("t", {"b": "bigint", "s": "smallint"})
    lake.rows("t/a.json", {"b": 1, "s": -7}, {"b": 2, "s": 7})
    sql = "SELECT b FROM t WHERE b = 1 AND s < -6"
    planned = planning.plan(sql, "db", lake.catalogue).sql
    assert "CAST(1 AS BIGINT)" in planned
    assert "CAST(CAST(" not in planned
    assert lake.query(sql) == [["1"]]


def test_a_long_statement_is_planned_as_a_short_one(lake: Lake) -> None:
    lake.table("t", {"a": "int", "b": "int"})
    lake.rows("t/a.json", *({"a": i, "b": -i} for i in range(4)))
    numbers = ", ".join(str(10**8 + i) for i in range(4000))
    sql = f"SELECT a FROM (SELECT a, b, a + b AS c FROM t) WHERE a NOT IN ({numbers}) AND a > 2"
    planned = planning.plan(sql, "db", lake.catalogue).sql
    assert '"b"' not in planned
    assert lake.query(sql) == [["3"]]


def test_only_conditions_on_columns_that_a_where_guards_are_kept_from_duckdbs_optimizer(lake: Lake) -> None:
    # The answers of Trino 435 to such statements are in tests/oracle/trino/answers.jsonl.
    lake.table("t", {"a": "int", "b": "int"})
    lake.rows("t/a.json", {"a": 0, "b": 1}, {"a": 2, "b": 1})
    guarded = "SELECT k FROM (SELECT 6 / a AS k, b FROM t WHERE a <> 0) WHERE k > 1 AND b = 1"
    planned = planning.plan(guarded, "db", lake.catalogue).sql
    assert planned.count("AS BOOLEAN)") == 1
    assert lake.query(guarded) == [["3"]]
    for free in (
        "SELECT b FROM (SELECT a, b FROM t WHERE a <> 0) WHERE b > 0",
        "SELECT k FROM (SELECT a + b AS k FROM t) WHERE k > 1",
        "SELECT n FROM (SELECT row_number() OVER (ORDER BY a) AS n FROM t WHERE a <> 0) WHERE n = 1",
        "SELECT x.k FROM (SELECT 6 / a AS k FROM t WHERE a <> 0) AS x JOIN t ON t.a = x.k",
    ):
        assert "AS BOOLEAN)" not in planning.plan(free, "db", lake.catalogue).sql
