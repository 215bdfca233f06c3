"""The subset of the Amazon States Language that the sandbox supports, and the check of definitions against it.

https://states-language.net/spec.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from sandbox.states.paths import UnsupportedLanguageError, check

_COMMON = frozenset({"Type", "Comment"})
_FIELDS: Mapping[str, frozenset[str]] = {
    "Task": frozenset(
        {"Resource", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch", "Next", "End", *_COMMON}
    ),
    "Pass": frozenset({"Result", "ResultPath", "Next", "End", *_COMMON}),
    "Choice": frozenset({"Choices", "Default", *_COMMON}),
    "Succeed": _COMMON,
}
COMPARISONS = frozenset({"StringEquals", "StringMatches", "NumericEquals", "NumericGreaterThan", "IsPresent"})
_RETRIER = frozenset(
    {"ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxAttempts", "JitterStrategy", "MaxDelaySeconds", "Comment"}
)
_CATCHER = frozenset({"ErrorEquals", "ResultPath", "Next", "Comment"})
QUERY = "arn:aws:states:::athena:startQueryExecution.sync"
SDK = "arn:aws:states:::aws-sdk:"
SDK_SERVICES: Mapping[str, tuple[str, str]] = {"glue": ("glue", "Glue"), "sfn": ("stepfunctions", "Sfn")}
"""By the integration's name of a service: botocore's name, and the prefix of its errors."""


def document(definition: str) -> dict[str, Any]:
    """Return the definition's object.

    Raises:
        ValueError: the definition is invalid, or the sandbox does not support it.
    """
    try:
        found: Any = json.loads(definition)
    except ValueError as error:
        raise ValueError(f"INVALID_JSON_DESCRIPTION: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("INVALID_JSON_DESCRIPTION: the definition is not an object")
    machine = cast("dict[str, Any]", found)
    for complaint in _complaints(machine):
        raise ValueError(complaint)
    return machine


def _complaints(machine: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown("the state machine", machine, {"Comment", "StartAt", "States", "TimeoutSeconds", "Version"})
    states: Any = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield "SCHEMA_VALIDATION_FAILED: States is missing"
        return
    named = cast("dict[str, Any]", states)
    yield from _missing("StartAt", machine.get("StartAt"), named)
    for name, state in named.items():
        yield from _of_state(name, state, named)


def _of_state(name: str, state: Any, named: Collection[str]) -> Iterator[str]:
    kind = _type_of(state)
    if kind not in _FIELDS:
        yield _unsupported(f"the state {name} of the type {kind}")
        return
    state = cast("dict[str, Any]", state)
    yield from _unknown(f"the state {name}", state, _FIELDS[kind])
    if kind in ("Task", "Pass"):
        if ("Next" in state) == (state.get("End") is True):
            yield f"MISSING_END_STATE: {name} has neither a next state nor an end, or both"
        if "Next" in state:
            yield from _missing(f"{name}/Next", state["Next"], named)
    if kind == "Task":
        yield from _of_task(name, state, named)
    if kind == "Choice":
        yield from _of_choice(name, state, named)


def _type_of(state: Any) -> str:
    return str(cast("dict[str, Any]", state).get("Type")) if isinstance(state, dict) else "none"


def _of_task(name: str, state: Mapping[str, Any], named: Collection[str]) -> Iterator[str]:
    resource = str(state.get("Resource"))
    service = resource.removeprefix(SDK).partition(":")[0]
    if resource != QUERY and not (resource.startswith(SDK) and service in SDK_SERVICES):
        yield _unsupported(f"the resource {resource} of {name}")
    for retrier in state.get("Retry", ()):
        yield from _unknown(f"Retry of {name}", retrier, _RETRIER)
    for catcher in state.get("Catch", ()):
        yield from _unknown(f"Catch of {name}", catcher, _CATCHER)
        yield from _missing(f"{name}/Catch", catcher.get("Next"), named)
    for template in (state.get("Parameters"), state.get("ResultSelector")):
        yield from _of_template(name, template)


def _of_choice(name: str, state: Mapping[str, Any], named: Collection[str]) -> Iterator[str]:
    if "Default" in state:
        yield from _missing(f"{name}/Default", state["Default"], named)
    for rule in state.get("Choices", ()):
        yield from _missing(f"{name}/Choices", rule.get("Next"), named)
        yield from _of_rule(name, {field: value for field, value in rule.items() if field not in ("Next", "Comment")})


def _of_rule(name: str, rule: Mapping[str, Any]) -> Iterator[str]:
    match sorted(rule):
        case ["And" | "Or" | "Not" as kind]:
            inner: Any = rule[kind]
            for one in [inner] if kind == "Not" else inner:
                yield from _of_rule(name, one)
        case [comparison, "Variable"] if comparison in COMPARISONS:
            yield from _of_expression(name, rule["Variable"])
        case fields:
            yield _unsupported(f"the comparison {' and '.join(fields)} of {name}")


def _of_template(name: str, template: Any) -> Iterator[str]:
    if isinstance(template, dict):
        for member, value in cast("dict[str, Any]", template).items():
            yield from _of_expression(name, value) if member.endswith(".$") else _of_template(name, value)
    elif isinstance(template, list):
        for value in cast("list[Any]", template):
            yield from _of_template(name, value)


def _of_expression(name: str, expression: Any) -> Iterator[str]:
    try:
        check(str(expression))
    except UnsupportedLanguageError as error:
        yield _unsupported(f"{error} of {name}")


def _missing(where: str, target: Any, named: Collection[str]) -> Iterator[str]:
    if target not in named:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at /States/{where}"


def _unknown(where: str, given: Any, known: Collection[str]) -> Iterator[str]:
    for field in cast("Mapping[str, Any]", given).keys() - set(known):
        yield _unsupported(f"{field} of {where}")


def _unsupported(what: str) -> str:
    return f"SCHEMA_VALIDATION_FAILED: the sandbox does not support {what}"
