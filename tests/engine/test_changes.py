"""What a changed setting does to a deployed stack, by the engine's own steps and their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.engine.conftest import Stack
from tests.engine.recorder import Call

pytestmark = pytest.mark.engine
Deployed = Callable[[str], Stack]
TABLE = "aws:dynamodb/table:Table"
KEY = "aws:kms/key:Key"
HOLDS_DATA = {TABLE, "aws:kinesis/stream:Stream", "aws:s3/bucket:Bucket", KEY}


def steps(stack: Stack) -> Sequence[Call]:
    """What the engine did to the account since it was last asked, checked to spare what holds data."""
    done = stack.account.made("Create", "Update", "Delete")
    stack.account.calls.clear()
    assert HOLDS_DATA.isdisjoint(call.type for call in done if call.method != "Update")
    return done


def change(stack: Stack, **settings: str | int | bool) -> Sequence[Call]:
    stack.account.calls.clear()
    stack.set(**settings)
    changed = stack.up()
    assert changed, changed.out
    return steps(stack)


def test_another_capture_mode_is_there_before_the_old_one_goes(deployed: Deployed) -> None:
    dev = deployed("dev")
    native = "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination"
    for mode, comes, goes in (("native", native, "aws:pipes/pipe:Pipe"), ("pipe", "aws:pipes/pipe:Pipe", native)):
        done = [(call.method, call.type) for call in change(dev, captureMode=mode)]
        assert done.index(("Create", comes)) < done.index(("Delete", goes))
        assert dev.account.of(comes)
        assert not dev.account.of(goes)


def test_the_key_that_data_rests_under_is_kept(deployed: Deployed) -> None:
    """By an update, which is refused, and by a destroy: backups and copies could not be read again."""
    prod = deployed("prod")
    (key,) = prod.account.of(KEY)
    prod.set(protect=False, forceDestroy=True, alarmEmail="", customerManagedKeys=False)
    refused = prod.up()
    assert not refused
    sentence = "customerManagedKeys is false, but the stack's data is encrypted with its customer-managed key"
    assert sentence in refused.out
    assert steps(prod) == []
    prod.set(customerManagedKeys=True)
    lifted = prod.up()
    assert lifted, lifted.out
    destroyed = prod.pulumi("destroy", "--yes", "--skip-preview")
    assert destroyed, destroyed.out
    assert [thing.id for thing in prod.account.things] == [key.id]
