"""The scheduled merge: the order of its statements, and its golden file; test_policy_lint.py has its grammar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components import current, merge_states, view
from components.explain.graph import Graph
from components.settings import Settings
from sandbox.states.execution import Position, StateMachineRun
from sandbox.states.paths import StateError
from tests import golden
from tests.unit.components.running import CHOSEN, Record
from transform.schema import TABLE

COLUMNS = [{"Name": column.name} for column in current.columns(TABLE)]
STARTED = "2026-11-28T21:00:00.000Z"
MACHINE: dict[str, Any] = dict(
    merge_states.definition(
        TABLE, create="CREATE", database="lake", workgroup="group", margin=timedelta(minutes=6), interval_minutes=60
    )
)
REBUILDING = [*(sql for _, sql in current.rebuilding(TABLE)), "CREATE"]
MERGING = [
    current.merge(TABLE),
    current.replaced(current.unmerged_name(TABLE), current.unmerged(TABLE, STARTED, timedelta(minutes=6))),
    *(current.replaced(one.name, one.sql) for one in current.state_views(TABLE)),
]


class Catalogue:
    """The environment of the machine's tasks, and its statements; `failing` fails the first runs of each."""

    def __init__(self, columns: list[dict[str, str]] | None, running: int = 1, failing: int = 0) -> None:
        self.columns, self.running, self.failing = columns, running, failing
        self.statements: list[str] = []
        self.failed: dict[str, int] = {}

    def run(self, resource: str, parameters: Any, wait: Callable[[float], None]) -> Any:
        wait(0)
        if resource.endswith("sfn:listExecutions"):
            assert parameters == {"StateMachineArn": "machine", "StatusFilter": "RUNNING"}
            return {"Executions": ["one"] * self.running}
        if resource.endswith("glue:getTable"):
            assert parameters == {"DatabaseName": "lake", "Name": "orders_current"}
            if self.columns is None:
                raise StateError("Glue.EntityNotFoundException", "Entity Not Found")
            return {"Table": {"StorageDescriptor": {"Columns": self.columns}}}
        assert parameters["QueryExecutionContext"] == {"Database": "lake"}
        assert parameters["WorkGroup"] == "group"
        sql = parameters["QueryString"]
        self.failed[sql] = self.failed.get(sql, 0) + 1
        if self.failed[sql] <= self.failing:
            raise StateError("States.TaskFailed", "ICEBERG_COMMIT_ERROR")
        self.statements.append(sql)
        return {}


def executed(
    catalogue: Catalogue, started: str = STARTED, asked: Mapping[str, object] | None = None
) -> tuple[str, list[str], list[float]]:
    """Return an execution's status, the states that it enters, and the waits before its retries."""
    context = {"Execution": {"StartTime": started}, "StateMachine": {"Id": "machine"}}
    entered: list[str] = []
    waited: list[float] = []
    run = StateMachineRun(MACHINE, catalogue, context, waited.append, lambda at: entered.append(at.state))
    status = run.run(Position(MACHINE["StartAt"], dict(asked or {}))).status
    return status, entered, [seconds for seconds in waited if seconds]


def test_a_table_with_its_columns_is_merged_into() -> None:
    catalogue = Catalogue(COLUMNS)
    status, entered, _ = executed(catalogue)
    assert status == "SUCCEEDED"
    assert catalogue.statements == MERGING
    assert len(entered) == merge_states.TRANSITIONS


@pytest.mark.parametrize("columns", [None, [], COLUMNS[:-1], [*COLUMNS[1:], COLUMNS[0]], [*COLUMNS, {"Name": "x"}]])
def test_another_table_is_made_again_when_the_views_no_longer_read_it(columns: list[dict[str, str]] | None) -> None:
    catalogue = Catalogue(columns)
    assert executed(catalogue)[0] == "SUCCEEDED"
    assert catalogue.statements == REBUILDING + MERGING
    drop = next(at for at, sql in enumerate(REBUILDING) if sql.startswith("DROP"))
    assert {one.name for one in view.views(TABLE)} >= {sql.split('"')[1] for sql in REBUILDING[: drop - 1]}


def test_a_table_is_made_again_where_that_is_asked_for() -> None:
    catalogue = Catalogue(COLUMNS)
    assert executed(catalogue, asked={current.REBUILD: True})[0] == "SUCCEEDED"
    assert catalogue.statements == REBUILDING + MERGING


def test_the_first_merge_after_the_hour_first_joins_files_and_forgets_snapshots() -> None:
    catalogue = Catalogue(COLUMNS)
    assert executed(catalogue, started="2026-11-28T03:59:59.999Z")[0] == "SUCCEEDED"
    moved = [sql.replace(STARTED, "2026-11-28T03:59:59.999Z") for sql in MERGING]
    assert catalogue.statements == [*current.tidying(TABLE), *moved]
    missing = Catalogue(None)
    executed(missing, started="2026-11-28T03:00:00.000Z")
    assert not {*current.tidying(TABLE)} & {*missing.statements}, "a table that is made was tidied"


@given(interval=st.integers(10, 1440), first=st.integers(0, 1439))
@settings(deadline=None, max_examples=20)
def test_a_day_has_one_or_two_starts_that_tidy(interval: int, first: int) -> None:
    machine: Any = merge_states.definition(
        TABLE, create="", database="", workgroup="", margin=timedelta(), interval_minutes=interval
    )
    rules = machine["States"]["Compare the columns"]["Choices"][1]["And"][-1]["Or"]
    patterns = [rule["StringMatches"].strip("*") for rule in rules]
    midnight, days = datetime(2026, 11, 28, tzinfo=UTC), Counter[str]()
    for start in range(first, first + 4 * 1440, interval):
        at = midnight + timedelta(minutes=start)
        if any(pattern in f"{at:%Y-%m-%dT%H:%M:%S.000Z}" for pattern in patterns):
            # The window may go over midnight: its day begins with its first hour.
            days[f"{at - timedelta(hours=merge_states.TIDIED_AT_HOUR):%Y-%m-%d}"] += 1
    assert set(days.values()) <= {1, 2}
    assert len(days) >= 3


def test_an_execution_beside_another_one_does_nothing() -> None:
    catalogue = Catalogue(COLUMNS, running=2)
    assert executed(catalogue)[:2] == ("SUCCEEDED", ["Running merges", "Alone", "Another merge runs"])
    assert catalogue.statements == []


def test_a_statement_that_fails_is_run_again_and_one_that_goes_on_to_fail_fails_the_execution() -> None:
    catalogue = Catalogue(COLUMNS, failing=4)
    status, _, waited = executed(catalogue)
    assert (status, catalogue.statements) == ("SUCCEEDED", MERGING)
    assert len(waited) == 4 * len(MERGING)
    assert all(0 <= seconds <= 20 * 2**3 for seconds in waited)
    catalogue = Catalogue(COLUMNS, failing=5)
    assert executed(catalogue)[0] == "FAILED"
    assert catalogue.statements == []


def test_the_machine_of_a_stack_has_its_names(stack: str, record: Record) -> None:
    recorded = record(stack, CHOSEN)
    text = recorded.one("aws:sfn/stateMachine:StateMachine").inputs["definition"]
    for name in ("database_name", "workgroup_name", "bucket_name"):
        assert str(recorded.outputs[name]) in text
    assert recorded.outputs["merge_machine_arn"] == recorded.one("aws:sfn/stateMachine:StateMachine").state["arn"]
    assert len(text) < 100_000, "Step Functions accepts a megabyte"
    assert "merge_machine_arn" not in record(stack).outputs


def test_it_is_as_it_was_reviewed(record: Record) -> None:
    graph: Graph = record("prod", {"mergeIntervalMinutes": "60"})
    reviewed = (golden.SNAPSHOTS / "merge.txt").read_text()
    assert golden.stage_text(graph, Settings(merge_interval_minutes=60), "Merge merge") == reviewed
