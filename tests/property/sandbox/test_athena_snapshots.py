"""The store's rows of an Iceberg table: those of reachable snapshots and running queries, and each reads as written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sandbox.athena.catalogue import CatalogueTable, Storage, TypedColumn
from sandbox.athena.holds import RunningQuery
from sandbox.athena.objects import S3Object
from sandbox.athena.partitions import Found
from sandbox.athena.sql import identifier
from sandbox.athena.store import Slice
from sandbox.athena.types import parse
from tests.athena_lake import OPENX, Lake

_STORAGE = Storage("s3://lake/t/", "json", OPENX)
Files = Mapping[S3Object, tuple[int, ...]]
"""A snapshot's files and the rows of each."""


class Query(NamedTuple):
    """A running query: the snapshot that it reads, how it ends, and what it has loaded, if it has."""

    snapshot: Files
    reading: RunningQuery
    end: ExitStack
    slices: list[Slice]


def _never() -> bool:
    return False


class Snapshots(RuleBasedStateMachine):
    """Writes, merges, expiries and queries, of which each stands at any place when another thing happens."""

    queries: Bundle[Any] = Bundle("queries")

    def __init__(self, lake: Lake, name: str) -> None:
        super().__init__()
        self.lake = lake
        self.name = name
        self.snapshots: list[Files] = []
        self.running: list[Query] = []
        self.rows = 0
        self.is_changed = False

    def teardown(self) -> None:
        """End all queries."""
        for query in self.running:
            query.end.close()

    def _file(self, count: int) -> Files:
        rows = tuple(range(self.rows, self.rows + count))
        self.rows += count
        content = "".join(f"{json.dumps({'n': row})}\n" for row in rows).encode()
        item = S3Object("lake", f"{self.name}/{rows[0]}", "iceberg", len(content))
        self.lake.objects.put("lake", item.key, content)
        return {item: rows}

    @rule(count=st.integers(1, 4))
    def append(self, count: int) -> None:
        self.snapshots.append({**(self.snapshots[-1] if self.snapshots else {}), **self._file(count)})

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        current = self.snapshots[-1]
        gone = data.draw(st.just({*current}) | st.sets(st.sampled_from([*current])))
        kept = {item: rows for item, rows in current.items() if item not in gone}
        self.snapshots.append({**kept, **self._file(1 + len(gone))})

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def vacuum(self, data: st.DataObject) -> None:
        last = len(self.snapshots) - 1
        self.snapshots = self.snapshots[data.draw(st.just(last) | st.integers(0, last)) :]
        self.is_changed = True
        self.lake.store.keep("db", self.name, {item for snapshot in self.snapshots for item in snapshot})

    @precondition(lambda self: self.snapshots)
    @rule(target=queries, data=st.data())
    def begin(self, data: st.DataObject) -> Query:
        end = ExitStack()
        query = Query(data.draw(st.sampled_from(self.snapshots)), end.enter_context(self.lake.store.reading()), end, [])
        self.running.append(query)
        if data.draw(st.booleans()):
            self.load(query)
        return query

    @rule(query=queries)
    def loads(self, query: Query) -> None:
        self.load(query)

    def load(self, query: Query) -> None:
        query.slices[:] = self.slices(query.snapshot, query.reading)

    @rule(query=consumes(queries))
    def finish(self, query: Query) -> None:
        if query.slices:
            assert self._read(query.slices) == _sorted(query.snapshot)
        self.is_changed = True
        query.end.close()
        self.running.remove(query)

    @precondition(lambda self: self.snapshots)
    @rule(data=st.data())
    def travel(self, data: st.DataObject) -> None:
        snapshot = data.draw(st.sampled_from(self.snapshots))
        with self.lake.store.reading() as reading:
            assert self._read(self.slices(snapshot, reading)) == _sorted(snapshot)

    @invariant()
    def only_what_is_read_is_stored(self) -> None:
        """Every stored row is of a file of a reachable snapshot, or of one that a running query has loaded."""
        if not self.is_changed:
            return
        self.is_changed = False
        files = {item: rows for snapshot in self.snapshots for item, rows in snapshot.items()}
        for query in self.running:
            files |= query.snapshot if query.slices else {}
        rows = stored(self.lake, self.name)
        loaded = {key for key, _ in rows}
        assert loaded <= {item.key for item in files}
        assert sorted(rows) == sorted((item.key, n) for item, ns in files.items() if item.key in loaded for n in ns)

    def slices(self, snapshot: Files, reading: RunningQuery) -> list[Slice]:
        columns = (TypedColumn("n", parse("int")),)
        table = CatalogueTable("db", self.name, columns, (), {}, _STORAGE, None, {}, None, tuple(snapshot))
        return self.lake.store.load(table, [Found(item, (), _STORAGE) for item in snapshot], _never, reading)

    def _read(self, slices: list[Slice]) -> list[int]:
        rows: list[int] = []
        with closing(self.lake.store.cursor()) as cursor:
            for piece in slices:
                numbers = [number for number, _ in piece.objects]
                found = cursor.execute(f'SELECT c0 FROM "{piece.name}" WHERE list_contains(?, object)', [numbers])
                rows += [n for (n,) in found.fetchall()]
        return sorted(rows)


def _sorted(snapshot: Files) -> list[int]:
    return sorted(n for rows in snapshot.values() for n in rows)


def stored(lake: Lake, table: str) -> list[tuple[str, int]]:
    """The object's key and the value of each stored row of a table."""
    with closing(lake.store.cursor()) as cursor:
        names = cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        return [
            row
            for (name,) in names
            if name.startswith(f"db.{table}/")
            for row in cursor.execute(
                f"SELECT key, c0 FROM (FROM objects WHERE name = ?) AS o FULL JOIN {identifier(name)} AS d "
                "ON d.object = o.number",
                [name],
            ).fetchall()
        ]


def test_the_rows_are_those_of_reachable_snapshots_and_running_queries(tmp_path: Path) -> None:
    lake, number = Lake(tmp_path), count()
    bounds = settings(max_examples=30, stateful_step_count=20, deadline=None)

    class Machine(Snapshots):
        def __init__(self) -> None:
            super().__init__(lake, f"t{next(number)}")

    run_state_machine_as_test(Machine, settings=bounds)
    lake.store.close()


def test_rows_that_are_read_are_dropped_with_the_last_query_that_reads_them(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    machine = Snapshots(lake, "t")
    machine.append(1)
    (snapshot,) = machine.snapshots
    with lake.store.reading() as late:
        with lake.store.reading() as one:
            machine.slices(snapshot, one)
            with lake.store.reading() as other:
                machine.slices(snapshot, other)
                lake.store.keep("db", "t", ())
            assert len(stored(lake, "t")) == 1
        assert stored(lake, "t") == []
        machine.slices(snapshot, late)
        assert len(stored(lake, "t")) == 1
    assert stored(lake, "t") == []
    lake.store.close()
