"""One execution of a state machine: from state to state, each with its retries and catchers."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from sandbox.states.paths import StateError, evaluated, filled, placed

_RUNTIME = "States.Runtime"
_TIMEOUT = "States.Timeout"
_PART = re.compile(r"\\(.)|(\*)|([^\\*]+)", re.DOTALL)
_INTERVAL_S, _BACKOFF, _ATTEMPTS = 1, 2.0, 3
"""A retrier's defaults."""


class Ended(Struct, frozen=True):
    """The end of an execution: its status, with its output or its error."""

    status: str
    output: Any = None
    error: str = ""
    cause: str = ""


class Position(Struct):
    """The position of an execution: the next state and its input. A resumed execution begins here."""

    state: str
    data: Any


class InterruptedRunError(Exception):
    """The execution must stop: its time is over (`timed_out`), or a caller stopped it."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("the execution is to stop")
        self.timed_out = timed_out


class Tasks(Protocol):
    """Executes the work of a Task state."""

    def run(self, resource: str, parameters: Any, wait: Callable[[float], None]) -> Any:
        """Return the result of a task; it waits by calling `wait`.

        Raises:
            StateError: the task failed; and what `wait` raises.
        """
        ...


class StateMachineRun:
    """Runs a machine's document from a position. `wait` waits a number of seconds or raises InterruptedRunError."""

    def __init__(
        self,
        machine: Mapping[str, Any],
        tasks: Tasks,
        context: Mapping[str, Any],
        wait: Callable[[float], None],
        moved: Callable[[Position], None] = lambda _: None,
    ) -> None:
        self._states: Mapping[str, Any] = machine["States"]
        self._tasks = tasks
        self._context = context
        self._wait = wait
        self._moved = moved

    def run(self, position: Position) -> Ended:
        """Run from a position to the end."""
        try:
            while True:
                self._moved(position)
                state: Mapping[str, Any] = self._states[position.state]
                following, data = self._step(position.state, state, position.data)
                if following is None:
                    return Ended("SUCCEEDED", data)
                position = Position(following, data)
        except StateError as error:
            return Ended("FAILED", error=error.name, cause=error.cause)
        except InterruptedRunError as interrupted:
            return Ended("TIMED_OUT") if interrupted.timed_out else Ended("ABORTED")

    def _step(self, name: str, state: Mapping[str, Any], data: Any) -> tuple[str | None, Any]:
        """Return the next state, None after the last one, and its input."""
        self._wait(0)
        match state["Type"]:
            case "Succeed":
                return None, data
            case "Choice":
                return self._chosen(name, state, data), data
            case "Pass":
                result = state.get("Result", data)
                return state.get("Next"), placed(state.get("ResultPath", "$"), result, data)
            case _:
                return self._task(state, data)

    def _chosen(self, name: str, state: Mapping[str, Any], data: Any) -> str:
        for rule in state["Choices"]:
            if self._matches(rule, data):
                return rule["Next"]
        if "Default" not in state:
            raise StateError("States.NoChoiceMatched", f"No choice of {name} matched.")
        return state["Default"]

    def _matches(self, rule: Mapping[str, Any], data: Any) -> bool:
        if "And" in rule:
            return all(self._matches(inner, data) for inner in rule["And"])
        if "Or" in rule:
            return any(self._matches(inner, data) for inner in rule["Or"])
        if "Not" in rule:
            return not self._matches(rule["Not"], data)
        if "IsPresent" in rule:
            return self._is_present(rule["Variable"], data) == rule["IsPresent"]
        value = evaluated(rule["Variable"], data, self._context)
        if "StringMatches" in rule:
            return isinstance(value, str) and _pattern(rule["StringMatches"]).fullmatch(value) is not None
        if "StringEquals" in rule:
            return isinstance(value, str) and value == rule["StringEquals"]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if "NumericEquals" in rule:
            return is_number and value == rule["NumericEquals"]
        return is_number and value > rule["NumericGreaterThan"]

    def _is_present(self, path: str, data: Any) -> bool:
        try:
            evaluated(path, data, self._context)
        except StateError:
            return False
        return True

    def _task(self, state: Mapping[str, Any], data: Any) -> tuple[str | None, Any]:
        attempts: dict[int, int] = {}
        while True:
            try:
                parameters = filled(state.get("Parameters", data), data, self._context)
                result = self._tasks.run(state["Resource"], parameters, self._wait)
                if "ResultSelector" in state:
                    result = filled(state["ResultSelector"], result, self._context)
                return state.get("Next"), placed(state.get("ResultPath", "$"), result, data)
            except StateError as error:
                delay_s = _delay_s(state, error, attempts)
                if delay_s is None:
                    return _caught(state, error, data)
                self._wait(delay_s)


def _pattern(text: str) -> re.Pattern[str]:
    """What StringMatches takes: * is any characters, and a character behind a backslash is that character."""
    parts = _PART.findall(text)
    return re.compile(
        "".join(".*" if wild else re.escape(escaped or plain) for escaped, wild, plain in parts), re.DOTALL
    )


def _delay_s(state: Mapping[str, Any], error: StateError, attempts: dict[int, int]) -> float | None:
    """The seconds before the next attempt; None without one. `attempts` has the number of each retrier's attempts."""
    for at, retrier in enumerate(state.get("Retry", ())):
        if not _is_named(error, retrier["ErrorEquals"]):
            continue
        made = attempts.get(at, 0)
        if made >= retrier.get("MaxAttempts", _ATTEMPTS):
            return None
        attempts[at] = made + 1
        delay_s = retrier.get("IntervalSeconds", _INTERVAL_S) * retrier.get("BackoffRate", _BACKOFF) ** made
        delay_s = min(delay_s, retrier.get("MaxDelaySeconds", delay_s))
        return random.uniform(0, delay_s) if retrier.get("JitterStrategy") == "FULL" else delay_s  # noqa: S311 - jitter
    return None


def _caught(state: Mapping[str, Any], error: StateError, data: Any) -> tuple[str, Any]:
    for catcher in state.get("Catch", ()):
        if _is_named(error, catcher["ErrorEquals"]):
            failure = {"Error": error.name, "Cause": error.cause}
            return catcher["Next"], placed(catcher.get("ResultPath", "$"), failure, data)
    raise error


def _is_named(error: StateError, names: list[str]) -> bool:
    """Return whether the names match an error.

    States.ALL matches all but States.Runtime, States.TaskFailed all but that and States.Timeout:
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    wildcards = {"States.ALL": error.name != _RUNTIME, "States.TaskFailed": error.name not in (_RUNTIME, _TIMEOUT)}
    return error.name in names or any(wildcards.get(name, False) for name in names)


def instant(epoch_s: float) -> str:
    """The time in the context object's form: ISO 8601 with milliseconds, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch_s)) + f".{int(epoch_s * 1000) % 1000:03d}Z"
