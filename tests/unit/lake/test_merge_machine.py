"""`lake merge` through the stack's state machine: the program's own definition, run by the sandbox's interpreter."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components import current
from lake import merge_machine
from lake.merge_machine import MergeFailedError, MergeMachine
from sandbox.states.execution import Ended, Position, StateMachineRun
from stack import StackOutputs, UserError
from tests.unit.components.test_merge_schedule import COLUMNS, MACHINE, MERGING, REBUILDING, STARTED, Catalogue
from transform.schema import TABLE

OUTPUTS = StackOutputs(origin="a test", region="eu-west-1", merge_machine_arn="machine")


class OneMachine:
    """Step Functions with the machine of the merge: an execution runs when it is described a second time."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self.input, self.described = catalogue, "", 0

    def start_execution(self, *, stateMachineArn: str, input: str) -> dict[str, Any]:  # noqa: A002, N803 - boto3's
        assert stateMachineArn == "machine"
        self.input = input
        return {"executionArn": "execution"}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert executionArn == "execution"
        self.described += 1
        if self.described == 1:
            return {"status": "RUNNING"}
        context = {"Execution": {"StartTime": STARTED}, "StateMachine": {"Id": "machine"}}
        run = StateMachineRun(MACHINE, self.catalogue, context, lambda _: None)
        ended: Ended = run.run(Position(MACHINE["StartAt"], json.loads(self.input)))
        return {"status": ended.status, "output": json.dumps(ended.output), "cause": ended.cause, "error": ended.error}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> OneMachine:
    made = OneMachine(Catalogue(COLUMNS))

    def client(service: str, outputs: StackOutputs) -> OneMachine:
        assert (service, outputs) == ("stepfunctions", OUTPUTS)
        return made

    monkeypatch.setattr(merge_machine, "client", client)
    return made


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_merge_is_an_execution(machine: OneMachine, rebuild: bool) -> None:
    waited: list[float] = []
    MergeMachine(OUTPUTS, wait=waited.append).merge(rebuild=rebuild)
    assert machine.catalogue.statements == (REBUILDING if rebuild else []) + MERGING
    assert len(waited) == 1


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_merge_beside_another_one_is_refused_and_does_nothing(machine: OneMachine, rebuild: bool) -> None:
    machine.catalogue.running = 2
    with pytest.raises(UserError, match="Another merge of this stack is running"):
        MergeMachine(OUTPUTS, wait=lambda _: None).merge(rebuild=rebuild)
    assert machine.catalogue.statements == []


def test_an_execution_that_fails_is_told_with_its_cause(machine: OneMachine) -> None:
    machine.catalogue.failing = 99
    with pytest.raises(MergeFailedError, match="the execution execution is FAILED: ICEBERG_COMMIT_ERROR"):
        MergeMachine(OUTPUTS, wait=lambda _: None).merge()
    assert machine.catalogue.failed == {current.merge(TABLE): 5}
