"""The enrichment of a pipe: a Lambda function that is given a batch, and whose answer is what the target gets.

https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import msgspec

from sandbox.awsjson import Response, service_error
from sandbox.pipes.target import MAXIMUM_RECORDS, Failure, Outgoing

_EMPTY: tuple[object, ...] = ("", {}, [], None)
"""Answers for which the target is not called; of null, a function's that returns nothing, AWS says nothing."""


class Function(Protocol):
    """What is invoked."""

    def invoke(self, payload: bytes) -> Response:
        """Lambda's answer."""
        ...


class Target(Protocol):
    """Where the enriched batch goes."""

    def put(self, records: Sequence[Outgoing]) -> dict[int, Failure]:
        """Put the records; failures by index."""
        ...


class EnrichedTarget:
    """A target behind a function: what is put here is the batch's events, what the target gets is the answer's.

    `outgoing` makes a record for the target of an event of the answer. Where the function answers as many events as it
    was given, each failure is its event's; otherwise a failure is the whole batch's.
    """

    def __init__(self, function: Function, outgoing: Callable[[dict[str, Any]], Outgoing], target: Target) -> None:
        self._function = function
        self._outgoing = outgoing
        self._target = target

    def put(self, records: Sequence[Outgoing]) -> dict[int, Failure]:
        """Have the batch enriched, and put what comes of it.

        Raises:
            CallError: the function could not be called (its payload is too large, say), or a call to the target failed.
        """
        response = self._function.invoke(b"[" + b",".join(record.data for record in records) + b"]")
        if response.status != 200:
            raise service_error(response)
        if "x-amz-function-error" in response.headers:
            return _all(records, Failure("Lambda.FunctionError", response.body.decode(errors="replace")[:1000]))
        answer = msgspec.json.decode(response.body or b"null")
        if answer in _EMPTY:
            return {}
        events = cast("list[dict[str, Any]]", answer if isinstance(answer, list) else [answer])
        if len(events) > MAXIMUM_RECORDS:
            return _all(records, Failure("ValidationException", f"the enrichment's answer has {len(events)} records"))
        failures = self._target.put([self._outgoing(event) for event in events])
        if not failures or len(events) == len(records):
            return failures
        return _all(records, next(iter(failures.values())))


def _all(records: Sequence[Outgoing], failure: Failure) -> dict[int, Failure]:
    return dict.fromkeys(range(len(records)), failure)
