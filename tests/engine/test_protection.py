"""What is protected stays, whatever is destroyed, and can be taken down when that is meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Stack

pytestmark = pytest.mark.engine
Deployed = Callable[[str], Stack]


@pytest.mark.parametrize("option", [[], ["--exclude-protected"]], ids=["plain", "exclude protected"])
def test_a_destroy_of_prod_leaves_everything_standing(option: list[str], deployed: Deployed) -> None:
    prod = deployed("prod")
    before = prod.account.things
    destroyed = prod.pulumi("destroy", "--yes", "--skip-preview", *option)
    assert bool(destroyed) == bool(option), destroyed.out
    assert "protected" in destroyed.out
    assert prod.account.things == before
    assert prod.account.made("Delete") == []
    same = prod.up("--expect-no-changes")
    assert same, same.out


def test_an_update_of_prod_still_takes_away_what_the_program_no_longer_has(deployed: Deployed) -> None:
    prod = deployed("prod")
    prod.set(eventFanout=True, errorQueue=False)
    assert prod.up()
    gone = {call.type for call in prod.account.made("Delete")}
    assert {"aws:sqs/queue:Queue", "aws:cloudwatch/metricAlarm:MetricAlarm"} <= gone
    prod.account.calls.clear()
    prod.set(eventFanout=False)
    assert prod.up()
    assert "aws:cloudwatch/eventBus:EventBus" in {call.type for call in prod.account.made("Delete")}
    destroyed = prod.pulumi("destroy", "--yes", "--skip-preview")
    assert not destroyed
    assert len(prod.account.made("Create", "Delete")) == len(prod.account.made("Delete"))


def test_what_is_not_protected_can_still_be_replaced(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard's dependence alone replaces it with nothing (calculateDependentReplacements, step_generator.go).

    No setting replaces anything today, so memory that cannot change simulates one that does.
    """
    function = "aws:lambda/function:Function"

    def replacing(type_: str, path: str) -> str:
        return path if (type_, path) == (function, "memorySize") else ""

    monkeypatch.setattr("tests.engine.recorder.diff.replacing", replacing)
    prod = deployed("prod")
    prod.account.calls.clear()
    prod.set(lambdaMemoryMb=1024)
    replaced = prod.up()
    assert replaced, replaced.out
    done = prod.account.made("Create", "Delete")
    assert {call.type for call in done} == {function}
    assert [call.method for call in done if call.name == "delivery-transform"] == ["Delete", "Create"]
