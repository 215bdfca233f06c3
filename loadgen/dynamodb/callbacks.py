"""Errors of what the event loop calls: asyncio would only log them, and whatever waits for a reply would hang."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

OnFailure = Callable[[Exception], None]


def raise_error(task: asyncio.Task[None]) -> None:
    """Raise the error of a task that is not awaited; as its done callback, in the loop's exception handler.

    The engine's handler ends the run by it.
    """
    if not task.cancelled():
        task.result()


class Callbacks:
    """Runs what the event loop calls, and passes an error on: to `on_failure`, then to the loop's exception handler."""

    def __init__(self, on_failure: OnFailure) -> None:
        self._on_failure = on_failure

    def run(self, step: Callable[..., None], *arguments: Any) -> None:
        """Run one step; raises its error after `on_failure` has it."""
        try:
            step(*arguments)
        except Exception as error:
            self._on_failure(error)
            raise
