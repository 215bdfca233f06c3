"""The environments of one function: warm ones are reused, and new ones are added under load."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sandbox.functions.config import FunctionConfig
from sandbox.functions.environment import Environment, InvocationResult
from sandbox.functions.runtime_api import Invocation

log = logging.getLogger(__name__)

MAXIMUM_ENVIRONMENTS = 8
"""The maximum of concurrent processes without a lower reserved concurrency; further invocations wait."""
WARM_ENVIRONMENTS = 2
"""The number of idle processes that stay."""


class ThrottledError(Exception):
    """The function's reserved concurrency is exhausted."""


class ClosedError(Exception):
    """The service stops and ends the invocation; the function did not fail."""


class Pool:
    """Environments of one function, at most as many as its concurrency allows."""

    def __init__(self, start: Callable[[FunctionConfig], Environment]) -> None:
        self._start = start
        self._idle: list[Environment] = []
        self._running: list[Environment] = []
        self._busy = 0
        self._free = threading.Condition()
        self._closed = False

    def invoke(self, config: FunctionConfig, reserved: int | None, invocation: Invocation) -> InvocationResult:
        """Run an invocation in an environment for this configuration.

        Raises:
            ThrottledError: `reserved` invocations are already running.
            ClosedError: the pool was closed, possibly during the invocation.
            PackageError, CallError: a new environment could not be created.
        """
        with self._free:
            if reserved is not None and self._busy >= reserved:
                raise ThrottledError
            while self._busy >= MAXIMUM_ENVIRONMENTS:
                self._free.wait()
            self._busy += 1
            environment = self._warm(config)
        try:
            if environment is None:
                environment = self._start(config)
            with self._free:
                self._running.append(environment)
                if self._closed:
                    raise ClosedError
            result = environment.invoke(invocation)
            if result.failed and self._closed:
                raise ClosedError
            return result
        finally:
            self._release(environment)

    def close(self) -> None:
        """End every environment; running invocations fail."""
        with self._free:
            self._closed = True
            idle, self._idle = self._idle, []
            for environment in self._running:
                environment.end()
        for environment in idle:
            environment.close()

    def _warm(self, config: FunctionConfig) -> Environment | None:
        """An idle environment with this configuration; dead and outdated ones are closed."""
        while self._idle:
            environment = self._idle.pop()
            if environment.is_alive and environment.config == config:
                return environment
            environment.close()
        return None

    def _release(self, environment: Environment | None) -> None:
        with self._free:
            self._busy -= 1
            if environment in self._running:
                self._running.remove(environment)
            keep = (
                environment is not None
                and environment.is_alive
                and not self._closed
                and len(self._idle) < WARM_ENVIRONMENTS
            )
            if environment is not None and keep:
                self._idle.append(environment)
            self._free.notify()
        if environment is not None and not keep:
            environment.close()
