"""The files of the services' states: one for each service, which the next generation replaces.

A generation is deleted when the next one is on the disk, so that a power failure costs at most the last change and
never the service.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from pickle import PicklingError
from typing import Any

from moto.core.base_backend import BackendDict

from sandbox.front.saving.pickling import BackendName, backend_named, dumps, loads, names_of, services_in_use
from sandbox.journal.frames import contents, framed
from sandbox.journal.journal import Journal

log = logging.getLogger(__name__)

_NAME = re.compile(r"(?P<service>.+)\.(?P<generation>\d+)")


class ServiceFiles:
    """The services' files in one directory. `generations` has the last generation of each service."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._saved: dict[str, bytes] = {}
        self._unsaved: set[str] = set()
        self.generations: dict[str, int] = {}
        directory.mkdir(parents=True, exist_ok=True)

    def load(self) -> None:
        """Load the saved states into moto's backends.

        Raises:
            Exception: a state cannot be read; the type depends on what it contains.
        """
        states: list[tuple[BackendName, dict[str, Any]]] = []
        for service, generations in self._found().items():
            for generation, path in sorted(generations.items(), reverse=True):
                content = _whole(path)
                if content is not None:
                    self.generations[service], self._saved[service] = generation, content
                    states += loads(content)
                    break
        for name, state in states:
            vars(backend_named(name)).update(state)

    def save(self, backends: BackendDict[Any], journal: Journal) -> bool:
        """Save a service's state if it has changed since the last save; return whether it was saved.

        The state of a service that the program does not use may contain objects that cannot be saved: a warning names
        it.
        """
        service = backends.service_name
        try:
            content = dumps([(name, vars(backend_named(name))) for name in names_of(backends)])
        except (AttributeError, PicklingError, TypeError) as error:
            if service not in self._unsaved:
                log.warning("the state of %s is lost when the server stops: %s", service, error)
            self._unsaved.add(service)
            return False
        if content == self._saved.get(service):
            return False
        last = self.generations.get(service, 0)
        path, before = self._path(service, last + 1), self._path(service, last)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        written, frame = 0, framed(content)
        while written < len(frame):
            written += os.write(fd, frame[written:])
        journal.sync_also(fd, lambda: before.unlink(missing_ok=True))
        self.generations[service], self._saved[service] = last + 1, content
        return True

    def _path(self, service: str, generation: int) -> Path:
        return self._directory / f"{service}.{generation}"

    def _found(self) -> dict[str, dict[int, Path]]:
        found: dict[str, dict[int, Path]] = {}
        for path in self._directory.iterdir():
            match = _NAME.fullmatch(path.name)
            if match:
                found.setdefault(match["service"], {})[int(match["generation"])] = path
        return found


def service_named(name: str) -> BackendDict[Any] | None:
    """The service with a name; None if moto has no backend of it."""
    return next((backends for backends in services_in_use() if backends.service_name == name), None)


def _whole(path: Path) -> bytes | None:
    content = path.read_bytes()
    span = next(contents(memoryview(content)), None)
    return None if span is None or span.end != len(content) else content[span.start : span.end]
