"""The views beside the current state, by the sandbox's Athena, against a plain model of the table."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from components import queries, view
from tests.athena_lake import Lake
from transform.schema import TABLE, Column, DailyMetrics, Lines

_NO_VIEWS = replace(TABLE, lines=None, metrics=None)
_PROJECTION = {
    "projection.enabled": "true",
    f"projection.{view.PARTITION}.type": "date",
    f"projection.{view.PARTITION}.format": "yyyy-MM-dd-HH",
    f"projection.{view.PARTITION}.range": "2026-03-01-00,NOW+2DAYS",
    f"projection.{view.PARTITION}.interval": "1",
    f"projection.{view.PARTITION}.interval.unit": "HOURS",
}
_HISTORY = "SELECT order_id, version, valid_from, valid_to FROM order_history ORDER BY order_id, sequence"


def moment(second: int) -> str:
    return f"2026-03-15 12:00:{second:02}.000"


def row(key: str, op: str, second: int, **values: object) -> dict[str, object]:
    """A change log's row; its sequence is that of its second."""
    named = {"event_id": f"e{second}", "op": op, "sequence": f"{second:053}", "changed_at": moment(second)}
    return named | {"order_id": key, "version": second} | values


def lake_of(directory: Path) -> Lake:
    lake = Lake(directory)
    columns = {column.name: view.presto_type(column) for column in TABLE.change_log_columns}
    lake.table(TABLE.change_log, columns, [view.PARTITION], _PROJECTION)
    for one in view.views(TABLE):
        lake.view(one.name, one.sql, {column.name: view.presto_type(column) for column in one.columns})
    return lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_of(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(tmp_path_factory.mktemp("views"))


def deliver(lake: Lake, rows: list[dict[str, object]], hour: str = "2026-03-15-12", name: str = "1") -> None:
    lake.rows(f"{TABLE.change_log}/{view.PARTITION}={hour}/{name}", *rows)


@given(
    made=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["MODIFY", "MODIFY", "REMOVE"])), max_size=8),
    seed=st.integers(0, 2**32),
)
@hypothesis_settings(max_examples=12, deadline=None)
def test_the_history_is_every_version_under_duplicates_disorder_and_replay(
    shared: Lake, made: list[tuple[str, str]], seed: int
) -> None:
    changes = [row(key, op, second) for second, (key, op) in enumerate(made)]
    expected: list[list[str | None]] = []
    for second, (key, op) in enumerate(made):
        if op != "REMOVE":
            later = next((at for at in range(second + 1, len(made)) if made[at][0] == key), None)
            expected.append([key, str(second), moment(second), None if later is None else moment(later)])
    chance = random.Random(seed)
    arrived = changes + [change for change in changes if chance.random() < 0.5]
    chance.shuffle(arrived)
    shared.objects.content.clear()
    deliver(shared, [*arrived, row("z", "REMOVE", 50)], name=str(seed))
    deliver(shared, [*changes, row("z", "REMOVE", 50)], "2026-03-16-00", f"replay-{seed}")
    assert shared.query(_HISTORY) == sorted(expected)


def test_a_version_is_of_the_hour_in_which_it_first_arrived(lake: Lake) -> None:
    deliver(lake, [row("a", "INSERT", 1)], "2026-03-15-12")
    deliver(lake, [row("a", "INSERT", 1)], "2026-03-15-15")
    assert lake.query("SELECT arrival_hour FROM order_history") == [["2026-03-15-12"]]


def test_the_saved_queries_of_the_past_answer(lake: Lake) -> None:
    saved = {query.name: query.sql for query in queries.saved(TABLE)}
    deliver(lake, [row("a", "INSERT", 1), row("a", "MODIFY", 20), row("b", "INSERT", 30), row("b", "REMOVE", 40)])
    of = {second: lake.query(saved["state-as-of"], f"'{moment(second)}'") for second in (0, 10, 30, 50)}
    assert {second: [(row[0], row[1]) for row in rows] for second, rows in of.items()} == {
        0: [],
        10: [("a", "1")],
        30: [("a", "20"), ("b", "30")] if of[30][0][0] == "a" else [("b", "30"), ("a", "20")],
        50: [("a", "20")],
    }
    deliver(lake, [row("c", "INSERT", 2)], "2026-03-14-00")
    lake.objects.reads.clear()
    assert [row[:2] for row in lake.query(saved["versions-since"], f"'{moment(15)}'")] == [
        ["b", "30"],
        ["a", "20"],
        ["a", "1"],
    ]
    assert not any("2026-03-14" in key for key in lake.objects.reads), "a partition before the moment was read"


def image(*lines: Mapping[str, object]) -> str:
    return json.dumps({"order_id": {"S": "a"}, "line_items": {"L": [{"M": line} for line in lines]}})


def test_the_lines_are_those_of_the_last_image_in_their_order(lake: Lake) -> None:
    chair = {"sku": {"S": "C-1"}, "name": {"S": 'Stuhl "Köln"'}, "quantity": {"N": "3"}, "unit_price": {"N": "39.40"}}
    deliver(
        lake,
        [
            row("a", "MODIFY", 2, after=image(chair, {"sku": {"S": "T-2"}, "quantity": {"N": "many"}})),
            row("a", "INSERT", 1, after=image({"sku": {"S": "old"}})),
            row("a", "MODIFY", 2, after=image(chair, {"sku": {"S": "T-2"}, "quantity": {"N": "many"}})),
            row("b", "INSERT", 3, after=json.dumps({"order_id": {"S": "b"}})),
            row("c", "REMOVE", 4, before=image(chair)),
        ],
    )
    assert lake.query("SELECT * FROM order_items ORDER BY order_id, line") == [
        ["a", "1", "C-1", 'Stuhl "Köln"', None, "3", "39.40"],
        ["a", "2", "T-2", None, None, None, None],
    ]


def test_the_price_of_a_line_keeps_all_its_digits(lake: Lake) -> None:
    deliver(lake, [row("a", "INSERT", 1, after=image({"unit_price": {"N": "9007199254740993.01"}}))])
    assert lake.value("SELECT unit_price FROM order_items") == "9007199254740993.01"


def test_the_metrics_count_each_order_once_in_its_last_state(lake: Lake) -> None:
    def order(key: str, op: str, second: int, status: str, day: str, total: str) -> dict[str, object]:
        values = {"status": status, "currency": "EUR", "ordered_at": f"{day} 23:59:59.999", "item_count": 2}
        return row(key, op, second, **values, total=total)

    changes = [
        order("a", "INSERT", 1, "placed", "2026-03-14", "10.10"),
        order("a", "MODIFY", 2, "paid", "2026-03-14", "10.10"),
        order("b", "INSERT", 3, "paid", "2026-03-14", "0.20"),
        order("c", "INSERT", 4, "paid", "2026-03-15", "5.00"),
        order("d", "INSERT", 5, "paid", "2026-03-15", "7.00"),
        order("d", "REMOVE", 6, "paid", "2026-03-15", "7.00"),
    ]
    deliver(lake, changes[::-1] + changes)
    assert lake.query("SELECT * FROM order_metrics_daily ORDER BY day") == [
        ["2026-03-14", "EUR", "paid", "2", "4", "10.30"],
        ["2026-03-15", "EUR", "paid", "1", "2", "5.00"],
    ]


def test_each_view_answers_the_columns_and_types_that_it_declares(lake: Lake) -> None:
    deliver(lake, [row("a", "INSERT", 1, after=image({"sku": {"S": "C-1"}}))])
    for one in view.views(TABLE):
        assert lake.query(f"SELECT * FROM {one.name}"), one.name  # its View compares the types, as Athena does


def test_a_table_without_lines_and_metrics_has_two_views() -> None:
    assert [one.name for one in view.views(_NO_VIEWS)] == ["orders", "order_history"]


def test_a_nested_list_is_read_through_its_maps() -> None:
    nested = Lines(("cart", "the items"), (Column("sku", "string", ("product", "sku"), "it"),))
    assert "'$.cart.M[\"the items\"].L'" in view.lines(TABLE, nested).sql
    assert "'$.M.product.M.sku.S'" in view.lines(TABLE, nested).sql


@pytest.mark.parametrize(
    ("lines", "metrics", "says"),
    [
        (Lines(("l",), (Column("order_id", "string", ("x",), ""),)), None, "order_id"),
        (None, DailyMetrics("status", ("currency",), ("total",)), "'status' is neither a date nor a timestamp"),
        (None, DailyMetrics("ordered_at", ("curency",), ("total",)), "no column 'curency'"),
        (None, DailyMetrics("ordered_at", ("currency",), ("status",)), "'status' is not a number"),
    ],
)
def test_a_wrong_description_of_a_view_is_refused(lines: Lines | None, metrics: DailyMetrics | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(TABLE, lines=lines, metrics=metrics)


def test_a_line_has_no_dates() -> None:
    with pytest.raises(ValueError, match="'at'"):
        Lines(("l",), (Column("at", "timestamp", ("at",), ""),))
