"""One module a service: what moto does not answer, or otherwise than AWS.

Each rule names its source: AWS's API reference, or the file of
terraform-provider-aws (its paths begin with internal/service) that needs it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import every module here, whose functions register themselves."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
