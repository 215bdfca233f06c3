"""The types of the fixtures `record` and `alone`, which run the program or a component."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from components.continuity import MadeWith
from components.explain.graph import Graph
from components.stage import Context

CHOSEN = {"eventFanout": "true", "mergeIntervalMinutes": "60"}
"""Settings that add the stages which no stack has by default."""
WHOLE = {**CHOSEN, "lakeRetentionDays": "30"}
"""Settings with which a stack has every kind of resource."""
STACK_NAMES = ["x", "-", "trailing-", "A-B", "Prod_2.EU", "x" * 100, "a-stack-of-a-name-that-is-forty-letters-1"]
"""Possible names of a stack: 1 to 100 letters, digits, hyphens, underscores and dots.

https://www.pulumi.com/docs/iac/concepts/stacks/#stack-name
"""


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
    """Runs one component alone, in a context with some settings; `before` has the stack's last properties."""

    def __call__(
        self, build: Callable[[Context], object], *, before: MadeWith | None = None, **choices: Any
    ) -> Graph: ...
