"""The function's settings, from environment variables; without settings, every change becomes a row.

| variable | value |
|---|---|
| `TRANSFORM_DROP` | changes to drop, comma-separated: INSERT, MODIFY, REMOVE, EXPIRED |
| `TRANSFORM_PARTITION_BY` | columns for dynamic partitioning, comma-separated: NAME, NAME:month, NAME:day, NAME:hour |
| `TRANSFORM_METRICS_NAMESPACE` | the CloudWatch namespace of the metrics (ChangeDataCapture) |

EXPIRED is a REMOVE made by DynamoDB's time to live. A dropped REMOVE leaves the item in the current-state view
permanently.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from transform.events import OPERATIONS
from transform.schema import LakeTable

EXPIRED = "EXPIRED"
_PERIODS = {"": 0, "month": 7, "day": 10, "hour": 13}


class SettingError(ValueError):
    """A variable has an invalid value; the message has the variable and the allowed values."""


class PartitionKey(Struct, frozen=True):
    """A partition key: its name, its column and, for a time, the number of characters used."""

    name: str
    column: str
    length: int


class FunctionSettings(Struct, frozen=True):
    """The settings of one function."""

    drop: frozenset[str] = frozenset()
    partition_by: tuple[PartitionKey, ...] = ()
    namespace: str = "ChangeDataCapture"


def from_environment(environment: Mapping[str, str], table: LakeTable) -> FunctionSettings:
    """Parse these variables; raises SettingError for an invalid value."""
    default = FunctionSettings()
    return FunctionSettings(
        drop=_drop(environment.get("TRANSFORM_DROP", "")),
        partition_by=tuple(_partition_keys(environment.get("TRANSFORM_PARTITION_BY", ""), table)),
        namespace=environment.get("TRANSFORM_METRICS_NAMESPACE") or default.namespace,
    )


def _drop(text: str) -> frozenset[str]:
    chosen = frozenset(_words(text))
    if not chosen <= {*OPERATIONS, EXPIRED}:
        raise SettingError(f"TRANSFORM_DROP is {text!r}: it may name {', '.join(OPERATIONS)} and {EXPIRED}")
    return chosen


def _partition_keys(text: str, table: LakeTable) -> list[PartitionKey]:
    columns = {column.name: column for column in table.change_log_columns}
    keys: list[PartitionKey] = []
    for word in _words(text):
        name, _, period = word.partition(":")
        if name not in columns or period not in _PERIODS:
            raise SettingError(
                f"TRANSFORM_PARTITION_BY has {word!r}: it may have columns of {table.change_log}, "
                "each alone or with :month, :day or :hour"
            )
        if columns[name].type == "double":
            raise SettingError(f"TRANSFORM_PARTITION_BY has {word!r}, but a double cannot be a partition key")
        if period and columns[name].type not in ("timestamp", "date"):
            raise SettingError(f"TRANSFORM_PARTITION_BY has {word!r}, but {name} is neither a date nor a timestamp")
        keys.append(PartitionKey(f"{name}_{period}" if period else name, name, _PERIODS[period]))
    return keys


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]
