from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from components.continuity import MadeWith
from components.explain.graph import Graph
from components.settings import Settings
from components.table import Table
from tests.unit.components.running import Alone
from transform.schema import TABLE, Column, KeyAttribute

TYPE = "aws:dynamodb/table:Table"
INSIGHTS = "aws:dynamodb/contributorInsights:ContributorInsights"
MADE = MadeWith(
    named_after="dev",
    account="123456789012",
    region="eu-west-1",
    lake_format="parquet",
    table_capacity="on-demand",
    customer_managed_keys=False,
)


def test_its_key_is_the_schemas(program: Graph) -> None:
    inputs = program.one(TYPE).inputs
    assert inputs["hashKey"] == TABLE.partition_key.name
    assert "rangeKey" not in inputs
    assert inputs["attributes"] == [{"name": TABLE.partition_key.name, "type": TABLE.partition_key.type}]


def test_a_sort_key_is_declared_too(alone: Alone) -> None:
    lines = dataclasses_replace_key(TABLE)
    inputs = alone(lambda context: Table("t", dataclasses.replace(context, table=lines))).one(TYPE).inputs
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


def test_provisioned_capacity_scales_between_its_bounds(alone: Alone) -> None:
    choices: dict[str, Any] = {
        "table_capacity": "provisioned",
        "table_max_read_units": 50,
        "table_max_write_units": 900,
    }
    graph = alone(lambda context: Table("t", context), **choices)
    inputs = graph.one(TYPE).inputs
    assert (inputs["billingMode"], inputs["readCapacity"], inputs["writeCapacity"]) == ("PROVISIONED", 5, 5)
    assert "onDemandThroughput" not in inputs
    targets = [target.inputs for target in graph.of("aws:appautoscaling/target:Target")]
    assert [(target["scalableDimension"], target["minCapacity"], target["maxCapacity"]) for target in targets] == [
        ("dynamodb:table:ReadCapacityUnits", 5, 50),
        ("dynamodb:table:WriteCapacityUnits", 5, 900),
    ]
    for policy in graph.of("aws:appautoscaling/policy:Policy"):
        assert policy.inputs["resourceId"] == f"table/{inputs['name']}"
        assert policy.inputs["targetTrackingScalingPolicyConfiguration"]["targetValue"] == 70


@pytest.mark.parametrize(
    ("choices", "read", "write"),
    [
        ({}, 40_000, 40_000),
        ({"table_max_write_units": 2000}, 40_000, 2000),
        ({"table_max_read_units": 1, "table_max_write_units": 1}, 1, 1),
    ],
)
def test_an_on_demand_table_says_both_limits_in_figures(
    choices: dict[str, Any], read: int, write: int, alone: Alone
) -> None:
    """CreateTable takes 1 and more, and no -1: https://github.com/pulumi/pulumi-aws/issues/5126.

    No limit is AWS's quota, 40,000 units:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html
    """
    said = alone(lambda context: Table("t", context), **choices).one(TYPE).inputs["onDemandThroughput"]
    assert said == {"maxReadRequestUnits": read, "maxWriteRequestUnits": write}


def test_a_limit_can_be_lifted_again(alone: Alone) -> None:
    """An update that says less than before says nothing, and UpdateTable refuses a request without a change.

    terraform-provider-aws: internal/service/dynamodb/table.go, resourceTableUpdate (on_demand_throughput).
    """

    def said(limit: int) -> dict[str, int]:
        return (
            alone(lambda context: Table("t", context), table_max_write_units=limit)
            .one(TYPE)
            .inputs["onDemandThroughput"]
        )

    assert said(2000).keys() == said(0).keys()
    assert said(2000) != said(0)


def test_warm_throughput_is_said_only_when_it_is_chosen_and_counts_at_creation_alone(alone: Alone) -> None:
    """AWS raises it by itself and never lowers it, so that a later figure would be an error or another table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
    https://github.com/hashicorp/terraform-provider-aws/pull/49032
    """
    assert "warmThroughput" not in alone(lambda context: Table("t", context)).one(TYPE).inputs
    warm = alone(lambda context: Table("t", context), table_warm_write_units=5000).one(TYPE)
    assert warm.inputs["warmThroughput"] == {"writeUnitsPerSecond": 5000}
    assert "warmThroughput" in warm.ignore_changes


@pytest.mark.parametrize(
    ("was", "left_alone"),
    [(None, False), ("on-demand", False), ("provisioned", True)],
)
def test_capacity_is_left_where_it_is_once_the_table_has_any(was: str | None, left_alone: bool, alone: Alone) -> None:
    """What is ignored is sent as it was before: an on-demand table has no capacity, and would start at one unit.

    https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/
    """
    before = dataclasses.replace(MADE, table_capacity=was) if was else None
    choices: dict[str, Any] = {
        "table_capacity": "provisioned",
        "table_max_read_units": 50,
        "table_max_write_units": 900,
    }
    table = alone(lambda context: Table("t", context), before=before, **choices).one(TYPE)
    assert (table.inputs["readCapacity"], table.inputs["writeCapacity"]) == (5, 5)
    assert ({"readCapacity", "writeCapacity"} <= set(table.ignore_changes)) == left_alone


def dataclasses_replace_key(table: Any) -> Any:
    return type(table)(
        entity="line",
        change_log="line_changes",
        view="lines",
        partition_key=table.partition_key,
        sort_key=KeyAttribute("line", "N"),
        columns=(*table.columns, Column("line", "bigint", ("line",), "the line's number")),
    )


@pytest.mark.parametrize(
    ("chosen", "mode"), [("all-keys", "ACCESSED_AND_THROTTLED_KEYS"), ("throttled-keys", "THROTTLED_KEYS")]
)
def test_its_keys_are_counted_where_the_stack_asks_for_it(alone: Alone, chosen: Any, mode: str) -> None:
    graph = alone(lambda context: Table("t", context), table_contributor_insights=chosen)
    inputs = graph.one(INSIGHTS).inputs
    assert inputs == {"tableName": graph.one(TYPE).inputs["name"], "mode": mode}


def test_its_keys_are_not_counted_by_default(program: Graph) -> None:
    assert program.of(INSIGHTS) == ()
