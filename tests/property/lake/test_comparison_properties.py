from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from lake.comparison import Comparison, Difference
from lake.fingerprints import BUCKETS, Fingerprints
from lake.inventory import Inventory
from tests.things import column_of, things

Cells = tuple[str | None, ...]

TABLE = things(
    column_of("name", "string"),
    column_of("id", "string"),
    column_of("line", "bigint"),
    column_of("price", "string"),
)


def key_of(row: Cells) -> Cells:
    return row[1:3]


PRINTS = Fingerprints(TABLE)


def item_of(row: Cells) -> Raw:
    """A row's item, in DynamoDB JSON."""
    typed = zip(("name", "id", "line", "price"), "SSNS", row, strict=True)
    attributes = {name: {kind: cell} for name, kind, cell in typed if cell is not None}
    return Raw(msgspec.json.encode(attributes))


class Compared:
    """The comparison of all buckets of a table with a view."""

    def __init__(self, table: list[Cells], view: list[Cells]) -> None:
        items = [item_of(row) for row in table]
        self._inventory = Inventory(PRINTS)
        self._inventory.add(items)
        self.result = Comparison(
            TABLE,
            PRINTS,
            self._inventory,
            lambda keys: [item for row, item in zip(table, items, strict=True) if key_of(row) in keys],
        )
        self.result.expect(range(BUCKETS))
        self.result.compare_rows(view, range(BUCKETS))

    def close(self) -> None:
        self.result.close()
        self._inventory.close()


texts = st.none() | st.sampled_from(["", "a", "b", '"', "é", "🛒", "NULL", "a,b"])
ids = st.sampled_from(["", "k", "k/1", 'k"', "ключ"])
lines = st.integers(-3, 3).map(str)
rows: st.SearchStrategy[Cells] = st.tuples(texts, ids, lines, texts)
tables = st.lists(rows, unique_by=key_of, max_size=12)


@st.composite
def views(draw: st.DrawFn, table: list[Cells]) -> list[Cells]:
    """Possible corruptions of a table on its way: rows lost, altered, repeated, invented, and reordered."""
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
    """The oracle: finds differences by a linear search over all keys."""
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
    with closing(Compared(table, view)) as compared:
        comparison = compared.result
        found = list(comparison.differences())
        different = comparison.different
    wrong = list(oracle(table, view))
    assert Counter(found) == Counter(wrong)
    assert comparison.items == len(table)
    kinds = Counter(difference.kind for difference in wrong)
    assert (comparison.missing, comparison.extra) == (kinds["missing"], kinds["extra"])
    assert different == len({difference.key for difference in wrong if difference.kind == "different"})


@given(tables, st.randoms())
def test_the_same_rows_in_any_order_are_clean(table: list[Cells], random: Random) -> None:
    shuffled = random.sample(table, len(table))
    with closing(Compared(table, shuffled)) as compared:
        assert list(compared.result.differences()) == []


@given(tables.filter(bool), st.data())
def test_items_with_equal_columns_are_not_merged(table: list[Cells], data: st.DataObject) -> None:
    twin = data.draw(st.sampled_from(table))
    with closing(Compared([*table, twin], table)) as compared:
        assert list(compared.result.differences()) == [Difference("missing", key_of(twin))]


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_differences_can_be_limited(limit: int) -> None:
    with closing(Compared([(None, str(number), "0", None) for number in range(10)], [])) as compared:
        assert len(list(compared.result.differences(limit))) == limit
        assert compared.result.missing == 10
