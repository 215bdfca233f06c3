"""How a test runs the program or a part of it: the types of the fixtures `record` and `alone`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from components.continuity import MadeWith
from components.explain.graph import Graph
from components.stage import Site


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
    """Runs one component by itself, on a site with some settings chosen; `before` is what its stack was made with."""

    def __call__(self, build: Callable[[Site], object], *, before: MadeWith | None = None, **choices: Any) -> Graph: ...
