"""The rules of state machines and schedules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from components.audit.reading import at, document, number, one_of, text, waits_for_role_policy
from components.audit.rule import Rule
from components.audit.spoiling import given, unordered
from components.explain.evidence import Case

MACHINE = "aws:sfn/stateMachine:StateMachine"
SCHEDULE = "aws:scheduler/schedule:Schedule"

_STATES = "https://docs.aws.amazon.com/step-functions/latest/"
_SCHEDULER = "https://docs.aws.amazon.com/scheduler/latest/"
_LANGUAGE = "https://states-language.net/spec.html"
_RATE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)")
_ENDS = ("Succeed", "Fail")


def _states(case: Case) -> dict[str, Any]:
    found = document(case.inputs["definition"]).get("States")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _targets(value: Any) -> Iterator[str]:
    """Yield every state to which a state or a part of it refers."""
    if isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            if name in ("Next", "Default"):
                yield str(inner)
            elif name not in ("Parameters", "Result"):
                yield from _targets(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _targets(inner)


def _states_follow_states(case: Case) -> bool:
    states = _states(case)
    first = document(case.inputs["definition"]).get("StartAt")
    reached = {str(first), *(target for state in states.values() for target in _targets(state))}
    return bool(states) and reached == states.keys()


def _states_end(case: Case) -> bool:
    """Return whether each state has one successor: a next state, an end, or a type that is an end or a choice."""
    return all(
        (state.get("Type") in (*_ENDS, "Choice")) != (("Next" in state) != (state.get("End") is True))
        for state in _states(case).values()
    )


def _names_are_short(case: Case) -> bool:
    return all(1 <= len(name) <= 80 for name in _states(case))


def _definition(states: str) -> dict[str, Any]:
    return {"definition": '{"StartAt": "A", "States": {' + states + "}}"}


RULES = (
    Rule(
        "sfn-name",
        MACHINE,
        "A state machine's name has 1 to 80 letters, digits, hyphens and underscores.",
        "terraform-provider-aws internal/service/sfn/state_machine.go",
        text("name", 1, 80, r"[0-9A-Za-z_-]+"),
        given({"name": "m" * 81}),
    ),
    Rule(
        "sfn-size",
        MACHINE,
        "A definition has at most 1 MB.",
        f"{_STATES}apireference/API_CreateStateMachine.html",
        text("definition", 1, 1_048_576),
        given({"definition": " " * 1_048_577}),
    ),
    Rule(
        "sfn-transitions",
        MACHINE,
        "The first state and every next one is a state, and every state is reached.",
        _LANGUAGE,
        _states_follow_states,
        given(_definition('"A": {"Type": "Pass", "Next": "B"}')),
    ),
    Rule(
        "sfn-ends",
        MACHINE,
        "A state has a next one or is an end; Choice, Succeed and Fail have neither.",
        _LANGUAGE,
        _states_end,
        given(_definition('"A": {"Type": "Pass"}')),
    ),
    Rule(
        "sfn-state-names",
        MACHINE,
        "A state's name has 1 to 80 characters.",
        _LANGUAGE,
        _names_are_short,
        given(_definition(f'"{"a" * 81}": {{"Type": "Succeed"}}')),
    ),
    Rule(
        "sfn-log-destination",
        MACHINE,
        "The log group's ARN ends with :*.",
        f"{_STATES}apireference/API_CloudWatchLogsLogGroup.html",
        lambda case: str(at(case.inputs, "loggingConfiguration.logDestination") or ":*").endswith(":*"),
        given({"loggingConfiguration.logDestination": "arn:aws:logs:eu-west-1:123456789012:log-group:a"}),
    ),
    Rule(
        "sfn-log-level",
        MACHINE,
        "The level of the log is ALL, ERROR, FATAL or OFF.",
        f"{_STATES}apireference/API_LoggingConfiguration.html",
        one_of("loggingConfiguration.level", ("ALL", "ERROR", "FATAL", "OFF")),
        given({"loggingConfiguration.level": "WARN"}),
    ),
    Rule(
        "sfn-role-first",
        MACHINE,
        "The role has its policy before the state machine: log delivery is checked when it is created.",
        f"{_STATES}dg/cw-logs.html",
        waits_for_role_policy("roleArn"),
        unordered,
    ),
    Rule(
        "scheduler-name",
        SCHEDULE,
        "A schedule's name has 1 to 64 letters, digits, hyphens, underscores and dots.",
        f"{_SCHEDULER}APIReference/API_CreateSchedule.html",
        text("name", 1, 64, r"[0-9a-zA-Z-_.]+"),
        given({"name": "s" * 65}),
    ),
    Rule(
        "scheduler-rate",
        SCHEDULE,
        "A rate is a positive number of minutes, hours or days, in the singular for 1.",
        f"{_SCHEDULER}UserGuide/schedule-types.html",
        lambda case: _RATE.fullmatch(case.inputs["scheduleExpression"]) is not None,
        given({"scheduleExpression": "rate(1 minutes)"}),
    ),
    Rule(
        "scheduler-event-age",
        SCHEDULE,
        "A start is tried for 60 to 86,400 seconds.",
        f"{_SCHEDULER}APIReference/API_RetryPolicy.html",
        number("target.retryPolicy.maximumEventAgeInSeconds", 60, 86_400),
        given({"target.retryPolicy.maximumEventAgeInSeconds": 59}),
    ),
    Rule(
        "scheduler-retries",
        SCHEDULE,
        "A start is tried again up to 185 times.",
        f"{_SCHEDULER}APIReference/API_RetryPolicy.html",
        number("target.retryPolicy.maximumRetryAttempts", 0, 185),
        given({"target.retryPolicy.maximumRetryAttempts": 186}),
    ),
    Rule(
        "scheduler-role-first",
        SCHEDULE,
        "The role has its policy before the schedule, or the first starts fail.",
        f"{_SCHEDULER}UserGuide/setting-up.html#setting-up-execution-role",
        waits_for_role_policy("target.roleArn"),
        unordered,
    ),
)
