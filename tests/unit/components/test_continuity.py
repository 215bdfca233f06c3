"""Changes of a running stack: what is preserved, and what is refused with which sentence."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components import continuity
from components.continuity import MadeWith, check
from components.explain.graph import Graph, Resource
from components.settings import Settings, SettingsError
from tests.unit.components.running import Record

CONTENT = ("aws:lambda/function:Function",)
"""Whose inputs name a file of this machine."""


def by_urn(graph: Graph) -> dict[str, Resource]:
    """Resources by what of their URN a stack's name is not a part of."""
    return {resource.urn.split("::", 2)[2]: resource for resource in graph.resources}


@pytest.fixture
def deployed(stack: str, record: Record) -> Graph:
    """The graph of a stack's first update."""
    return record(stack)


def test_a_stack_that_is_deployed_again_is_what_it_was(stack: str, deployed: Graph, record: Record) -> None:
    again = record(stack, before=deployed)
    assert {urn: one.inputs for urn, one in by_urn(again).items()} == {
        urn: one.inputs for urn, one in by_urn(deployed).items()
    }
    assert again.outputs == deployed.outputs


def test_renaming_a_stack_changes_no_resource(stack: str, deployed: Graph, record: Record) -> None:
    """A name that follows the stack's would replace its resource, the table too (the provider's ForceNew).

    https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_rename/
    """
    renamed = record(stack, name="another-name", before=deployed)
    assert {urn: one.inputs for urn, one in by_urn(renamed).items()} == {
        urn: one.inputs for urn, one in by_urn(deployed).items()
    }


@pytest.mark.parametrize(
    ("stack_", "changed", "says"),
    [
        (
            "dev",
            {"lakeFormat": "parquet", "bufferSizeMb": "64"},
            "lakeFormat is parquet, but the lake's rows are in json-gzip",
        ),
        (
            "prod",
            {"lakeFormat": "json-gzip"},
            "lakeFormat is json-gzip, but the lake's rows are in parquet",
        ),
        (
            "prod",
            {"customerManagedKeys": "false", "alarmEmail": ""},
            "customerManagedKeys is false, but the stack's data is encrypted with its customer-managed key",
        ),
    ],
)
def test_a_change_that_would_lose_rows_is_refused_before_the_first_resource(
    stack_: str, changed: dict[str, str], says: str, record: Record
) -> None:
    before = record(stack_)
    assert record(stack_, changed).resources, "a new stack may choose it"
    with pytest.raises(SettingsError) as refused:
        record(stack_, changed, before=before)
    assert str(refused.value).startswith(says)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"captureMode": "native"},
        {"tableMaxWriteUnits": "0"},
        {"customerManagedKeys": "true"},
        {"protect": "true", "forceDestroy": "false"},
    ],
)
def test_a_change_that_loses_nothing_is_taken(changed: dict[str, str], record: Record) -> None:
    assert record("dev", changed, before=record("dev")).resources


MADE = MadeWith(
    named_after="dev",
    account="123456789012",
    region="eu-west-1",
    lake_format="parquet",
    table_capacity="on-demand",
    customer_managed_keys=False,
)


@pytest.mark.parametrize("elsewhere", [{"account": "210987654321"}, {"region": "eu-central-1"}])
def test_the_credentials_of_another_account_do_not_move_the_stack(elsewhere: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"is in account 123456789012, region eu-west-1, but"):
        check(MADE, dataclasses.replace(MADE, **elsewhere))


def test_what_was_made_is_read_as_it_was_written(record: Record) -> None:
    made = record("prod").outputs["made_with"]
    assert MadeWith(**made) == dataclasses.replace(MADE, named_after="prod", customer_managed_keys=True)


def test_no_change_of_the_program_deletes_the_key(record: Record) -> None:
    """What is encrypted under a deleted key is lost: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html."""
    assert record("prod").one("aws:kms/key:Key").retain_on_delete


def test_from_on_demand_to_provisioned_the_table_starts_at_its_units(record: Record) -> None:
    provisioned = {"tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"}
    type_ = "aws:dynamodb/table:Table"
    switched = record("dev", provisioned, before=record("dev"))
    assert set(switched.one(type_).ignore_changes).isdisjoint({"readCapacity", "writeCapacity"})
    after = record("dev", provisioned, before=switched)
    assert {"readCapacity", "writeCapacity"} <= set(after.one(type_).ignore_changes)
    back = record("dev", before=after)
    assert set(back.one(type_).ignore_changes).isdisjoint({"readCapacity", "writeCapacity"})


def test_missing_credentials_are_reported_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed invoke raises a bare Exception, of which the engine shows the traceback (pulumi/runtime/invoke.py)."""
    asked = "aws:index/getCallerIdentity:getCallerIdentity"

    def refuse() -> None:
        raise Exception(f"invoke of {asked} failed: invocation of {asked} returned an error: no credentials\nfound.")

    monkeypatch.setattr("components.continuity.aws.get_caller_identity", refuse)
    with pytest.raises(pulumi.RunError, match=r"^AWS does not say which account this is \(no credentials found\):"):
        MadeWith.of(Settings(), None)


def test_a_state_that_is_being_written_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's file backend fails like this while it writes: seen in tests/engine with pulumi 3.274."""
    answers: list[object] = [Exception("invoke failed: failed to load checkpoint: EOF"), SimpleNamespace(value=None)]

    def invoke(*_: object) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    assert continuity.deployed() is None
    assert answers == []


def test_another_failure_to_read_the_state_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def invoke(*_: object) -> object:
        raise ConnectionError("no backend")

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    with pytest.raises(ConnectionError, match="no backend"):
        continuity.deployed()
