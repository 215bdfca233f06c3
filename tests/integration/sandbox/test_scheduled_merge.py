"""The scheduled merge in the sandbox: a schedule starts the program's state machine, whose statements run in Athena."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from components import current, merge_states
from lake.merge_machine import MergeMachine
from sandbox.state import client
from tests.conftest import SandboxServer
from tests.integration.sandbox.athena_place import worker
from tests.integration.sandbox.merged_lake import MergedLake, change
from tests.integration.sandbox.provider.calls import refused
from transform.schema import TABLE

_WAIT_S = 120.0
_ROLE = "arn:aws:iam::123456789012:role/merge"


class ScheduledMerge:
    """A state machine with the program's definition, over the test's lake."""

    def __init__(self, lake: MergedLake) -> None:
        self.lake, self.name = lake, f"merge-{uuid.uuid4()}"
        self.states: Any = client("stepfunctions", str(lake.outputs.endpoint_url))
        self.scheduler: Any = client("scheduler", str(lake.outputs.endpoint_url))
        name = lake.place.name
        create = current.create(TABLE, f"s3://{name}/{current.name(TABLE)}/")
        document = merge_states.definition(
            TABLE, create=create, database=name, workgroup=name, margin=timedelta(minutes=5), interval_minutes=60
        )
        made = self.states.create_state_machine(name=self.name, roleArn=_ROLE, definition=json.dumps(document))
        self.arn: str = made["stateMachineArn"]

    def ended(self, execution_arn: str) -> dict[str, Any]:
        deadline = time.monotonic() + _WAIT_S
        while (found := self.states.describe_execution(executionArn=execution_arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, found
            threading.Event().wait(0.05)
        return found

    def executions(self) -> list[dict[str, Any]]:
        return self.states.list_executions(stateMachineArn=self.arn)["executions"]

    def started(self, count: int) -> list[dict[str, Any]]:
        """Wait for this number of executions and return them."""
        deadline = time.monotonic() + _WAIT_S
        while len(found := self.executions()) < count:
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
        return found


@pytest.fixture(scope="module")
def lake(sandbox_server: SandboxServer, athena_worker: None) -> Iterator[MergedLake]:
    with worker("sandbox.crawlers", sandbox_server.endpoint_url, sandbox_server.state):
        yield MergedLake(sandbox_server.endpoint_url)


@pytest.fixture
def merge(lake: MergedLake) -> ScheduledMerge:
    return ScheduledMerge(lake)


def test_a_schedule_merges_at_once_and_what_comes_later_is_in_the_views_and_in_the_next_merge(
    merge: ScheduledMerge,
) -> None:
    lake = merge.lake
    lake.arrive(change("a", "INSERT", 1), change("b", "INSERT", 2), change("b", "REMOVE", 3), ago_hours=3)
    merge.scheduler.create_schedule(
        Name=merge.name,
        ScheduleExpression="rate(60 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": merge.arn, "RoleArn": _ROLE},
    )
    (first,) = merge.started(1)
    merge.scheduler.delete_schedule(Name=merge.name)
    found = merge.ended(first["executionArn"])
    assert (found["status"], found.get("cause")) == ("SUCCEEDED", None)
    merged = f"SELECT order_id, op FROM {current.name(TABLE)} ORDER BY order_id"
    assert lake.rows(merged) == [["a", "INSERT"], ["b", "REMOVE"]]
    lake.arrive(change("c", "INSERT", 4), named_ago=timedelta())
    assert lake.state() == {"a": 1, "c": 4}, "the views lack what came after the merge"
    assert lake.rows(f"SELECT count(*) FROM {current.name(TABLE)}") == [["2"]]
    second = merge.ended(merge.states.start_execution(stateMachineArn=merge.arn)["executionArn"])
    assert second["status"] == "SUCCEEDED"
    assert lake.rows(merged) == [["a", "INSERT"], ["b", "REMOVE"], ["c", "INSERT"]]
    assert lake.state() == {"a": 1, "c": 4}
    assert [one["status"] for one in merge.executions()] == ["SUCCEEDED"] * 2
    lake.rows(f"DELETE FROM {current.name(TABLE)} WHERE order_id = 'a'")
    MergeMachine(replace(lake.outputs, merge_machine_arn=merge.arn)).merge(rebuild=True)
    assert lake.rows(merged) == [["a", "INSERT"], ["b", "REMOVE"], ["c", "INSERT"]], "it was not made again"


def test_a_stopped_execution_is_aborted_and_its_name_is_taken(merge: ScheduledMerge) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html"""
    waiting = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:glue:getTable",
        "Parameters": {"DatabaseName": merge.lake.place.name, "Name": "none"},
        "Retry": [{"ErrorEquals": ["Glue.EntityNotFoundException"], "IntervalSeconds": 3600}],
        "End": True,
    }
    definition = json.dumps({"StartAt": "T", "States": {"T": waiting}})
    merge.states.update_state_machine(stateMachineArn=merge.arn, definition=definition)
    arn = merge.states.start_execution(stateMachineArn=merge.arn, name="first")["executionArn"]
    assert merge.states.start_execution(stateMachineArn=merge.arn, name="first")["executionArn"] == arn
    merge.states.stop_execution(executionArn=arn, error="enough", cause="a test")
    found = merge.states.describe_execution(executionArn=arn)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "enough", "a test")
    refused("ExecutionAlreadyExists", merge.states.start_execution, stateMachineArn=merge.arn, name="first")
    assert [one["status"] for one in merge.executions()] == ["ABORTED"]


def test_what_the_sandbox_does_not_run_is_refused(merge: ScheduledMerge) -> None:
    for states, message in (
        ({"A": {"Type": "Wait", "Seconds": 1, "End": True}}, "the state A of the type Wait"),
        ({"A": {"Type": "Pass", "Next": "B"}}, "Missing 'Next' target: B at /States/A/Next"),
        (
            {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}},
            "the resource arn:aws:states:::lambda:invoke of A",
        ),
        ({"A": {"Type": "Pass", "InputPath": "$.x", "End": True}}, "InputPath of the state A"),
    ):
        definition = json.dumps({"StartAt": "A", "States": states})
        asked = {"name": "other", "roleArn": _ROLE, "definition": definition}
        refused("InvalidDefinition", merge.states.create_state_machine, message, **asked)
        validated = merge.states.validate_state_machine_definition(definition=definition)
        assert validated["result"] == "FAIL"
    absent = merge.arn.replace(merge.name, "none")
    refused("StateMachineDoesNotExist", merge.states.start_execution, stateMachineArn=absent)
