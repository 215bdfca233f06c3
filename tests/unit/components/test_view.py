"""The view against a plain model: the last change of each key, in any order of arrival."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlglot import expressions

from components import view
from transform.schema import TABLE, Column, KeyAttribute, LakeTable

COMPOSITE = LakeTable(
    entity="line",
    change_log="line_changes",
    view="order",
    partition_key=KeyAttribute("order", "S"),
    sort_key=KeyAttribute("line", "N"),
    columns=(
        Column("order", "string", ("order",), "a word that SQL reserves"),
        Column("line", "bigint", ("line",), "the sort key"),
        Column("version", "bigint", ("version",), "counts the writes"),
    ),
)
DUCKDB_TYPES = {"string": "VARCHAR", "int": "INTEGER"}


@dataclass(frozen=True)
class Change:
    """A change of a key; its sequence is its place among all changes."""

    key: str
    op: str
    sequence: int

    def row(self, table: LakeTable) -> list[Any]:
        values: dict[str, Any] = {column.name: None for column in table.change_log_columns}
        values |= dict.fromkeys((key.name for key in table.key_columns), self.key)
        values |= {"version": self.sequence, "event_id": f"e{self.sequence}", "op": self.op}
        values |= {"sequence": f"{self.sequence:040}", "changed_at": "2026-01-01 00:00:00"}
        return list(values.values())


class Connection(Protocol):
    """What is used of DuckDB's connection."""

    def execute(self, query: str, parameters: object = ...) -> Connection: ...
    def executemany(self, query: str, parameters: object = ...) -> Connection: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...
    def close(self) -> None: ...


class Lake:
    """A change log in DuckDB, and the view's answer over it."""

    def __init__(self, table: LakeTable) -> None:
        self._table = table
        self._connection: Connection = duckdb.connect()
        columns = ", ".join(
            f"{view.quoted(column.name)} {DUCKDB_TYPES.get(column.type, column.type)}"
            for column in table.change_log_columns
        )
        self._connection.execute(f"CREATE TABLE {table.change_log} ({columns})")
        self._query = sqlglot.transpile(view.current_state(table).sql, read="trino", write="duckdb")[0]

    def close(self) -> None:
        self._connection.close()

    def answer(self, changes: Sequence[Change]) -> dict[str, int]:
        """Each key that there is with the version that it has, after these changes arrived in this order."""
        marks = ", ".join("?" for _ in self._table.change_log_columns)
        self._connection.execute(f"DELETE FROM {self._table.change_log}")
        if changes:
            rows = [change.row(self._table) for change in changes]
            self._connection.executemany(f"INSERT INTO {self._table.change_log} VALUES ({marks})", rows)
        names = [column.name for column in view.columns(self._table)]
        found = [dict(zip(names, row, strict=True)) for row in self._connection.execute(self._query).fetchall()]
        key = self._table.key_columns[0].name
        assert len({row[key] for row in found}) == len(found), "a key stands twice"
        return {str(row[key]): row["version"] for row in found}


@pytest.fixture(scope="module", params=[TABLE, COMPOSITE], ids=lambda table: table.view)
def lake(request: pytest.FixtureRequest) -> Iterator[Lake]:
    lake = Lake(request.param)
    yield lake
    lake.close()


def lives(changes: Sequence[Change]) -> dict[str, int]:
    """What the table holds after these changes, made in the order of their sequence."""
    held: dict[str, int] = {}
    for change in sorted(changes, key=lambda change: change.sequence):
        held.pop(change.key, None)
        if change.op != "REMOVE":
            held[change.key] = change.sequence
    return held


HISTORIES = st.lists(
    st.tuples(st.sampled_from("1234"), st.sampled_from(["INSERT", "MODIFY", "MODIFY", "REMOVE"])), max_size=14
).map(lambda made: [Change(key, op, sequence) for sequence, (key, op) in enumerate(made)])


@given(history=HISTORIES, seed=st.integers(0, 2**32))
@hypothesis_settings(max_examples=20, deadline=None)
def test_the_view_is_the_table_under_duplicates_and_disorder(lake: Lake, history: list[Change], seed: int) -> None:
    chance = random.Random(seed)
    arrived = history + [change for change in history if chance.random() < 0.5]
    chance.shuffle(arrived)
    assert lake.answer(arrived) == lives(history)


@given(history=HISTORIES, start=st.integers(0, 14))
@hypothesis_settings(max_examples=20, deadline=None)
def test_a_replay_of_old_changes_changes_nothing(lake: Lake, history: list[Change], start: int) -> None:
    assert lake.answer(history + history[start:] + history) == lives(history)


def test_a_key_that_was_removed_and_made_again_is_there(lake: Lake) -> None:
    history = [Change("1", "INSERT", 1), Change("1", "REMOVE", 2), Change("1", "INSERT", 3)]
    assert lake.answer(history[::-1]) == {"1": 3}


def test_a_tombstone_that_arrives_first_still_wins(lake: Lake) -> None:
    assert lake.answer([Change("1", "REMOVE", 2), Change("1", "INSERT", 1)]) == {}


def test_sequences_are_compared_as_the_text_that_they_are(lake: Lake) -> None:
    assert lake.answer([Change("1", "MODIFY", 10), Change("1", "INSERT", 9)]) == {"1": 10}


@pytest.mark.parametrize("table", [TABLE, COMPOSITE], ids=lambda table: table.view)
def test_athena_finds_the_view_in_the_text_that_glue_keeps(table: LakeTable) -> None:
    text = view.current_state(table).encoded("a_database")
    assert text.startswith("/* Presto View: ")
    assert text.endswith(" */")
    definition = json.loads(base64.b64decode(text.removeprefix("/* Presto View: ").removesuffix(" */")))
    assert definition.pop("originalSql") == view.current_state(table).sql
    assert definition == {
        "catalog": "awsdatacatalog",
        "schema": "a_database",
        "columns": [{"name": column.name, "type": view.presto_type(column)} for column in view.columns(table)],
    }


@pytest.mark.parametrize("table", [TABLE, COMPOSITE], ids=lambda table: table.view)
def test_the_query_answers_the_columns_that_the_view_declares(table: LakeTable) -> None:
    (query,) = sqlglot.parse(view.current_state(table).sql, read="trino")
    assert isinstance(query, expressions.Select)
    assert query.named_selects == [column.name for column in view.columns(table)]


def test_every_glue_type_has_the_name_that_athena_gives_it() -> None:
    types = {column.type: view.presto_type(column) for column in view.columns(TABLE)}
    assert types == {
        "string": "varchar",
        "bigint": "bigint",
        "int": "integer",
        "decimal(18,2)": "decimal(18,2)",
        "boolean": "boolean",
        "timestamp": "timestamp(3)",
    }
