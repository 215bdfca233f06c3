"""moto's Application Auto Scaling without ECS, which is loaded only for a target that is an ECS service.

Its module imports ECS, and that EC2 with the tables of all instance types and regions: half of the server's start time.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
    from moto.core.base_backend import BackendDict

_ECS = "moto.ecs"


class _EcsBackend:
    """ECS's backend of an account and region, loaded at the first access."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(import_module(_ECS).ecs_backends[self._account_id][self._region], name)


class _EcsBackends:
    """Replaces moto's `ecs_backends`."""

    def __getitem__(self, account_id: str) -> _EcsBackendsOfAccount:
        return _EcsBackendsOfAccount(account_id)


class _EcsBackendsOfAccount:
    def __init__(self, account_id: str) -> None:
        self._account_id = account_id

    def __getitem__(self, region: str) -> _EcsBackend:
        return _EcsBackend(self._account_id, region)


def _models() -> ModuleType:
    """Application Auto Scaling's models, imported with the replacement unless ECS is already loaded."""
    if _ECS in sys.modules:
        return import_module("moto.applicationautoscaling.models")
    stand_in: Any = ModuleType(_ECS)
    stand_in.ecs_backends = _EcsBackends()
    sys.modules[_ECS] = stand_in
    try:
        return import_module("moto.applicationautoscaling.models")
    finally:
        del sys.modules[_ECS]


backends: BackendDict[ApplicationAutoscalingBackend] = _models().applicationautoscaling_backends
"""moto's stores of scalable targets and policies, by account."""
