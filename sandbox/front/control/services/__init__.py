"""Corrections of moto, one module for each service: operations that it lacks, or handles differently from AWS.

Each rule names its source: AWS's API reference, or the file of terraform-provider-aws that needs it (paths that begin
with internal/service).
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import every module of this package, so that its functions register themselves."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
