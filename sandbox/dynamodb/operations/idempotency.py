"""Requests with a token, which are done once however often they are sent.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.dynamodb.errors import api_error

_KEPT_S = 600.0


class RequestOutcome(NamedTuple):
    """What a request did, and whether it had done so before."""

    value: Any
    repeated: bool


class DoneRequest(NamedTuple):
    """A request that was done: when (epoch seconds), what it was, and what it did."""

    at_s: float
    request: bytes
    value: Any


class RequestTokens:
    """The tokens of the last ten minutes. `clock` gives epoch seconds; `on_done` is called with each new one."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._done: dict[str, DoneRequest] = {}
        self.on_done: Callable[[str, DoneRequest], None] = _ignore

    def all(self) -> list[tuple[str, DoneRequest]]:
        """The tokens, oldest first, each with what was done."""
        return list(self._done.items())

    def put_back(self, token: str, done: DoneRequest) -> None:
        """Know a token from before."""
        self._done[token] = done

    def once(self, token: str | None, request: bytes, act: Callable[[], Any]) -> RequestOutcome:
        """Do what a request asks for, unless it was done with the same token.

        Raises:
            DynamoError: IdempotentParameterMismatchException, when the token was another request's.
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
    """Nothing is done with a new token by default."""
