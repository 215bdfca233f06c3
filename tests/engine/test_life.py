"""Each stack's life under Pulumi's engine: from nothing to nothing, with a change on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Stack, Stacks

pytestmark = pytest.mark.engine
FUNCTION = "aws:lambda/function:Function"
New = Callable[[str], Stack]


@pytest.mark.parametrize("name", ["dev", "local", "prod"])
def test_a_stack_comes_stays_changes_and_goes(name: str, new: New) -> None:
    stack = new(name)

    previewed = stack.pulumi("preview")
    assert previewed, previewed.out
    assert stack.account.things == [], "a preview makes nothing"

    created = stack.up()
    assert created, created.out
    assert len(stack.account.made("Create")) == len(stack.account.things)
    assert stack.account.made("Update", "Delete") == []

    # In its own words, and by what it asked of the provider.
    stack.account.calls.clear()
    for command in (["up", "--yes", "--skip-preview"], ["refresh", "--yes", "--skip-preview"], ["preview"]):
        same = stack.pulumi(*command, "--expect-no-changes")
        assert same, same.out
    assert stack.account.made("Create", "Update", "Delete") == []

    stack.set(lambdaMemoryMb=1024)
    changed = stack.up()
    assert changed, changed.out
    updated = stack.account.made("Create", "Update", "Delete")
    assert {(call.method, call.type, call.inputs["memorySize"]) for call in updated} == {("Update", FUNCTION, 1024)}
    assert len(updated) == len(stack.account.of(FUNCTION))

    if name == "prod":
        stack.set(protect=False, forceDestroy=True)
        lifted = stack.up()
        assert lifted, lifted.out
    destroyed = stack.pulumi("destroy", "--yes", "--skip-preview")
    assert destroyed, destroyed.out
    # A key is deleted by a person, who alone knows when nothing is encrypted under it any more.
    assert [thing.type for thing in stack.account.things] == (["aws:kms/key:Key"] if name == "prod" else [])
    assert stack.checkout.resources(name) == []


def test_another_clone_changes_nothing(deployed: New, stacks: Stacks) -> None:
    """The Lambda's zip lies elsewhere there, and is the same."""
    stack = deployed("dev")
    with stacks.new("dev", stack) as elsewhere:
        assert elsewhere.checkout.root != stack.checkout.root
        same = elsewhere.up("--expect-no-changes")
        assert same, same.out


def test_what_somebody_changed_by_hand_is_put_right(deployed: New) -> None:
    stack = deployed("dev")
    queue = stack.account.of("aws:sqs/queue:Queue")[0]
    stack.account.change_behind(queue.type, queue.id, messageRetentionSeconds=60)
    stack.account.delete("aws:cloudwatch/dashboard:Dashboard", "order-cdc-dev-pipeline")
    refreshed = stack.pulumi("refresh", "--yes", "--skip-preview")
    assert refreshed, refreshed.out
    put_right = stack.up()
    assert put_right, put_right.out
    assert {(call.method, call.type) for call in stack.account.made("Create", "Update", "Delete")} == {
        ("Update", queue.type),
        ("Create", "aws:cloudwatch/dashboard:Dashboard"),
    }
    assert stack.account.read(queue.type, queue.id) == queue


def test_what_failed_half_way_is_gone_on_with(new: New) -> None:
    stack = new("dev")
    stack.account.refuse["Create", FUNCTION] = "The role cannot be assumed by Lambda."
    failed = stack.up()
    assert not failed
    assert "The role cannot be assumed by Lambda." in failed.out
    stack.account.refuse.clear()
    made = {(call.type, call.name) for call in stack.account.made("Create")}
    stack.account.calls.clear()
    done = stack.up()
    assert done, done.out
    again = {(call.type, call.name) for call in stack.account.made("Create")}
    assert {type_ for type_, _ in again & made} == {FUNCTION}, "only what was refused is tried again"
    assert stack.account.made("Update", "Delete") == []
