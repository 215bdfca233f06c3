"""One module per AWS service: functions that create its resources like the AWS provider."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import every module of this package, so that its functions register themselves."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
