"""The partitions and objects that a query's conditions select before any row is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.athena import planning
from sandbox.athena.holds import RunningQuery
from sandbox.athena.partitions import Finder
from sandbox.athena.planning import Read
from sandbox.athena.selection import ObjectSelection, needed_partitions
from tests.athena_lake import NOW, Lake
from tests.unit.sandbox.test_athena_query import HOURLY

_HOURS = ("2026-03-14-22", "2026-03-14-23", "2026-03-15-00")
_FRESH = (
    "SELECT n, hour, coalesce(regexp_extract(\"$path\", '-(\\d)-[^/]+$', 1) >= '2', true) AS fresh FROM log "
    "WHERE hour >= '2026-03-14-23'"
)
_CHANGES = {"n": "int", "hour": "string", "fresh": "boolean"}


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """In each of three hours an object delivered at 1, one at 2, and one without a time."""
    lake = Lake(tmp_path)
    lake.table("log", {"n": "int"}, ["hour"], HOURLY)
    for number, hour in enumerate(_HOURS):
        for name in ("a-1-x", "a-2-x", "b"):
            lake.rows(f"log/hour={hour}/{name}", {"n": number})
    lake.view("changes", _FRESH, _CHANGES)
    yield lake
    lake.store.close()


def _needed(lake: Lake, sql: str, selection: ObjectSelection | None = None) -> list[list[str]]:
    """The day, hour and name of each object that each scan of a query needs."""
    plan = planning.plan(sql, "db", lake.catalogue)
    lake.store.require(" ".join(one for read in plan.reads for one in (*read.predicates, *read.path_predicates)))
    finder, chosen = Finder(lake.catalogue, lake.objects, lambda: NOW), selection or ObjectSelection()
    with closing(lake.store.cursor()) as cursor:

        def keys(read: Read) -> list[str]:
            found = finder.find(read.table, read.constraints, needed_partitions(cursor, read))
            slices = chosen.needed(cursor, read, lake.store.load(read.table, found, lambda: False, RunningQuery()))
            return [each.item.key.partition("2026-03-")[2] for piece in slices for _, each in piece.objects]

        return [keys(read) for read in plan.reads]


def test_a_condition_on_the_path_selects_objects(lake: Lake) -> None:
    assert _needed(lake, "SELECT n FROM log WHERE \"$path\" LIKE '%22/b' AND n >= 0") == [["14-22/b"]]
    assert len(_needed(lake, "SELECT n FROM log WHERE \"$path\" LIKE '%22/b' OR n >= 0")[0]) == 9


def test_a_condition_on_a_views_column_selects_objects_of_its_table(lake: Lake) -> None:
    fresh = ["14-23/a-2-x", "14-23/b", "15-00/a-2-x", "15-00/b"]
    assert _needed(lake, "SELECT n FROM changes WHERE fresh") == [fresh]
    assert _needed(lake, "SELECT n FROM (SELECT n, fresh AS f FROM changes AS c) WHERE f") == [fresh]
    assert _needed(lake, "SELECT n FROM changes WHERE NOT fresh AND hour < '2026-03-15'") == [["14-23/a-1-x"]]


def test_a_view_selects_objects_through_the_view_that_it_is_made_of(lake: Lake) -> None:
    lake.view("late", "SELECT n, hour FROM changes WHERE fresh", {"n": "int", "hour": "string"})
    for _ in range(2):  # planned, and from the plan that is kept
        assert _needed(lake, "SELECT n FROM late WHERE hour = '2026-03-15-00'") == [["15-00/a-2-x", "15-00/b"]]
        assert len(_needed(lake, "SELECT n FROM late")[0]) == 4
        assert len(_needed(lake, "SELECT n FROM changes")[0]) == 6


def test_two_uses_of_a_view_have_the_objects_that_either_needs(lake: Lake) -> None:
    """Both read one relation, whose objects are those of the conditions that both have."""
    lake.view("late", "SELECT n, hour FROM changes WHERE fresh", {"n": "int", "hour": "string"})
    first, second = _needed(lake, "SELECT n FROM late UNION ALL SELECT n FROM changes WHERE NOT fresh")
    assert first == second
    assert len(first) == 6
    first, second = _needed(
        lake, "SELECT n FROM late WHERE hour = '2026-03-14-23' UNION ALL SELECT n FROM late WHERE hour > '2026-03-15'"
    )
    assert first == second == ["14-23/a-2-x", "14-23/b", "15-00/a-2-x", "15-00/b"]


def test_the_bytes_of_a_query_through_a_view_are_those_of_the_partitions_that_it_needs(lake: Lake) -> None:
    of_hour = "FROM {} WHERE hour = '2026-03-15-00'"
    through_view = lake.run(f"SELECT n {of_hour.format('changes')}").scanned_bytes
    assert through_view == lake.run(f"SELECT n {of_hour.format('log')}").scanned_bytes
    assert through_view < lake.run("SELECT n FROM changes").scanned_bytes


def test_a_partition_column_is_known_by_the_name_that_the_query_gives_it(lake: Lake) -> None:
    assert lake.query("SELECT max(a) FROM log AS l(hour, a) WHERE a = '2026-03-15-00' AND hour = 2") == [
        ["2026-03-15-00"]
    ]
    assert lake.query("SELECT count(*) FROM log AS l(hour, a) WHERE hour = 2") == [["3"]]


def test_answers_are_kept_for_the_objects_that_have_them(lake: Lake) -> None:
    selection = ObjectSelection()
    sql = "SELECT n FROM log WHERE \"$path\" LIKE '%/b' AND hour = '2026-03-14-22'"
    assert _needed(lake, sql, selection) == _needed(lake, sql, selection) == [["14-22/b"]]
    lake.rows("log/hour=2026-03-14-22/c/b", {"n": 3})
    assert _needed(lake, sql, selection) == [["14-22/b", "14-22/c/b"]]


@pytest.mark.parametrize(
    "moment", ["now()", "current_timestamp", "CAST(current_date AS timestamp)", "from_unixtime(random())"]
)
def test_what_differs_between_queries_selects_no_object(lake: Lake, moment: str) -> None:
    sql = f'SELECT n FROM log WHERE to_unixtime({moment}) < length("$path")'
    assert len(_needed(lake, sql)[0]) == 9
    sql = f'SELECT n FROM (SELECT n, to_unixtime({moment}) < length("$path") AS soon FROM log) WHERE soon'
    assert len(_needed(lake, sql)[0]) == 9
    sql = f'SELECT n FROM (SELECT n, to_unixtime({moment}) < length(hour) AS soon, "$path" AS p FROM log) WHERE soon'
    assert len(_needed(lake, sql)[0]) == 9
    assert len(_needed(lake, f"{sql} AND p > ''")[0]) == 9
    assert len(_needed(lake, f"{sql} AND (soon OR p > '')")[0]) == 9


def test_a_random_condition_selects_rows_and_not_partitions(lake: Lake) -> None:
    assert len(_needed(lake, "SELECT n FROM log WHERE random() + length(hour) < 0")[0]) == 9


def test_a_condition_that_fails_excludes_nothing(lake: Lake) -> None:
    """Trino 435: isCandidate of io.trino.sql.planner.LayoutConstraintEvaluator."""
    sql = 'SELECT n FROM log WHERE TRY(CAST(substr("$path", -1) AS integer)) = 1'
    assert _needed(lake, sql) == [[]]
    sql = 'SELECT n FROM log WHERE CAST(substr("$path", -1) AS integer) = 1'
    assert len(_needed(lake, sql)[0]) == 9
    assert lake.failure(sql).startswith("INVALID_CAST_ARGUMENT")
    sql = "SELECT n FROM log WHERE CAST(concat(hour, 'x') AS integer) = 1"
    assert len(_needed(lake, sql)[0]) == 9
