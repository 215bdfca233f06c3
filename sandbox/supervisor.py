"""Runs a worker for each resource of a kind at the endpoint: the supervisor of Pipes and Firehose.

Once per second the supervisor asks whether a call may have changed the resources. It then lists them, reads the
configuration of each that may have changed, and starts, replaces and stops workers accordingly. A dead worker is
restarted. A resource that cannot run is logged once and is part of the status.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.state import StateDir, StopSignal, WorkerStatus
from sandbox.unread import Source, UnreadClient

log = logging.getLogger(__name__)

LIST_INTERVAL_S = 1.0
_CONVALESCENCE_S = 5.0


class UnsupportedError(Exception):
    """A resource that the sandbox does not support; its text is the reason."""


class Config(Protocol):
    """A resource's configuration; an equal one needs no new worker."""

    @property
    def identity(self) -> str:
        """Distinguishes the resource from a later one with the same name."""
        ...


C = TypeVar("C", bound=Config)
C_co = TypeVar("C_co", bound=Config, covariant=True)


class Worker(Protocol[C_co]):
    """One running resource, in its own thread. Its successor resumes at its checkpoint."""

    @property
    def config(self) -> C_co:
        """Its configuration."""
        ...

    @property
    def is_alive(self) -> bool:
        """False once its thread has ended, also after an error."""
        ...

    def start(self) -> None:
        """Begin to run."""
        ...

    def request_stop(self, *, deliver: bool) -> None:
        """Stop it; by default it first delivers its buffers."""
        ...

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Its counters, and `lag_ms`."""
        ...

    @property
    def source(self) -> Source:
        """Its source and checkpoint."""
        ...

    @property
    def trouble(self) -> str | None:
        """The reason of its failure; None while it works."""
        ...


class WorkerKind(Protocol[C]):
    """A kind of resource: its name, and how to list and run it.

    `totals` are the counters that are summed over all workers, `plural` is the status's member with each worker's
    counters.
    """

    noun: str
    plural: str
    totals: Sequence[str]
    stop_timeout_s: float

    def listed(self) -> Mapping[str, object]:
        """The resources' names, each with a value that changes with its description, or None."""
        ...

    def configuration(self, name: str) -> C | None:
        """A resource's configuration; None while it is stopped.

        Raises:
            UnsupportedError, ValueError, msgspec.ValidationError: the resource cannot run.
        """
        ...

    def worker(self, config: C) -> Worker[C]:
        """Create a worker without starting it; raises like `configuration`."""
        ...


@dataclass(frozen=True)
class _Seen:
    """A resource's last applied state."""

    version: object


class Supervisor(Generic[C]):
    """Runs a worker for each resource of a kind, and replaces it when its configuration changes."""

    def __init__(
        self,
        kind: WorkerKind[C],
        process: str,
        state: StateDir,
        unread: UnreadClient | None = None,
        revision: Callable[[], object] = lambda: None,
    ) -> None:
        """`revision` tells whether the resources may have changed: it then returns another value, or None."""
        self._kind = kind
        self._unread = unread
        self._revision = revision
        self._followed: object = None
        self._listed: Mapping[str, object] = {}
        self._died: dict[str, tuple[str, float]] = {}
        self._workers: dict[str, Worker[C]] = {}
        self._ending: dict[str, Worker[C]] = {}
        self._seen: dict[str, _Seen] = {}
        self._unsupported: dict[str, str] = {}
        self._status = WorkerStatus(state, process, self.counters())
        self._failing = False

    def run(self, stop: StopSignal) -> None:
        """Run until the stop is requested; every worker's progress is then in its checkpoint."""
        while not stop.requested:
            self.follow()
            self._status.counters = self.counters()
            self._status.tick()
            stop.wait(LIST_INTERVAL_S)
        for worker in self._workers.values():
            worker.request_stop(deliver=True)
        for worker in self._workers.values():
            worker.join(self._kind.stop_timeout_s)
        self._status.counters = self.counters()
        self._status.write()

    def follow(self) -> None:
        """Poll the resources once. An unreachable endpoint changes nothing, and is logged once."""
        revision = self._revision()
        changed = revision is None or revision != self._followed
        self._followed = None
        try:
            if changed:
                self._listed = self._kind.listed()
            for name, version in self._listed.items():
                unknown = version is None and (changed or name in self._unsupported)
                if self._has_died(name) or unknown or self._seen.get(name) != _Seen(version):
                    self._apply(name)
                    self._seen[name] = _Seen(version)
        except (BotoCoreError, ClientError) as error:
            if not self._failing:
                log.warning("the %ss cannot be listed: %s", self._kind.noun, error)
            self._failing = True
            return
        self._failing = False
        self._followed = revision
        for name in self._seen.keys() - self._listed.keys():
            self._end(name, deliver=False)
            self._unsupported.pop(name, None)
            self._died.pop(name, None)
            del self._seen[name]

    def counters(self) -> dict[str, object]:
        """The totals, the maximum lag, each worker's counters, and the failures with their reasons.

        A worker's backlog is what it has not accepted at its source, read or not, if the server reports it.
        """
        each = {name: self._account_of(worker) for name, worker in self._workers.items()}
        return {
            **{key: sum(one[key] for one in each.values()) for key in self._kind.totals},
            "lag_ms": max((one["lag_ms"] for one in each.values()), default=0),
            self._kind.plural: each,
            "unsupported": dict(self._unsupported),
            "failing": self._failing_ones(),
        }

    def _account_of(self, worker: Worker[C]) -> dict[str, Any]:
        behind = {} if self._unread is None else self._unread.counters(worker.source)
        return {**worker.status(), **behind}

    def _failing_ones(self) -> dict[str, str]:
        """The failing resources by name; a dead worker counts until its successor has worked for a while."""
        now_s = time.monotonic()
        died = {name: reason for name, (reason, at_s) in self._died.items() if now_s - at_s < _CONVALESCENCE_S}
        troubled = {name: worker.trouble for name, worker in self._workers.items()}
        return {**died, **self._unsupported, **{name: reason for name, reason in troubled.items() if reason}}

    def _apply(self, name: str) -> None:
        try:
            config = self._kind.configuration(name)
            if config is not None and self._runs(name, config):
                self._unsupported.pop(name, None)
                return
            before = self._workers.get(name)
            if before is not None and not before.is_alive and before.trouble is not None:
                self._died[name] = before.trouble, time.monotonic()
            self._end(
                name, deliver=before is not None and (config is None or before.config.identity == config.identity)
            )
            if config is not None:
                self._start(name, config)
        except (UnsupportedError, msgspec.ValidationError, ValueError) as error:
            if self._unsupported.get(name) != str(error):
                log.error("%s %s does not run: %s", self._kind.noun, name, error)
            self._end(name, deliver=True)
            self._unsupported[name] = str(error)
            return
        self._unsupported.pop(name, None)

    def _is_same(self, name: str, config: C) -> bool:
        worker = self._workers.get(name)
        return worker is not None and worker.config.identity == config.identity

    def _runs(self, name: str, config: C) -> bool:
        worker = self._workers.get(name)
        return worker is not None and worker.is_alive and worker.config == config

    def _start(self, name: str, config: C) -> None:
        worker = self._kind.worker(config)
        self._workers[name] = worker
        if name not in self._ending:
            worker.start()

    def _has_died(self, name: str) -> bool:
        """Return whether the resource has a worker that does not run: it has failed, or waits for its predecessor."""
        ending = self._ending.get(name)
        if ending is not None and not ending.is_alive:
            del self._ending[name]
        return name in self._workers and not self._workers[name].is_alive

    def _end(self, name: str, *, deliver: bool) -> None:
        """Stop a worker. If that exceeds a timeout, no other worker uses its checkpoint until it ends."""
        worker = self._workers.pop(name, None)
        if worker is None or not worker.is_alive:
            return
        worker.request_stop(deliver=deliver)
        worker.join(self._kind.stop_timeout_s)
        if worker.is_alive:
            log.warning("%s %s has not ended within %.0f s", self._kind.noun, name, self._kind.stop_timeout_s)
            self._ending[name] = worker
