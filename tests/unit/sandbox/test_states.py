"""State machines and schedules in the sandbox: the language's own examples, and starts by a clock of the test's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.athena.errors import ApiError
from sandbox.state import StateDir
from sandbox.states.execution import Ended, Position, StateMachineRun
from sandbox.states.executions import StateExecutions
from sandbox.states.language import document
from sandbox.states.paths import StateError, evaluated, filled, placed
from sandbox.states.schedules import MachineSchedules

TASK = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:getTable", "End": True}


def machine(**states: Any) -> dict[str, Any]:
    return document(json.dumps({"StartAt": next(iter(states)), "States": states}))


class Scripted:
    """Tasks whose results and errors are given in their order."""

    def __init__(self, *results: Any) -> None:
        self.results = list(results)

    def run(self, resource: str, parameters: Any, wait: Callable[[float], None]) -> Any:
        result = self.results.pop(0)
        if isinstance(result, StateError):
            raise result
        return result


def ran(made: dict[str, Any], data: Any, *results: Any) -> tuple[Ended, list[float]]:
    waited: list[float] = []
    run = StateMachineRun(made, Scripted(*results), {}, waited.append)
    return run.run(Position(made["StartAt"], data)), [seconds for seconds in waited if seconds]


@pytest.mark.parametrize(
    ("expression", "data", "value"),
    [
        # https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
        ("States.Format('Hello, my name is {}.', $.name)", {"name": "Arnav"}, "Hello, my name is Arnav."),
        ("States.ArrayLength($.inputArray)", {"inputArray": [1, 2, 3, 4, 5, 6, 7, 8, 9]}, 9),
        (r"States.Format('\{\} isn\'t {}', $.a)", {"a": "x"}, "{} isn't x"),
        # https://states-language.net/spec.html#paths
        ("$", {"a": 1}, {"a": 1}),
        ("$.store.book[0].title", {"store": {"book": [{"title": "x"}]}}, "x"),
        ("$.store.book[*].title", {"store": {"book": [{"title": "x"}, {"title": "y"}]}}, ["x", "y"]),
    ],
)
def test_a_path_or_a_function_has_the_value_of_the_documentation(expression: str, data: Any, value: Any) -> None:
    assert evaluated(expression, data, {}) == value


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_format_puts_texts_in_as_they_are(texts: list[str]) -> None:
    paths = ", ".join(f"$.texts[{at}]" for at in range(len(texts)))
    assert evaluated(f"States.Format('{'{}' * len(texts)}', {paths})", {"texts": texts}, {}) == "".join(texts)


def test_a_result_is_placed_beside_the_input() -> None:
    """https://states-language.net/spec.html#using-paths: the specification's example of ResultPath."""
    data = {"title": "Numbers to add", "numbers": {"val1": 3, "val2": 4}}
    assert placed("$.sum", 7, data) == data | {"sum": 7}
    assert placed("$", 7, data) == 7
    assert placed(None, 7, data) == data
    assert placed("$.a.b", 7, {}) == {"a": {"b": 7}}
    assert filled({"x.$": "$$.Execution.Id", "y": [{"z.$": "$.a"}]}, {"a": 1}, {"Execution": {"Id": "e"}}) == {
        "x": "e",
        "y": [{"z": 1}],
    }


def test_a_retrier_waits_longer_each_time_and_gives_up() -> None:
    """https://states-language.net/spec.html#retrying-after-error: 3 and 4.5 seconds, then the error."""
    retry = [{"ErrorEquals": ["A"], "IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 1.5}]
    made = machine(T={**TASK, "Retry": retry})
    error = StateError("A", "why")
    assert ran(made, {}, error, error, {"b": 1}) == (Ended("SUCCEEDED", {"b": 1}), [3, 4.5])
    assert ran(made, {}, error, error, error) == (Ended("FAILED", error="A", cause="why"), [3, 4.5])
    assert ran(made, {}, StateError("B", "why")) == (Ended("FAILED", error="B", cause="why"), [])


def test_a_catcher_goes_on_with_the_error_beside_the_input() -> None:
    catch = [{"ErrorEquals": ["Glue.EntityNotFoundException"], "ResultPath": "$.missing", "Next": "Done"}]
    made = machine(T={**TASK, "Catch": catch}, Done={"Type": "Succeed"})
    failure = {"Error": "Glue.EntityNotFoundException", "Cause": "none"}
    assert ran(made, {"a": 1}, StateError(failure["Error"], failure["Cause"]))[0].output == {
        "a": 1,
        "missing": failure,
    }


@pytest.mark.parametrize("name", ["States.ALL", "States.TaskFailed"])
def test_what_the_runtime_cannot_do_is_never_tried_again(name: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html: States.Runtime."""
    made = machine(T={**TASK, "ResultSelector": {"x.$": "$.nothing"}, "Retry": [{"ErrorEquals": [name]}]})
    ended, waited = ran(made, {}, {})
    assert (ended.status, ended.error, waited) == ("FAILED", "States.Runtime", [])


@pytest.mark.parametrize(("name", "caught"), [("States.ALL", True), ("States.TaskFailed", False)])
def test_only_states_all_catches_a_timeout(name: str, caught: bool) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html: States.TaskFailed."""
    made = machine(T={**TASK, "Catch": [{"ErrorEquals": [name], "Next": "Done"}]}, Done={"Type": "Succeed"})
    assert ran(made, {}, StateError("States.Timeout", "late"))[0].status == ("SUCCEEDED" if caught else "FAILED")


def test_a_choice_takes_the_first_rule_that_matches_and_fails_without_one() -> None:
    rules = [
        {"And": [{"Variable": "$.a", "NumericGreaterThan": 1}, {"Variable": "$.b", "StringEquals": "x"}], "Next": "S"},
        {"Not": {"Variable": "$.a", "NumericEquals": 1}, "Next": "P"},
    ]
    made = machine(
        C={"Type": "Choice", "Choices": rules},
        S={"Type": "Succeed"},
        P={"Type": "Pass", "Result": "P", "End": True},
    )
    assert ran(made, {"a": 2, "b": "x"})[0].output == {"a": 2, "b": "x"}
    assert ran(made, {"a": 2, "b": "y"})[0].output == "P"
    assert ran(made, {"a": 1, "b": "y"})[0].error == "States.NoChoiceMatched"
    assert ran(made, {})[0].error == "States.Runtime"


class Machines:
    """A Step Functions client with one machine, and what makes it."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.made = made

    def __call__(self, service: str) -> Machines:
        assert service == "stepfunctions"
        return self

    def describe_state_machine(self, stateMachineArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        return {"definition": json.dumps(self.made), "roleArn": "role", "stateMachineArn": stateMachineArn}


class Held:
    """A task that waits until it is let go or interrupted."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.let_go = False

    def run(self, resource: str, parameters: Any, wait: Callable[[float], None]) -> Any:
        self.begun.release()
        while not self.let_go:
            wait(0.01)
        return parameters


def wait_for(executions: StateExecutions, arn: str) -> str:
    while (found := executions.described(arn).status) == "RUNNING":
        threading.Event().wait(0.01)
    return found


ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"


def test_an_execution_goes_on_in_a_later_process_where_it_was(tmp_path: Path) -> None:
    made = machine(
        P={"Type": "Pass", "Result": 1, "ResultPath": "$.p", "Next": "T"}, T={**TASK, "Parameters": {"p.$": "$.p"}}
    )
    first, held = StateDir(tmp_path), Held()
    executions = StateExecutions(first, Machines(made), held)
    arn = executions.start(ARN, "e", '{"a": 1}').arn
    held.begun.acquire()
    executions.close()
    later, held = StateExecutions(first, Machines({}), Held()), Held()
    assert later.described(arn).position == Position("T", {"a": 1, "p": 1})
    held.let_go = True
    later._tasks = held  # pyright: ignore[reportPrivateUsage] - the next process's
    later.recover()
    assert wait_for(later, arn) == "SUCCEEDED"
    assert json.loads(later.described(arn).output) == {"p": 1}


def test_an_execution_beyond_its_time_times_out_and_a_stopped_one_is_aborted(tmp_path: Path) -> None:
    late = machine(T=TASK) | {"TimeoutSeconds": 0}
    executions = StateExecutions(StateDir(tmp_path / "late"), Machines(late), Held())
    assert wait_for(executions, executions.start(ARN).arn) == "TIMED_OUT"
    held = Held()
    executions = StateExecutions(StateDir(tmp_path / "stopped"), Machines(machine(T=TASK)), held)
    one = executions.start(ARN, "one")
    assert executions.start(ARN, "one") is one
    held.begun.acquire()
    assert executions.stop(one.arn).status == "ABORTED"
    with pytest.raises(ApiError, match="Already Exists"):
        executions.start(ARN, "one")


class Clock:
    """The clients of a scheduler with one schedule and of a queue, and what was started and sent when."""

    def __init__(self, tmp_path: Path, expression: str = "rate(1 minute)", **target: Any) -> None:
        self.schedule: dict[str, Any] = {
            "Arn": "schedule",
            "Name": "merge",
            "GroupName": "default",
            "State": "ENABLED",
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": ARN, **target},
        }
        self.started: list[float] = []
        self.sent: list[dict[str, Any]] = []
        self.fails = False
        self.now = 0.0
        self._state = StateDir(tmp_path)
        self.schedules = self.restarted()

    def restarted(self) -> MachineSchedules:
        return MachineSchedules(self._state, lambda _: self, self._start)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_schedules"
        return SimpleNamespace(paginate=lambda: [{"Schedules": [self.schedule]}])

    def get_schedule(self, **_: str) -> dict[str, Any]:
        return self.schedule

    def get_queue_url(self, **asked: str) -> dict[str, str]:
        return {"QueueUrl": asked["QueueName"]}

    def send_message(self, **message: Any) -> None:
        self.sent.append(message)

    def _start(self, arn: str, text: str) -> None:
        assert (arn, text) == (ARN, "{}")
        if self.fails:
            raise ApiError("no such machine", "StateMachineDoesNotExist")
        self.started.append(self.now)

    def go(self, *moments: float) -> None:
        for self.now in moments:
            self.schedules.start_due(self.now)


def test_a_rate_starts_at_once_and_then_after_each_interval_also_in_a_later_process(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    clock.go(5, 10, 64.9, 65, 70)
    assert clock.started == [5, 65]
    clock.schedules = clock.restarted()
    clock.go(80, 124, 125)
    assert clock.started == [5, 65, 125]
    clock.schedule["State"] = "DISABLED"
    clock.go(500)
    assert clock.started == [5, 65, 125]


def test_a_start_that_fails_is_tried_again_and_then_told_to_the_queue(tmp_path: Path) -> None:
    policy = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}
    clock = Clock(tmp_path, "rate(1 hour)", RetryPolicy=policy, DeadLetterConfig={"Arn": "arn:aws:sqs:r:a:dead"})
    clock.fails = True
    clock.go(0, 1, 2)
    clock.fails = False
    clock.go(10)
    assert (clock.started, clock.sent) == ([10], [])
    clock.fails = True
    clock.go(3600, 3602, 3606, 3700)
    (message,) = clock.sent
    assert message["QueueUrl"] == "dead"
    attributes = {name: of["StringValue"] for name, of in message["MessageAttributes"].items()}
    assert (attributes["ERROR_CODE"], attributes["EXHAUSTED_RETRY_CONDITION"]) == (
        "StateMachineDoesNotExist",
        "MaximumRetryAttempts",
    )
    assert (attributes["RETRY_ATTEMPTS"], attributes["SCHEDULED_TIME"]) == ("2", "1970-01-01T01:00:00Z")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ScheduleExpression": "cron(0 0 * * ? *)"}, "its expression is not a rate"),
        ({"Target": {"Arn": "arn:aws:lambda:r:a:function:f"}}, "its target is not a state machine"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "its time window is flexible"),
    ],
)
def test_a_schedule_that_the_sandbox_does_not_run_is_told_once(
    changed: dict[str, Any], why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(tmp_path)
    clock.schedule.update(changed)
    clock.go(0, 60, 120)
    assert clock.started == []
    (record,) = caplog.records
    assert why in record.getMessage()
