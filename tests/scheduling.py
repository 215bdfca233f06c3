"""Assigns test files to xdist's processes: each server runs in one process instead of in every process.

A session fixture is created in each process that runs a test with it. Most are cheap; a server of the sandbox and what
it loads for its first calls takes 5 to 8 s of processor time, a deployed pipeline 15.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

KINDS = ("pipeline", "dataplane", "order_table", "sandbox_server")
"""The fixtures whose files are kept together in one process as long as there are others to run."""
_PARAMETER = re.compile(rf"^(?:async )?def \w+\([^)]*\b({'|'.join(KINDS)}): ", re.MULTILINE)


def kind_of(path: Path) -> str | None:
    """Return the expensive fixture that a file's tests share with other files; None without one."""
    if path.parts[-3:-1] == ("unit", "components"):
        return "components"
    found = _PARAMETER.search(path.read_text(encoding="utf-8"))
    return found[1] if found else None


class SharedFixtureScheduling(LoadFileScheduling):
    """xdist's distribution by file, in which a process prefers the files whose fixtures it has.

    The order is: a file of a kind that it has begun, a file of a kind that no process has begun, a file without a kind,
    and finally one of another process's kind, so that no process is idle while files remain.
    """

    def __init__(self, config: Any, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._root = Path(config.rootpath)
        self._kinds: dict[str, str | None] = {}
        self._begun: dict[object, set[str]] = {}

    def _assign_work_unit(self, node: Any) -> None:
        file = self._next(node)
        kind = self._kind(file)
        if kind is not None:
            self._begun.setdefault(node, set()).add(kind)
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)

    def _next(self, node: object) -> str:
        own = self._begun.get(node, set())
        begun = {kind for kinds in self._begun.values() for kind in kinds}

        def rank(file: str) -> int:
            kind = self._kind(file)
            if kind is None:
                return 2
            return 0 if kind in own else 3 if kind in begun else 1

        return min(self.workqueue, key=rank)

    def _kind(self, file: str) -> str | None:
        if file not in self._kinds:
            self._kinds[file] = kind_of(self._root / file)
        return self._kinds[file]
