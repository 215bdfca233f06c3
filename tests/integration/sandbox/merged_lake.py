"""Helpers of the tests of the merge: a change log with its views in a test's bucket and database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from components import view
from lake.merging import CurrentMerge
from stack import StackOutputs
from tests.integration.sandbox.athena_place import new_place
from transform.schema import TABLE

_STATE = "SELECT order_id, version FROM orders ORDER BY order_id"


def hour(ago_hours: int) -> str:
    return f"{datetime.now(UTC) - timedelta(hours=ago_hours):%Y-%m-%d-%H}"


class MergedLake:
    """A change log with its views in a test's bucket and database, and merges into its current table."""

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
        """Write an object of rows, with a name in Firehose's form for a time, or in another form."""
        self.objects += 1
        at = "" if named_ago is None else f"-{datetime.now(UTC) - named_ago:%Y-%m-%d-%H-%M-%S}"
        key = f"{TABLE.change_log}/{view.PARTITION}={hour(ago_hours)}/stream-1{at}-{self.objects:08}.gz"
        self.place.put_rows(key, *changes)

    def merge(self, statements: int | None = None, **options: Any) -> list[str]:
        """Run a merge, or only its first statements; return their descriptions."""
        return list(islice(CurrentMerge(self.outputs, margin=timedelta(minutes=5), **options).run(), statements))

    def state(self) -> dict[str, int]:
        return {str(key): int(str(version)) for key, version in self.rows(_STATE)}


def change(key: str, op: str, number: int, **values: object) -> dict[str, object]:
    lines = {"line_items": {"L": [{"M": {"sku": {"S": f"S-{number}"}}}]}}
    row = {"event_id": f"e{number}", "op": op, "sequence": f"{number:053}", "changed_at": "2026-01-01 00:00:00.123"}
    row |= {"order_id": key, "version": number, "ordered_at": "2026-01-01 00:00:00.5", "total": "10.10"}
    return row | {"currency": "EUR", "status": "paid", "after": json.dumps(lines)} | values


def lives(changes: list[dict[str, object]]) -> dict[str, int]:
    """Return the table's content after these changes, in the order of their sequence."""
    held: dict[str, int] = {}
    for one in sorted(changes, key=lambda one: str(one["sequence"])):
        held.pop(str(one["order_id"]), None)
        if one["op"] != "REMOVE":
            held[str(one["order_id"])] = int(str(one["version"]))
    return held
