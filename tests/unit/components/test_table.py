from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from components.explain.graph import Graph
from components.settings import Settings
from components.table import Table
from tests.unit.components.running import Alone
from transform.schema import TABLE, Column, KeyAttribute

TYPE = "aws:dynamodb/table:Table"


def test_its_key_is_the_schemas(program: Graph) -> None:
    inputs = program.one(TYPE).inputs
    assert inputs["hashKey"] == TABLE.partition_key.name
    assert "rangeKey" not in inputs
    assert inputs["attributes"] == [{"name": TABLE.partition_key.name, "type": TABLE.partition_key.type}]


def test_a_sort_key_is_declared_too(alone: Alone) -> None:
    lines = dataclasses_replace_key(TABLE)
    inputs = alone(lambda site: Table("t", dataclasses.replace(site, table=lines))).one(TYPE).inputs
    assert (inputs["hashKey"], inputs["rangeKey"]) == ("order_id", "line")
    assert inputs["attributes"] == [{"name": "order_id", "type": "S"}, {"name": "line", "type": "N"}]


def test_its_stream_has_both_images(program: Graph) -> None:
    inputs = program.one(TYPE).inputs
    assert (inputs["streamEnabled"], inputs["streamViewType"]) == (True, "NEW_AND_OLD_IMAGES")


def test_it_scales_by_itself(program: Graph) -> None:
    inputs = program.one(TYPE).inputs
    assert inputs["billingMode"] == "PAY_PER_REQUEST"
    assert {"readCapacity", "writeCapacity"}.isdisjoint(inputs)


def test_it_is_protected_where_the_stack_is(program: Graph, settings: Settings) -> None:
    table = program.one(TYPE)
    assert table.protect == table.inputs["deletionProtectionEnabled"] == settings.protect
    assert table.inputs["pointInTimeRecovery"] == {"enabled": settings.point_in_time_recovery}


def test_it_is_encrypted_under_the_stacks_key_where_there_is_one(program: Graph, settings: Settings) -> None:
    encryption = program.one(TYPE).inputs.get("serverSideEncryption")
    if settings.customer_managed_keys:
        assert encryption == {"enabled": True, "kmsKeyArn": program.one("aws:kms/key:Key").state["arn"]}
    else:
        assert encryption is None


def test_provisioned_capacity_scales_between_its_bounds_and_is_left_where_it_is(alone: Alone) -> None:
    choices = {"table_capacity": "provisioned", "table_max_read_units": 50, "table_max_write_units": 900}
    graph = alone(lambda site: Table("t", site), **choices)
    inputs = graph.one(TYPE).inputs
    assert (inputs["billingMode"], inputs["readCapacity"], inputs["writeCapacity"]) == ("PROVISIONED", 5, 5)
    assert "onDemandThroughput" not in inputs
    assert graph.one(TYPE).ignore_changes == ("readCapacity", "writeCapacity")
    targets = [target.inputs for target in graph.of("aws:appautoscaling/target:Target")]
    assert [(target["scalableDimension"], target["minCapacity"], target["maxCapacity"]) for target in targets] == [
        ("dynamodb:table:ReadCapacityUnits", 5, 50),
        ("dynamodb:table:WriteCapacityUnits", 5, 900),
    ]
    for policy in graph.of("aws:appautoscaling/policy:Policy"):
        assert policy.inputs["resourceId"] == f"table/{inputs['name']}"
        assert policy.inputs["targetTrackingScalingPolicyConfiguration"]["targetValue"] == 70


@pytest.mark.parametrize(
    ("choice", "given", "said"),
    [
        ("table_max_write_units", "onDemandThroughput", {"maxReadRequestUnits": -1, "maxWriteRequestUnits": 5000}),
        ("table_warm_write_units", "warmThroughput", {"writeUnitsPerSecond": 5000}),
    ],
)
def test_throughput_is_said_only_when_it_is_chosen(choice: str, given: str, said: object, alone: Alone) -> None:
    assert given not in alone(lambda site: Table("t", site)).one(TYPE).inputs
    assert alone(lambda site: Table("t", site), **{choice: 5000}).one(TYPE).inputs[given] == said


def dataclasses_replace_key(table: Any) -> Any:
    return type(table)(
        entity="line",
        change_log="line_changes",
        view="lines",
        partition_key=table.partition_key,
        sort_key=KeyAttribute("line", "N"),
        columns=(*table.columns, Column("line", "bigint", ("line",), "the line's number")),
    )
