"""The processes' logs: the last lines and new lines."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sandbox.errors import SandboxError
from sandbox.state import StateDir

_POLL_S = 0.2


class Line(NamedTuple):
    """A line of a process's log."""

    process: str
    text: str


def names(state: StateDir) -> list[str]:
    """The processes that have a log."""
    directory = state.path / "logs"
    return sorted(path.stem for path in directory.glob("*.log")) if directory.is_dir() else []


def tail(state: StateDir, process: str | None, count: int, follow: bool) -> Iterator[Line]:
    """The last `count` lines of a process's log, or of each; with `follow`, also new lines.

    Raises:
        SandboxError: the log does not exist.
    """
    known = names(state)
    if not known:
        raise SandboxError(f"There are no logs in {state.path}: no sandbox was started there.")
    if process is not None and process not in known:
        raise SandboxError(f"There is no log of {process!r}: the logs are {', '.join(known)}.")
    logs = [_Log(state.logs / f"{name}.log") for name in ([process] if process else known)]
    for log in logs:
        yield from deque(log.lines(), maxlen=count)
    while follow:
        news = [line for log in logs for line in log.lines()]
        yield from news
        if not news:
            time.sleep(_POLL_S)


class _Log:
    """A file that is read while it grows; a recreated file is read from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def lines(self) -> Iterator[Line]:
        """The complete lines since the last call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            if file.seek(0, 2) < self._position:
                self._position = 0
            file.seek(self._position)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._position += len(line)
                yield Line(self._path.stem, line.decode(errors="replace").rstrip("\r\n"))
