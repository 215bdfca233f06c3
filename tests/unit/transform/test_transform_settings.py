from __future__ import annotations

import pytest

from tests.property.transform.inventory import INVENTORY
from transform.schema import TABLE
from transform.settings import FunctionSettings, PartitionKey, SettingError, from_environment


def test_nothing_set_drops_nothing_and_partitions_nothing() -> None:
    assert from_environment({}, TABLE) == FunctionSettings(frozenset(), (), "ChangeDataCapture")
    assert from_environment({"TRANSFORM_DROP": " ", "TRANSFORM_PARTITION_BY": ","}, TABLE) == FunctionSettings()


def test_all_may_be_set() -> None:
    environment = {
        "TRANSFORM_DROP": "INSERT, EXPIRED",
        "TRANSFORM_PARTITION_BY": "region, ordered_at:month,ordered_at:day,changed_at:hour",
        "TRANSFORM_METRICS_NAMESPACE": "Orders",
    }
    assert from_environment(environment, TABLE) == FunctionSettings(
        drop=frozenset({"INSERT", "EXPIRED"}),
        partition_by=(
            PartitionKey("region", "region", 0),
            PartitionKey("ordered_at_month", "ordered_at", 7),
            PartitionKey("ordered_at_day", "ordered_at", 10),
            PartitionKey("changed_at_hour", "changed_at", 13),
        ),
        namespace="Orders",
    )


def test_everything_may_be_dropped() -> None:
    everything = "INSERT,MODIFY,REMOVE,EXPIRED"
    assert from_environment({"TRANSFORM_DROP": everything}, TABLE).drop == frozenset(everything.split(","))


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TRANSFORM_DROP": "remove"}, r"TRANSFORM_DROP is 'remove': it may name INSERT, MODIFY, REMOVE and EXPIRED"),
        ({"TRANSFORM_PARTITION_BY": "colour"}, "has 'colour': it may have columns of order_changes"),
        ({"TRANSFORM_PARTITION_BY": "region:week"}, "has 'region:week': it may have"),
        ({"TRANSFORM_PARTITION_BY": "region:day"}, "region is neither a date nor a timestamp"),
    ],
)
def test_what_means_nothing_is_refused(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        from_environment(environment, TABLE)


def test_a_double_makes_no_partitions_and_a_date_does() -> None:
    assert from_environment({"TRANSFORM_PARTITION_BY": "counted_on:month"}, INVENTORY).partition_by
    with pytest.raises(SettingError, match="'weight', but a double cannot be a partition key"):
        from_environment({"TRANSFORM_PARTITION_BY": "weight"}, INVENTORY)
