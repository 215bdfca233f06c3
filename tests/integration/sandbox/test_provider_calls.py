"""For each type of resource of the program, the provider's calls succeed as the provider needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SandboxServer
from tests.integration.sandbox.provider import LIVES, Aws, Life

SNAPSHOTS = Path(__file__).parents[2] / "unit" / "components" / "snapshots"
# Types of settings that no stack or snapshot has: tableCapacity, tableContributorInsights, captureMode native.
BY_SETTING = {
    "aws:appautoscaling/target:Target",
    "aws:appautoscaling/policy:Policy",
    "aws:dynamodb/contributorInsights:ContributorInsights",
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
}


def test_every_type_that_the_program_uses_has_its_calls_here() -> None:
    shown = {
        line.split()[0] for path in SNAPSHOTS.glob("*.txt") for line in path.read_text().splitlines() if "aws:" in line
    }
    used = {word for word in shown if word.startswith("aws:")}
    assert used | BY_SETTING == {life.type for life in LIVES}


@pytest.fixture(scope="module")
def aws(sandbox_server: SandboxServer) -> Aws:
    return Aws(sandbox_server.endpoint_url)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.type)
def test_a_resource_is_created_read_back_updated_and_deleted_as_the_provider_does(life: Life, aws: Aws) -> None:
    life.live(aws)
