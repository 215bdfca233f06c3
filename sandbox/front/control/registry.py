"""The registry of the functions that refuse, handle or amend control calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.front.control.call import ControlCall
from sandbox.front.reply import HttpReply, ServiceError

Refusal = Callable[[str, str, str, Mapping[str, Any]], ServiceError | None]
"""From (service, operation, region, parameters) to AWS's error, or to None if AWS accepts the call.

Names and parameters are those of `ControlCall`: `("dynamodb", "CreateTable", "eu-west-1", {"TableName": …})`.
"""
Answer = Callable[[ControlCall], Mapping[str, Any] | HttpReply | None]
"""From a call to the members of its output, None if it has none, or to the whole reply; raises ServiceError."""
Amendment = Callable[[ControlCall, dict[str, Any]], None]
"""Receives a successful call and the members of moto's output, and changes them in place."""

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
"""Data calls. They are frequent or large, so they are not checked for refusals."""

_refusals: list[Refusal] = []
_answers: dict[tuple[str, str], Answer] = {}
_amendments: dict[tuple[str, str], list[Amendment]] = {}


def refuses(refusal: Refusal) -> Refusal:
    """Register a check that runs before every control call is handled, except those that carry data."""
    _refusals.append(refusal)
    return refusal


def answers(service: str, *operations: str) -> Callable[[Answer], Answer]:
    """Register a handler that replaces moto's for these operations."""

    def register(answer: Answer) -> Answer:
        _answers.update(dict.fromkeys(((service, operation) for operation in operations), answer))
        return answer

    return register


def amends(service: str, *operations: str) -> Callable[[Amendment], Amendment]:
    """Register a function that corrects moto's output of these operations."""

    def register(amendment: Amendment) -> Amendment:
        for operation in operations:
            _amendments.setdefault((service, operation), []).append(amendment)
        return amendment

    return register


def refusal_of(call: ControlCall) -> ServiceError | None:
    """Return the error with which AWS refuses a call, from the first check that returns one; None if AWS accepts it."""
    if (call.service, call.operation) in _DATA:
        return None
    errors = (refuse(call.service, call.operation, call.region, call.parameters) for refuse in _refusals)
    return next((error for error in errors if error is not None), None)


def answer_of(call: ControlCall) -> Answer | None:
    """The handler that replaces moto's for a call; None if moto handles it."""
    return _answers.get((call.service, call.operation))


def amendments_of(call: ControlCall) -> list[Amendment]:
    """The functions that correct moto's output of a call."""
    return _amendments.get((call.service, call.operation), [])
