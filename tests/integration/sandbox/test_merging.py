"""The merge into the current table (`lake/merging.py`) at the sandbox's Athena, stopped after any of its statements."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from components import current, view
from lake.__main__ import main
from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import new_place
from tests.integration.sandbox.merged_lake import MergedLake, change, hour, lives
from transform.schema import TABLE


@pytest.fixture(scope="module")
def lake(sandbox_server: SandboxServer, athena_worker: None) -> MergedLake:
    return MergedLake(sandbox_server.endpoint_url)


def test_the_views_are_right_after_each_statement_of_merges_under_duplicates_disorder_and_replay(
    sandbox_server: SandboxServer, athena_worker: None
) -> None:
    lake, chance = MergedLake(sandbox_server.endpoint_url), random.Random()
    made = [change(chance.choice("abcde"), chance.choice(["MODIFY", "MODIFY", "REMOVE"]), n) for n in range(40)]
    waiting, arrived = made + chance.sample(made, 20), list[dict[str, object]]()
    chance.shuffle(waiting)
    for statements in (2, 5, 1, 2, None):
        batch = [waiting.pop() for _ in range(min(7, len(waiting)))] + chance.sample(arrived, min(3, len(arrived)))
        lake.arrive(*batch, ago_hours=chance.randrange(25))
        arrived += batch
        assert lake.state() == lives(arrived), "before the merge"
        lake.merge(statements)
        assert lake.state() == lives(arrived), f"after {statements} statements"
    assert int(str(lake.rows(f"SELECT count(*) FROM {current.name(TABLE)}")[0][0])) == len(
        {one["order_id"] for one in arrived}
    )
    everything = f"SELECT * FROM {current.name(TABLE)} ORDER BY order_id"
    before = lake.rows(everything)
    lake.merge()
    assert lake.rows(everything) == before, "a second merge changed something"


def test_the_views_say_the_same_after_a_merge(lake: MergedLake) -> None:
    mine = {"x", "y"}  # other tests' orders are in this lake too
    lake.arrive(change("x", "INSERT", 1), change("y", "INSERT", 2), change("y", "REMOVE", 3))
    asked = [f"SELECT * FROM {one.name}" for one in view.views(TABLE)]
    before = [sorted(lake.rows(sql), key=str) for sql in asked]
    lake.merge()
    assert [sorted(lake.rows(sql), key=str) for sql in asked] == before
    lake.arrive(change("y", "INSERT", 2))
    assert {key: version for key, version in lake.state().items() if key in mine} == {"x": 1}, (
        "an insert that comes after its deletion is not there again"
    )
    lake.merge()
    assert {key: version for key, version in lake.state().items() if key in mine} == {"x": 1}


def test_a_merged_log_is_not_read_again_and_a_late_object_is_there_with_the_next_merge(lake: MergedLake) -> None:
    lake.merge()
    lake.arrive(change("z", "INSERT", 10), ago_hours=30)
    assert "z" not in lake.state(), "a partition that Firehose no longer writes to was read"
    lake.arrive(change("w", "INSERT", 11), ago_hours=20, named_ago=timedelta(hours=20))
    assert "w" not in lake.state(), "an object that was written before the merge was read"
    lake.arrive(change("v", "INSERT", 12), named_ago=timedelta())
    assert lake.state()["v"] == 12, "a new object was not read"
    lake.merge()
    assert lake.state()["w"] == 11
    lake.merge(rebuild=True)
    assert lake.state()["z"] == 10


def test_the_command_says_what_it_reads_and_a_dry_run_changes_nothing(
    lake: MergedLake, capsys: pytest.CaptureFixture[str]
) -> None:
    earliest = hour(27)
    lake.arrive(change("u", "INSERT", 13))

    def merge(*arguments: str) -> dict[str, Any]:
        place, endpoint_url = lake.place.name, str(lake.outputs.endpoint_url)
        where = ["--endpoint-url", endpoint_url, "--region", "eu-west-1", "--database", place, "--workgroup", place]
        assert main(["merge", "--json", "--margin", "5m", *where, *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    merged = f"SELECT count(*) FROM {current.name(TABLE)} WHERE order_id = 'u'"
    planned = merge("--dry-run", "--rebuild")
    assert (planned["table"], planned["rebuilds"], planned["since"]) == ("orders_current", True, "")
    assert planned["objects"] == lake.objects
    assert planned["bytes"] > 0
    lake.merge()
    lake.arrive(change("u", "MODIFY", 14))
    assert lake.rows(merged) == [["1"]]
    second = merge()
    assert not second["rebuilds"]
    assert second["since"] >= earliest
    assert 0 < second["objects"] <= lake.objects
    assert lake.state()["u"] == 14


def test_a_database_without_a_change_log_is_refused(
    sandbox_server: SandboxServer, athena_worker: None, capsys: pytest.CaptureFixture[str]
) -> None:
    url = sandbox_server.endpoint_url
    name = new_place(url).name
    arguments = ["--endpoint-url", url, "--region", "eu-west-1", "--database", name, "--workgroup", name]
    assert main(["merge", "--margin", "5m", *arguments]) == 2
    assert "There is no table order_changes" in capsys.readouterr().err
