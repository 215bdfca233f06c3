"""Serves the calls about executions on run/states.sock, and starts the schedules that are due."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache, partial

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.athena.service import Service
from sandbox.http1.service import UnixService
from sandbox.state import StateDir, client
from sandbox.states.calls import ExecutionCalls
from sandbox.states.executions import StateExecutions
from sandbox.states.schedules import MachineSchedules
from sandbox.states.tasks import ServiceTasks

_log = logging.getLogger(__name__)
EVERY_S = 5.0
"""The interval at which schedules are checked; AWS's are precise to 60 seconds."""


class StatesWorker:
    """The executions and the schedules of an endpoint."""

    def __init__(self, endpoint_url: str, state: StateDir) -> None:
        # Clients are created at their first use: reading a service's model would delay every start of the sandbox.
        clients = cache(partial(client, endpoint_url=endpoint_url))
        self.executions = StateExecutions(state, clients, ServiceTasks(endpoint_url))
        self._schedules = MachineSchedules(
            state, clients, lambda machine_arn, text: self.executions.start(machine_arn, text=text)
        )
        self._socket = state.socket("states")
        self._looked_s = float("-inf")

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[None]:
        """Serve the calls within this context, and resume the executions of the previous process."""
        self.executions.recover()
        http = UnixService(Service(ExecutionCalls(self.executions).calls).answer)
        self._socket.unlink(missing_ok=True)
        await http.start(self._socket)
        try:
            yield
        finally:
            await http.close()
            self._socket.unlink(missing_ok=True)
            await asyncio.to_thread(self.executions.close)

    def start_due(self) -> None:
        """Start the schedules that are due, once per interval."""
        if time.monotonic() - self._looked_s < EVERY_S:
            return
        self._looked_s = time.monotonic()
        try:
            self._schedules.start_due(time.time())
        except (BotoCoreError, ClientError) as error:
            _log.warning("the schedules could not be checked: %s", error)
