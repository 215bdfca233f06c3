"""The JSON files that UNLOAD, CREATE TABLE AS and INSERT write."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sandbox.athena.files import Layout, RelationWriter
from sandbox.athena.formats import JSON
from sandbox.athena.interruption import Interruptible
from sandbox.athena.planning import QueryPlan
from sandbox.athena.planning.stored import rows_of
from tests.athena_lake import Lake

_COLUMNS = (
    ("""'a"b\\c/é🛒' || chr(7) || chr(10)""", r'"t":"a\"b\\c/é🛒\u0007\n"'.encode()),
    ("CAST(NULL AS varchar)", b""),
    ("CAST('12345678901234567890.123456789' AS decimal(38,9))", b'"t":12345678901234567890.123456789'),
    ("true", b'"t":true'),
    ("CAST(NULL AS integer)", b""),
    ("1e0", b'"t":1.0'),
    ("nan()", b'"t":NaN'),
    ("DATE '2026-01-02'", b'"t":"2026-01-02"'),
    ("TIMESTAMP '2026-01-02 03:04:05.678'", b'"t":"2026-01-02 03:04:05.678"'),
    ("X'00ff'", b'"t":"AP8="'),
    ("ARRAY['x\"', NULL]", rb'"t":["x\"",null]'),
    ("MAP(ARRAY['k', 'l'], ARRAY[1, NULL])", b'"t":{"k":1}'),
    (
        "CAST(ROW(NULL, ROW(DECIMAL '12345678901234567890.5', NULL)) AS ROW(a date, b ROW(c decimal(38,1), d date)))",
        b'"t":{"b":{"c":12345678901234567890.5}}',
    ),
    ("CAST(ROW(nan()) AS ROW(a double))", b'"t":{"a":NaN}'),
)


def written(tmp_path: Path, sql: str, memory: str = "1GB") -> bytes:
    """The file of a query's rows."""
    lake, files = Lake(tmp_path), list[bytes]()

    def use(cursor: duckdb.DuckDBPyConnection, plan: QueryPlan) -> None:
        rows = rows_of(plan.sql, plan.columns, plan.columns, plan.columns)
        lake.runner.require(rows)
        cursor.execute(f"SET GLOBAL memory_limit = '{memory}'")
        cursor.execute(f"CREATE TEMP TABLE written AS {rows}")
        layout = Layout(plan.columns, JSON, "NONE")
        RelationWriter(cursor, layout, lambda _: "s3://lake/out", upload, tmp_path).write("written")

    def upload(path: Path, _: str) -> None:
        files.append(path.read_bytes())

    lake.runner.run(sql, (), "db", Interruptible(), use)
    (content,) = files
    return content


def test_values_keep_their_digits_and_a_null_has_no_member(tmp_path: Path) -> None:
    columns = ", ".join(f"{sql} AS c{at}" for at, (sql, _) in enumerate(_COLUMNS))
    members = [json.replace(b'"t"', b'"c%d"' % at) for at, (_, json) in enumerate(_COLUMNS) if json]
    assert written(tmp_path, f"SELECT {columns}") == b"{%b}\n" % b",".join(members)


def test_large_values_are_written_in_little_memory(tmp_path: Path) -> None:
    """DuckDB's JSON took twenty times the rows of a batch, which are 2,048."""
    sql = "SELECT x AS n, rpad('', 100000, 'x') AS t FROM UNNEST(sequence(1, 300)) AS a(x)"
    lines = written(tmp_path, sql, memory="200MB").splitlines()
    assert len(lines) == 300
    assert lines[0] == b'{"n":1,"t":"%b"}' % (b"x" * 100_000)
