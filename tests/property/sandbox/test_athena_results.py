"""Athena's results in the bucket can be read back value by value and page by page, for all values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.athena.catalogue import TypedColumn
from sandbox.athena.planning import QueryPlan
from sandbox.athena.results import csv_page, write_csv
from sandbox.athena.types import VARCHAR

# A DynamoDB string can hold any valid UTF-8.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
CELLS = st.none() | TEXTS | st.sampled_from(["", '"', ",", "\n", "\r\n", '",\n"', "NULL"])


@pytest.fixture(scope="module")
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect()) as connection:
        yield connection


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1), page_size=st.integers(1, 7))
def test_pages_together_are_the_result(
    cursor: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, str | None]], page_size: int
) -> None:
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE t AS SELECT unnest(?::VARCHAR[]) AS a, unnest(?::VARCHAR[]) AS b",
        [[a for a, _ in rows], [b for _, b in rows]],
    )
    columns = (TypedColumn("a", VARCHAR), TypedColumn('b "x"', VARCHAR))
    plan = QueryPlan("SELECT a, b FROM t", (), columns, tuple(column.name for column in columns))
    with TemporaryDirectory() as directory:
        path = Path(directory) / "result.csv"
        _, count = write_csv(cursor, plan, path)
        assert count == len(rows)
        read: list[tuple[str | None, ...]] = []
        token = None
        while True:
            page = csv_page(path, token, page_size)
            read += [tuple(datum.get("VarCharValue") for datum in row["Data"]) for row in page.rows]
            assert len(page.rows) <= page_size
            token = page.next_token
            if token is None:
                break
        assert read == [("a", 'b "x"'), *rows]
        # Other readers of the file take a null for an empty text, and nothing else differs.
        plain = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
        assert plain[1:] == [[a or "", b or ""] for a, b in rows]
