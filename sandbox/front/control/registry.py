"""Who refuses, answers or amends which call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.front.control.call import ControlCall
from sandbox.front.reply import ServiceError

Refusal = Callable[[str, str, str, Mapping[str, Any]], ServiceError | None]
"""(service, operation, region, parameters) to AWS's error, or None where AWS does not refuse.

Names and parameters are those of `ControlCall`: `("dynamodb", "CreateTable", "eu-west-1", {"TableName": …})`.
"""
Answer = Callable[[ControlCall], Mapping[str, Any] | None]
"""A call to its output's members, None for none; raises ServiceError."""
Amendment = Callable[[ControlCall, dict[str, Any]], None]
"""A call that succeeded and the members of moto's output, which it changes in place."""

_DATA = frozenset(
    {
        ("cloudwatch", "PutMetricData"),
        ("events", "PutEvents"),
        ("logs", "PutLogEvents"),
        ("s3", "DeleteObjects"),
        ("s3", "ListObjects"),
        ("s3", "ListObjectsV2"),
        *(("sqs", f"{verb}Message{batch}") for verb in ("Send", "Receive", "Delete") for batch in ("", "Batch")),
    }
)
"""Data calls, which are frequent or large, so they are not checked for refusals."""

_refusals: list[Refusal] = []
_answers: dict[tuple[str, str], Answer] = {}
_amendments: dict[tuple[str, str], list[Amendment]] = {}


def refuses(refusal: Refusal) -> Refusal:
    """The decorated function is asked of every control call but those that carry data, before anybody answers."""
    _refusals.append(refusal)
    return refusal


def answers(service: str, *operations: str) -> Callable[[Answer], Answer]:
    """The decorated function answers these operations in moto's place."""

    def register(answer: Answer) -> Answer:
        _answers.update(dict.fromkeys(((service, operation) for operation in operations), answer))
        return answer

    return register


def amends(service: str, *operations: str) -> Callable[[Amendment], Amendment]:
    """The decorated function gets moto's output of these operations and sets right what is wrong in it."""

    def register(amendment: Amendment) -> Amendment:
        for operation in operations:
            _amendments.setdefault((service, operation), []).append(amendment)
        return amendment

    return register


def refusal_of(call: ControlCall) -> ServiceError | None:
    """The error with which AWS would refuse a call; the first one's that knows any."""
    if (call.service, call.operation) in _DATA:
        return None
    errors = (refuse(call.service, call.operation, call.region, call.parameters) for refuse in _refusals)
    return next((error for error in errors if error is not None), None)


def answer_of(call: ControlCall) -> Answer | None:
    """What answers a call in moto's place."""
    return _answers.get((call.service, call.operation))


def amendments_of(call: ControlCall) -> list[Amendment]:
    """What sets moto's answer to a call right."""
    return _amendments.get((call.service, call.operation), [])
