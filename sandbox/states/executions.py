"""The executions of all state machines: each runs in a thread, and a new process resumes the unfinished ones.

A state that a killed process had begun is begun again: Step Functions promises only "at least once" for a task.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-standard-vs-express.html
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct

from sandbox.athena.errors import ApiError
from sandbox.monitoring.recorder import RECORDER, metric
from sandbox.state import StateDir, region
from sandbox.states import language
from sandbox.states.execution import Ended, InterruptedRunError, Position, StateMachineRun, Tasks, instant

_log = logging.getLogger(__name__)
_KEPT = 1000
"""The number of executions that are stored; AWS stores those of 90 days."""
_FILE = "executions.json"
_METRICS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


class StoredExecution(Struct, kw_only=True):
    """An execution; `definition` and `position` are empty once it has ended."""

    arn: str
    machine_arn: str
    role_arn: str
    name: str
    input: str
    started_s: float
    definition: str = ""
    position: Position | None = None
    stopped_s: float | None = None
    status: str = "RUNNING"
    output: str = ""
    error: str = ""
    cause: str = ""


class StateExecutions:
    """Starts, stops and stores the executions of Step Functions' machines. `clients` creates a service's client."""

    def __init__(self, state: StateDir, clients: Callable[[str], Any], tasks: Tasks) -> None:
        self._file = state.path / "states" / _FILE
        self._state = state
        self._clients = clients
        self._tasks = tasks
        self._lock = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        self._closing = False
        saved = state.read_json(self._file) or {}
        kept = msgspec.convert(saved.get("executions", []), list[StoredExecution])
        self._by_arn = {one.arn: one for one in kept}

    def recover(self) -> None:
        """Resume the executions that were running when the previous process ended."""
        for one in list(self._by_arn.values()):
            if one.status == "RUNNING":
                self._begin(one)

    def start(self, machine_arn: str, name: str = "", text: str = "{}") -> StoredExecution:
        """Start an execution, or return a running one with the same name and input.

        Raises:
            ApiError: Step Functions refuses the call.
        """
        try:
            described = self._clients("stepfunctions").describe_state_machine(stateMachineArn=machine_arn)
        except ClientError as error:
            reply = cast("Mapping[str, Mapping[str, str]]", error.response)["Error"]
            raise ApiError(reply["Message"], reply["Code"]) from error
        try:
            data = json.loads(text)
            machine = language.document(described["definition"])
        except ValueError as error:
            raise ApiError(f"Invalid State Machine Execution Input: '{error}'", "InvalidExecutionInput") from None
        name = name or str(uuid.uuid4())
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        with self._lock:
            if (known := self._by_arn.get(arn)) is not None:
                if known.status == "RUNNING" and known.input == text:
                    return known
                raise ApiError(f"Execution Already Exists: '{arn}'", "ExecutionAlreadyExists")
            one = StoredExecution(
                arn=arn,
                machine_arn=machine_arn,
                role_arn=described["roleArn"],
                name=name,
                input=text,
                started_s=time.time(),
                definition=described["definition"],
                position=Position(machine["StartAt"], data),
            )
            self._by_arn[arn] = one
            self._save()
        _count(one, "ExecutionsStarted")
        self._begin(one)
        return one

    def stop(self, arn: str, error: str = "", cause: str = "") -> StoredExecution:
        """Stop an execution and its query; return when it has ended.

        Raises:
            ApiError: the execution does not exist.
        """
        one = self.described(arn)
        with self._lock:
            if one.status == "RUNNING":
                self._end(one, Ended("ABORTED", error=error, cause=cause))
        if stopping := self._stops.get(arn):
            stopping.set()
        return one

    def described(self, arn: str) -> StoredExecution:
        """Return an execution.

        Raises:
            ApiError: it does not exist.
        """
        if (one := self._by_arn.get(arn)) is None:
            raise ApiError(f"Execution Does Not Exist: '{arn}'", "ExecutionDoesNotExist")
        return one

    def listed(self, machine_arn: str, status: str = "") -> list[StoredExecution]:
        """The executions of a machine with a status, by default all, newest first."""
        found = [one for one in self._by_arn.values() if one.machine_arn == machine_arn and status in ("", one.status)]
        return sorted(found, key=lambda one: -one.started_s)

    def close(self) -> None:
        """Interrupt the executions; the next process resumes them."""
        self._closing = True
        for stopping in list(self._stops.values()):
            stopping.set()

    def _begin(self, one: StoredExecution) -> None:
        self._stops[one.arn] = threading.Event()
        threading.Thread(target=self._run, args=(one,), name=f"execution-{one.name}", daemon=True).start()

    def _run(self, one: StoredExecution) -> None:
        stopping = self._stops[one.arn]
        machine = language.document(one.definition)
        ends_s = one.started_s + machine.get("TimeoutSeconds", float("inf"))

        def wait(seconds: float) -> None:
            if stopping.wait(max(min(seconds, ends_s - time.time()), 0)):
                raise InterruptedRunError(timed_out=False)
            if time.time() >= ends_s:
                raise InterruptedRunError(timed_out=True)

        position = one.position or Position(machine["StartAt"], json.loads(one.input))
        run = StateMachineRun(machine, self._tasks, _context(one), wait, lambda now: self._moved(one, now))
        try:
            ended = run.run(position)
        except Exception as error:
            _log.exception("execution %s failed in the sandbox", one.name)
            ended = Ended("FAILED", error="States.Runtime", cause=f"{type(error).__name__}: {error}")
        with self._lock:
            if one.status == "RUNNING" and not self._closing:
                self._end(one, ended)
        self._stops.pop(one.arn, None)

    def _moved(self, one: StoredExecution, position: Position) -> None:
        with self._lock:
            one.position = position
            if one.status == "RUNNING":
                self._save()

    def _end(self, one: StoredExecution, ended: Ended) -> None:
        one.status, one.stopped_s = ended.status, time.time()
        one.output = json.dumps(ended.output) if ended.status == "SUCCEEDED" else ""
        one.error, one.cause = ended.error, ended.cause
        one.definition, one.position = "", None
        self._save()
        count_end(one)
        reason = f": {ended.error}: {ended.cause}" if ended.error else ""
        log = _log.info if ended.status == "SUCCEEDED" else _log.warning
        log("execution %s %s%s", one.name, ended.status, reason)

    def _save(self) -> None:
        ended = [one for one in self._by_arn.values() if one.status != "RUNNING"]
        for one in ended[: max(len(ended) - _KEPT, 0)]:
            del self._by_arn[one.arn]
        self._state.write_json(self._file, {"executions": list(self._by_arn.values())})


def count_end(one: StoredExecution) -> None:
    """Count an execution that has ended; each kind of end is a metric, which is 0 for the other kinds."""
    for status, name in _METRICS.items():
        _count(one, name, int(status == one.status))
    _count(one, "ExecutionTime", round(1000 * ((one.stopped_s or one.started_s) - one.started_s), 2), "Milliseconds")


def _count(one: StoredExecution, name: str, value: float = 1, unit: str = "Count") -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html"""
    RECORDER.series(region(), metric("AWS/States", name, StateMachineArn=one.machine_arn), unit).add(value)


def _context(one: StoredExecution) -> Mapping[str, Any]:
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""
    return {
        "Execution": {
            "Id": one.arn,
            "Name": one.name,
            "Input": json.loads(one.input),
            "StartTime": instant(one.started_s),
            "RoleArn": one.role_arn,
        },
        "StateMachine": {"Id": one.machine_arn, "Name": one.machine_arn.rpartition(":")[2]},
    }
