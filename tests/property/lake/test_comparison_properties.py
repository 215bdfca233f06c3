from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.comparison import Comparison, Difference
from transform.schema import Column, KeyAttribute, Table

Cells = tuple[str | None, ...]

TABLE = Table(
    entity="thing",
    change_log="thing_changes",
    view="things",
    partition_key=KeyAttribute("id", "S"),
    sort_key=KeyAttribute("line", "N"),
    columns=(
        Column("name", "string", ("name",), ""),
        Column("id", "string", ("id",), ""),
        Column("line", "bigint", ("line",), ""),
        Column("price", "decimal(18,2)", ("price",), ""),
    ),
)


def key_of(row: Cells) -> Cells:
    return row[1:3]


texts = st.none() | st.sampled_from(["", "a", "b", '"', "é", "🛒", "NULL", "a,b"])
ids = st.sampled_from(["", "k", "k/1", 'k"', "ключ"])
lines = st.integers(-3, 3).map(str)
rows: st.SearchStrategy[Cells] = st.tuples(texts, ids, lines, texts)
tables = st.lists(rows, unique_by=key_of, max_size=12)


@st.composite
def views(draw: st.DrawFn, table: list[Cells]) -> list[Cells]:
    """What may become of a table on its way: rows lost, altered, repeated, invented, and in any order."""
    view: list[Cells] = []
    for row in table:
        match draw(st.sampled_from(["kept", "kept", "kept", "lost", "altered", "repeated"])):
            case "kept":
                view.append(row)
            case "altered":
                view.append((draw(texts), *key_of(row), draw(texts)))
            case "repeated":
                view += [row, (draw(texts), *row[1:])]
            case _:
                pass
    return draw(st.permutations(view + draw(st.lists(rows, max_size=4))))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[Cells], list[Cells]]:
    table = draw(tables)
    return table, draw(views(table))


def oracle(table: list[Cells], view: list[Cells]) -> Iterator[Difference]:
    """Says what is wrong by going through all keys, with lists that are searched from the start each time."""
    for key in set(map(key_of, table + view)):
        wanted = [row for row in table if key_of(row) == key]
        shown = [row for row in view if key_of(row) == key]
        if wanted and not shown:
            yield Difference("missing", key)
        for _ in shown[len(wanted) :]:
            yield Difference("extra", key)
        if wanted and shown:
            for at, column in enumerate(TABLE.columns):
                if wanted[0][at] != shown[0][at]:
                    yield Difference("different", key, column.name, wanted[0][at], shown[0][at])


@given(pairs())
def test_exactly_what_is_wrong_is_found(pair: tuple[list[Cells], list[Cells]]) -> None:
    table, view = pair
    with closing(Comparison(TABLE)) as comparison:
        comparison.expect(table)
        comparison.find(view)
        found = list(comparison.differences())
    wrong = list(oracle(table, view))
    assert Counter(found) == Counter(wrong)
    assert (comparison.items, comparison.rows) == (len(table), len(view))
    kinds = Counter(difference.kind for difference in wrong)
    assert (comparison.missing, comparison.extra) == (kinds["missing"], kinds["extra"])
    assert comparison.different == len({difference.key for difference in wrong if difference.kind == "different"})


@given(tables, st.randoms())
def test_the_same_rows_in_any_order_are_clean(table: list[Cells], random: Random) -> None:
    shuffled = random.sample(table, len(table))
    with closing(Comparison(TABLE)) as comparison:
        comparison.expect(table)
        comparison.find(shuffled)
        assert list(comparison.differences()) == []


@given(tables.filter(bool), st.data())
def test_items_with_equal_columns_are_not_merged(table: list[Cells], data: st.DataObject) -> None:
    twin = data.draw(st.sampled_from(table))
    with closing(Comparison(TABLE)) as comparison:
        comparison.expect([*table, twin])
        comparison.find(table)
        assert list(comparison.differences()) == [Difference("missing", key_of(twin))]


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_differences_can_be_limited(limit: int) -> None:
    with closing(Comparison(TABLE)) as comparison:
        comparison.expect((None, str(number), "0", None) for number in range(10))
        comparison.find([])
        assert len(list(comparison.differences(limit))) == limit
        assert comparison.missing == 10
