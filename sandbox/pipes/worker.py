"""The Pipes process: finds the pipes at the endpoint and keeps one runner for each that should run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.pipes.config import UnsupportedPipeError, parse_pipe
from sandbox.pipes.patterns import PatternError
from sandbox.pipes.runner import PipeRunner
from sandbox.pipes.templates import TemplateError
from sandbox.state import StateDir, Stop, WorkerStatus, client

log = logging.getLogger(__name__)

LIST_INTERVAL_S = 1.0
STOP_TIMEOUT_S = 10.0
_TOTALS = ("records_in", "records_out", "bytes_out", "filtered", "discarded", "dead_letters", "failed_calls", "backlog")


class PipesWorker:
    """Runs every pipe that is wanted RUNNING, and follows changes of its configuration."""

    def __init__(self, endpoint_url: str, state: StateDir) -> None:
        self._endpoint_url = endpoint_url
        self._state = state
        self._pipes: Any = client("pipes", endpoint_url)
        self._runners: dict[str, PipeRunner] = {}
        self._seen: dict[str, datetime] = {}
        self._unsupported: dict[str, str] = {}
        self._status = WorkerStatus(state, "pipes", self._counters())
        self._failing = False

    def run(self, stop: Stop) -> None:
        """Work until the stop is requested; every pipe's progress is then in its checkpoint."""
        while not stop.requested:
            self._follow()
            self._status.counters = self._counters()
            self._status.tick()
            stop.wait(LIST_INTERVAL_S)
        for runner in self._runners.values():
            runner.request_stop()
        for runner in self._runners.values():
            runner.join(STOP_TIMEOUT_S)
        self._status.counters = self._counters()
        self._status.write()

    def _follow(self) -> None:
        try:
            pages = self._pipes.get_paginator("list_pipes").paginate()
            listed: dict[str, Mapping[str, Any]] = {pipe["Name"]: pipe for page in pages for pipe in page["Pipes"]}
            for name, pipe in listed.items():
                # What matters of a pipe changes with its modification time alone.
                is_known = self._seen.get(name) == pipe["LastModifiedTime"] and pipe["CurrentState"] in _SETTLED
                if not is_known or self._has_died(name):
                    self._apply(name, self._pipes.describe_pipe(Name=name))
                    self._seen[name] = pipe["LastModifiedTime"]
        except (BotoCoreError, ClientError) as error:
            if not self._failing:
                log.warning("pipes cannot be listed: %s", error)
            self._failing = True
            return
        self._failing = False
        for name in self._seen.keys() - listed.keys():
            self._end(name)
            del self._seen[name]

    def _apply(self, name: str, description: Mapping[str, Any]) -> None:
        if description["DesiredState"] != "RUNNING":
            self._end(name)
            return
        try:
            config = parse_pipe(description)
            running = self._runners.get(name)
            if running is not None and running.is_alive and running.config == config:
                return
            self._end(name)
            self._runners[name] = PipeRunner(config, self._endpoint_url, self._state)
            self._runners[name].start()
        except (UnsupportedPipeError, PatternError, TemplateError, msgspec.ValidationError, ValueError) as error:
            if self._unsupported.get(name) != str(error):
                log.error("pipe %s does not run: %s", name, error)
            self._unsupported[name] = str(error)

    def _has_died(self, name: str) -> bool:
        return name in self._runners and not self._runners[name].is_alive

    def _end(self, name: str) -> None:
        self._unsupported.pop(name, None)
        runner = self._runners.pop(name, None)
        if runner is not None:
            runner.request_stop()
            runner.join(STOP_TIMEOUT_S)

    def _counters(self) -> dict[str, object]:
        pipes = {name: runner.status() for name, runner in self._runners.items()}
        return {
            **{key: sum(pipe[key] for pipe in pipes.values()) for key in _TOTALS},
            "lag_ms": max((pipe["lag_ms"] for pipe in pipes.values()), default=0),
            "pipes": pipes,
            "unsupported": dict(self._unsupported),
        }


_SETTLED = frozenset({"RUNNING", "STOPPED"})
