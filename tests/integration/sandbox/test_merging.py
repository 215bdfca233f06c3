"""The merge into the current table (`lake/merging.py`) at the sandbox's Athena, stopped after any of its statements."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from components import current, view
from lake.__main__ import main
from lake.merging import CurrentMerge
from stack import StackOutputs
from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import new_place
from transform.schema import TABLE

_STATE = "SELECT order_id, version FROM orders ORDER BY order_id"


def hour(ago_hours: int) -> str:
    return f"{datetime.now(UTC) - timedelta(hours=ago_hours):%Y-%m-%d-%H}"


class MergedLake:
    """A change log with its views at a place of a test's own, and merges into its current table."""

    def __init__(self, endpoint_url: str) -> None:
        self.place = new_place(endpoint_url)
        self.outputs = StackOutputs(
            origin="a test",
            region="eu-west-1",
            endpoint_url=endpoint_url,
            database_name=self.place.name,
            workgroup_name=self.place.name,
            bucket_name=self.place.name,
        )
        self.objects = 0
        columns = ", ".join(f"`{column.name}` {column.type}" for column in TABLE.change_log_columns)
        location = f"s3://{self.place.name}/{TABLE.change_log}/"
        properties = {
            "projection.enabled": "true",
            **{
                f"projection.{view.PARTITION}.{name}": value
                for name, value in (
                    ("type", "date"),
                    ("format", "yyyy-MM-dd-HH"),
                    ("range", f"{hour(100)},NOW"),
                    ("interval", "1"),
                    ("interval.unit", "HOURS"),
                )
            },
            "storage.location.template": f"{location}{view.PARTITION}=${{{view.PARTITION}}}/",
        }
        listed = ", ".join(f"'{name}' = '{value}'" for name, value in properties.items())
        self.rows(
            f"CREATE EXTERNAL TABLE {TABLE.change_log} ({columns}) PARTITIONED BY ({view.PARTITION} string) "
            f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{location}' TBLPROPERTIES "
            f"({listed})"
        )
        for one in view.views(TABLE):
            self.rows(f"CREATE VIEW {one.name} AS {one.sql}")

    def rows(self, sql: str) -> list[list[str | None]]:
        return self.place.rows(sql)[1:]

    def arrive(self, *changes: dict[str, object], ago_hours: int = 0, named_ago: timedelta | None = None) -> None:
        """An object of rows, named by Firehose for a time, or by another for none."""
        self.objects += 1
        at = "" if named_ago is None else f"-{datetime.now(UTC) - named_ago:%Y-%m-%d-%H-%M-%S}"
        key = f"{TABLE.change_log}/{view.PARTITION}={hour(ago_hours)}/stream-1{at}-{self.objects:08}.gz"
        self.place.put_rows(key, *changes)

    def merge(self, statements: int | None = None, **options: Any) -> list[str]:
        """Run a merge, or its first statements alone; returns what each did."""
        return list(islice(CurrentMerge(self.outputs, margin=timedelta(minutes=5), **options).run(), statements))

    def state(self) -> dict[str, int]:
        return {str(key): int(str(version)) for key, version in self.rows(_STATE)}


def change(key: str, op: str, number: int, **values: object) -> dict[str, object]:
    lines = {"line_items": {"L": [{"M": {"sku": {"S": f"S-{number}"}}}]}}
    row = {"event_id": f"e{number}", "op": op, "sequence": f"{number:053}", "changed_at": "2026-01-01 00:00:00.123"}
    row |= {"order_id": key, "version": number, "ordered_at": "2026-01-01 00:00:00.5", "total": "10.10"}
    return row | {"currency": "EUR", "status": "paid", "after": json.dumps(lines)} | values


def lives(changes: list[dict[str, object]]) -> dict[str, int]:
    """What the table holds after these changes, made in the order of their sequence."""
    held: dict[str, int] = {}
    for one in sorted(changes, key=lambda one: str(one["sequence"])):
        held.pop(str(one["order_id"]), None)
        if one["op"] != "REMOVE":
            held[str(one["order_id"])] = int(str(one["version"]))
    return held


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
