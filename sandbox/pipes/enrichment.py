"""The enrichment of a pipe: a Lambda function that receives a batch and returns the target's input.

https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import msgspec

from sandbox.awsjson import ServiceResponse, service_error
from sandbox.pipes.target import MAXIMUM_RECORDS, Outgoing, Rejection

_EMPTY: tuple[object, ...] = ("", {}, [], None)
"""Responses for which the target is not called; AWS does not document null, the result of a function without a return
value.
"""


class EnrichmentFunction(Protocol):
    """The invoked function."""

    def invoke(self, payload: bytes) -> ServiceResponse:
        """Lambda's response."""
        ...


class EnrichmentTarget(Protocol):
    """The target of the enriched batch."""

    def put(self, records: Sequence[Outgoing]) -> dict[int, Rejection]:
        """Put the records; failures by index."""
        ...


class EnrichedTarget:
    """A target behind a function: it receives the batch's events and puts the function's response.

    `outgoing` converts an event of the response to a target record. If the function returns as many events as it
    received, a failure belongs to its event, otherwise to the whole batch.
    """

    def __init__(
        self, function: EnrichmentFunction, outgoing: Callable[[dict[str, Any]], Outgoing], target: EnrichmentTarget
    ) -> None:
        self._function = function
        self._outgoing = outgoing
        self._target = target

    def put(self, records: Sequence[Outgoing]) -> dict[int, Rejection]:
        """Enrich the batch and put the result.

        Raises:
            CallError: the function cannot be called (for example a payload that is too large), or a call to the target
                failed.
        """
        response = self._function.invoke(b"[" + b",".join(record.data for record in records) + b"]")
        if response.status != 200:
            raise service_error(response)
        if "x-amz-function-error" in response.headers:
            return _all(records, Rejection("Lambda.FunctionError", response.body.decode(errors="replace")[:1000]))
        answer = msgspec.json.decode(response.body or b"null")
        if answer in _EMPTY:
            return {}
        events = cast("list[dict[str, Any]]", answer if isinstance(answer, list) else [answer])
        if len(events) > MAXIMUM_RECORDS:
            return _all(
                records, Rejection("ValidationException", f"the enrichment's response has {len(events)} records")
            )
        failures = self._target.put([self._outgoing(event) for event in events])
        if not failures or len(events) == len(records):
            return failures
        return _all(records, next(iter(failures.values())))


def _all(records: Sequence[Outgoing], failure: Rejection) -> dict[int, Rejection]:
    return dict.fromkeys(range(len(records)), failure)
