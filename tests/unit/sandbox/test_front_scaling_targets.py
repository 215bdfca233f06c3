"""Application Auto Scaling's ECS, which a server loads only for a target that is a service of ECS."""

import pickle
import sys
from types import ModuleType
from typing import Any

import pytest

from sandbox.front.scaling_targets import backends
from sandbox.state import ACCOUNT_ID

REGION = "eu-west-1"


class Ecs:
    """The replacement of ECS's backend, whose module takes a second to load."""

    def describe_services(self, cluster: str, services: list[str]) -> tuple[list[str], list[str]]:
        return [f"{cluster}/{name}" for name in services], []


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("moto.ecs")
    module.ecs_backends = {ACCOUNT_ID: {REGION: Ecs()}}
    monkeypatch.setitem(sys.modules, "moto.ecs", module)


@pytest.mark.usefixtures("ecs")
def test_a_target_of_ecs_is_looked_up_in_ecs() -> None:
    asked: Any = backends[ACCOUNT_ID][REGION].ecs_backend
    assert asked.describe_services("orders", ["web"]) == (["orders/web"], [])
    again = pickle.loads(pickle.dumps(asked))
    assert again.describe_services("orders", ["api"]) == (["orders/api"], [])
