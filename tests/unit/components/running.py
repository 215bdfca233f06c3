"""How a test runs the program or a part of it: the types of the fixtures `record` and `alone`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from components.explain.graph import Graph
from components.stage import Site


class Record(Protocol):
    """Runs the whole program for a stack, with keys of its configuration replaced; `name` renames the stack."""

    def __call__(
        self, stack: str, changed: Mapping[str, str] | None = None, *, preview: bool = False, name: str = ""
    ) -> Graph: ...


class Alone(Protocol):
    """Runs one component by itself, on a site with some settings chosen."""

    def __call__(self, build: Callable[[Site], object], **choices: Any) -> Graph: ...
