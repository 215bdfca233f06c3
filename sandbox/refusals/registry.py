"""The registry of refusals by operation."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.front.reply import ServiceError
from sandbox.refusals.given import fields


@dataclass(frozen=True)
class Asked:
    """A call to check: its operation, its region, its parameters (without null values)."""

    operation: str
    region: str
    parameters: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """The parameter with that name; None if absent."""
        return self.parameters.get(name)

    def at(self, path: str) -> Any:
        """The value at a path of names in the parameters, such as "A.B.C"; None if absent."""
        value: Any = self.parameters
        for name in path.split("."):
            value = fields(value).get(name)
        return value


Check = Callable[[Asked], ServiceError | None]

_checks: dict[tuple[str, str], list[Check]] = {}
_first: dict[tuple[str, str], list[Check]] = {}


def refuses(service: str, *operations: str, first: bool = False) -> Callable[[Check], Check]:
    """Register a check of these operations of a service; `first`: before the model's constraints."""

    def register(check: Check) -> Check:
        for operation in operations:
            (_first if first else _checks).setdefault((service, operation), []).append(check)
        return check

    return register


def of(service: str, operation: str) -> list[Check]:
    """The checks of an operation, in the order of registration."""
    return _checks.get((service, operation), [])


def first_of(service: str, operation: str) -> list[Check]:
    """The checks of an operation that run before those of the model's constraints."""
    return _first.get((service, operation), [])


def load() -> None:
    """Import the modules of this package, so that their checks are registered."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
