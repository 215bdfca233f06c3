"""How a test runs the program or a part of it: the types of the fixtures `record` and `alone`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from components.continuity import MadeWith
from components.explain.graph import Graph
from components.stage import Context


class Record(Protocol):
    """Runs the whole program for a stack, with keys of its configuration replaced.

    `name` renames the stack; `before` is the graph of its last update, None for a new one.
    """

    def __call__(
        self,
        stack: str,
        changed: Mapping[str, str] | None = None,
        *,
        preview: bool = False,
        name: str = "",
        before: Graph | None = None,
    ) -> Graph: ...


class Alone(Protocol):
    """Runs one component alone, in a context with some settings; `before` is what its stack was made with."""

    def __call__(
        self, build: Callable[[Context], object], *, before: MadeWith | None = None, **choices: Any
    ) -> Graph: ...
