"""Merges new changes into the current table: runs the statements of `components.current` once.

A run may stop after any statement: the views are correct after each, and a later run continues (see there).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from components import current, view
from lake.athena import Athena, QueryProgress, quote
from lake.buffering import buffering_s
from lake.clients import client
from lake.costs import CommandCost
from lake.described import log_place
from lake.image_columns import literal
from lake.objects import listed
from stack import StackOutputs
from transform.schema import TABLE, LakeTable


class MergePlan(Struct, frozen=True):
    """The input of a merge. `since` is the first hour of the changes that it reads; "": it reads all of them."""

    table: str
    rebuilds: bool
    since: str
    objects: int
    bytes: int
    cost: CommandCost


class MergeStep(Struct, frozen=True):
    """A statement of a merge, and its purpose."""

    what: str
    sql: str


class CurrentMerge:
    """A merge in a deployed pipeline.

    `margin` is the maximum delay until an object is visible; None: the buffering and 5 min.

    Raises: UserError: the catalogue has no change log.
    """

    def __init__(
        self,
        outputs: StackOutputs,
        *,
        margin: timedelta | None = None,
        rebuild: bool = False,
        watch: Callable[[QueryProgress], None] = lambda _: None,
        table: LakeTable = TABLE,
    ) -> None:
        self._outputs, self._table = outputs, table
        self._database = outputs.require("database_name")
        self._place = log_place(client("glue", outputs), self._database, table.change_log)
        self._athena = Athena(client("athena", outputs), outputs.require("workgroup_name"), self._database, watch=watch)
        self._margin = margin
        found = self._columns(current.name(table))
        self._rebuilds = rebuild or found != [column.name for column in current.columns(table)]

    def plan(self) -> MergePlan:
        """Return what `run` will read, from a listing of the log's objects."""
        since = "" if self._rebuilds else self._since()
        sizes = [each["Size"] for each in self._objects() if self._hour(each["Key"]) >= since]
        cost = CommandCost(scanned_bytes=sum(sizes), queries=1)
        return MergePlan(current.name(self._table), self._rebuilds, since, len(sizes), sum(sizes), cost)

    def run(self) -> Iterator[str]:
        """Run the statements; yield the purpose of each before it runs. Raises: QueryError: one of them fails."""
        for step in self.steps():
            yield step.what
            self._athena.query(step.sql)

    def steps(self) -> Iterator[MergeStep]:
        """Yield the statements; each must be run before the next one is taken."""
        table = self._table
        if self._rebuilds:
            yield from self._rebuilding()
        # Athena's clock, because Firehose names its objects by AWS's and not by this machine's.
        (text,) = self._athena.one("SELECT to_iso8601(current_timestamp)")
        began = f"{datetime.fromisoformat(str(text)):%Y-%m-%dT%H:%M:%S%z}"
        yield MergeStep("merging the changes into the table", current.merge(table))
        yield MergeStep("moving the bound of the unmerged changes", self._unmerged(began))
        for one in current.state_views(table):
            yield MergeStep(f"reading the table in {one.name}", current.replaced(one.name, one.sql))

    def _rebuilding(self) -> Iterator[MergeStep]:
        for what, sql in current.rebuilding(self._table):
            yield MergeStep(what, sql)
        location = f"s3://{self._place.bucket}/{current.name(self._table)}/"
        yield MergeStep("creating the table", current.create(self._table, location))

    def _unmerged(self, began: str) -> str:
        sql = current.unmerged(self._table, began, self._margin_now())
        return current.replaced(current.unmerged_name(self._table), sql)

    def _margin_now(self) -> timedelta:
        if self._margin is not None:
            return self._margin
        stream = self._outputs.require("delivery_stream_name")
        return current.MARGIN + timedelta(seconds=buffering_s(client("firehose", self._outputs), stream))

    def _columns(self, name: str) -> list[str]:
        """Return the columns of a table or view in order; no columns if it does not exist."""
        rows = self._athena.query(
            "SELECT column_name FROM information_schema.columns "
            f"WHERE table_schema = {literal(self._database)} AND table_name = {literal(name)} ORDER BY ordinal_position"
        ).rows
        return [str(column) for (column,) in rows]

    def _since(self) -> str:
        """Return the first hour of unmerged changes; without changes, a text that sorts after every hour."""
        sql = f"SELECT min({quote(view.PARTITION)}) FROM {quote(current.unmerged_name(self._table))}"
        return self._athena.one(sql)[0] or "~"

    def _objects(self) -> Iterator[dict[str, Any]]:
        return listed(client("s3", self._outputs), self._place.bucket, self._place.prefix)

    def _hour(self, key: str) -> str:
        return key.removeprefix(self._place.prefix).partition("/")[0].partition("=")[2]
