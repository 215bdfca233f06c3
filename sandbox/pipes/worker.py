"""Pipes as workers of the supervisor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.pipes.config import PipeConfig, parse_pipe
from sandbox.pipes.runner import PipeRunner
from sandbox.state import StateDir, client
from sandbox.supervisor import WorkerKind

_SETTLED = frozenset({"RUNNING", "STOPPED"})


class Pipes(WorkerKind[PipeConfig]):
    """The pipes at an endpoint: one runs while its desired state is RUNNING."""

    noun = "pipe"
    plural = "pipes"
    totals = (
        "records_in",
        "records_out",
        "bytes_out",
        "filtered",
        "discarded",
        "dead_letters",
        "failed_calls",
        "backlog",
    )
    stop_timeout_s = 10.0

    def __init__(self, endpoint_url: str, state: StateDir) -> None:
        self._endpoint_url = endpoint_url
        self._state = state
        self._pipes: Any = client("pipes", endpoint_url)

    def listed(self) -> Mapping[str, object]:
        """The pipes' names and modification times; None for the time of a pipe that is starting or stopping."""
        pages = self._pipes.get_paginator("list_pipes").paginate()
        return {
            pipe["Name"]: pipe["LastModifiedTime"] if pipe["CurrentState"] in _SETTLED else None
            for page in pages
            for pipe in page["Pipes"]
        }

    def configuration(self, name: str) -> PipeConfig | None:
        """The pipe's configuration; None if it must be stopped."""
        description = self._pipes.describe_pipe(Name=name)
        return parse_pipe(description) if description["DesiredState"] == "RUNNING" else None

    def worker(self, config: PipeConfig) -> PipeRunner:
        """The worker of a pipe."""
        return PipeRunner(config, self._endpoint_url, self._state)
