"""Requests with a token, which have an effect once however often they are sent.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.dynamodb.errors import api_error

_KEPT_S = 600.0


class RequestOutcome(NamedTuple):
    """The result of a request, and whether the request is a repetition."""

    value: Any
    repeated: bool


class DoneRequest(NamedTuple):
    """A completed request: its time (epoch seconds), its content, and its result."""

    at_s: float
    request: bytes
    value: Any


class RequestTokens:
    """The tokens of the last ten minutes. `clock` returns epoch seconds; `on_done` is called with each new token."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._done: dict[str, DoneRequest] = {}
        self.on_done: Callable[[str, DoneRequest], None] = _ignore

    def all(self) -> list[tuple[str, DoneRequest]]:
        """The tokens, oldest first, each with its completed request."""
        return list(self._done.items())

    def put_back(self, token: str, done: DoneRequest) -> None:
        """Restore a token."""
        self._done[token] = done

    def once(self, token: str | None, request: bytes, act: Callable[[], Any]) -> RequestOutcome:
        """Execute a request, unless one with the same token is already done.

        Raises:
            DynamoError: IdempotentParameterMismatchException, if the token belongs to a different request.
        """
        if token is None:
            return RequestOutcome(act(), repeated=False)
        now_s = self._clock()
        while self._done and next(iter(self._done.values())).at_s < now_s - _KEPT_S:
            del self._done[next(iter(self._done))]
        done = self._done.get(token)
        if done is None:
            value = act()
            self._done[token] = DoneRequest(now_s, request, value)
            self.on_done(token, self._done[token])
            return RequestOutcome(value, repeated=False)
        if done.request != request:
            raise api_error(
                "IdempotentParameterMismatchException",
                "DynamoDB rejected the request because you retried a request with a different payload but with an "
                "idempotent token that was already used.",
            )
        return RequestOutcome(done.value, repeated=True)


def _ignore(token: str, done: DoneRequest) -> None:
    """Ignore a new token: the default of `on_done`."""
