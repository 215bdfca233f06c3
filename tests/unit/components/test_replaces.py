"""Which inputs replace a resource: the table against the graph, and against AWS's own resource schemas."""

from __future__ import annotations

import pytest
from pulumi._types import input_type_py_to_pulumi_names

from components.explain.replaces import REPLACES, changes, replacing
from tests.unit.components.conftest import STACKS
from tests.unit.components.provider import args_of
from tests.unit.components.running import Record

CHOICES: dict[str, dict[str, str]] = {
    "as it is": {},
    "native": {"captureMode": "native"},
    "events": {"eventFanout": "true"},
    "provisioned": {"tableCapacity": "provisioned", "tableMaxReadUnits": "50", "tableMaxWriteUnits": "900"},
}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_type_of_the_program_is_in_the_table(choice: str, record: Record) -> None:
    used = {one.type for stack in STACKS for one in record(stack, CHOICES[choice]).resources if one.custom}
    assert used <= REPLACES.keys()


@pytest.mark.parametrize("type_", REPLACES)
def test_every_entry_is_a_property_of_the_provider_and_names_its_source(type_: str) -> None:
    properties = set(input_type_py_to_pulumi_names(args_of(type_)).values())
    assert {path.partition(".")[0] for path in REPLACES[type_]} <= properties
    assert all(".go" in source or path == "region" for path, source in REPLACES[type_].items())


@pytest.mark.parametrize(
    ("type_", "changed", "forced"),
    [
        ("aws:dynamodb/table:Table", "hashKey", "hashKey"),
        ("aws:dynamodb/table:Table", "billingMode", ""),
        ("aws:pipes/pipe:Pipe", "sourceParameters.dynamodbStreamParameters.batchSize", ""),
        (
            "aws:pipes/pipe:Pipe",
            "sourceParameters.dynamodbStreamParameters.startingPosition",
            "sourceParameters.dynamodbStreamParameters.startingPosition",
        ),
        ("aws:pipes/pipe:Pipe", "source", "source"),
        (
            "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
            "kinesisSourceConfiguration.kinesisStreamArn",
            "kinesisSourceConfiguration",
        ),
        ("aws:ssm/parameter:Parameter", "name", ""),
    ],
)
def test_a_change_replaces_where_the_provider_says_so(type_: str, changed: str, forced: str) -> None:
    assert replacing(type_, changed) == forced


def test_a_difference_is_named_by_its_path() -> None:
    old = {"name": "a", "rules": [{"id": "x", "days": 1}, {"id": "y"}], "tags": {"a": "1"}, "columns": [1, 2]}
    new = {"name": "a", "rules": [{"id": "x", "days": 2}, {"id": "y"}], "tags": {"b": "1"}, "columns": [1]}
    assert list(changes(old, new)) == ["columns", "rules[0].days", "tags.a", "tags.b"]
    assert list(changes(old, old)) == []
