"""What an operator may set on the function, by environment variables; nothing set means every change is a row.

| variable | value |
|---|---|
| `TRANSFORM_DROP` | what to leave out of the lake, comma-separated: INSERT, MODIFY, REMOVE, EXPIRED |
| `TRANSFORM_PARTITION_BY` | columns for dynamic partitioning, comma-separated: NAME, NAME:month, NAME:day, NAME:hour |
| `TRANSFORM_METRICS_NAMESPACE` | the CloudWatch namespace of the metrics (ChangeDataCapture) |

EXPIRED is a REMOVE made by DynamoDB's time to live. A dropped REMOVE leaves the
item in the current-state view for good.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from transform.events import OPERATIONS
from transform.schema import Table

EXPIRED = "EXPIRED"
_PERIODS = {"": 0, "month": 7, "day": 10, "hour": 13}


class SettingError(ValueError):
    """A variable has a value that means nothing; says which, and what it may be."""


class PartitionKey(Struct, frozen=True):
    """A partition key by its name, the column it is read from and, for a time, how many characters count."""

    name: str
    column: str
    length: int


class Settings(Struct, frozen=True):
    """The settings of one function."""

    drop: frozenset[str] = frozenset()
    partition_by: tuple[PartitionKey, ...] = ()
    namespace: str = "ChangeDataCapture"


def from_environment(environment: Mapping[str, str], table: Table) -> Settings:
    """The settings in these variables; SettingError for one that means nothing."""
    default = Settings()
    return Settings(
        drop=_drop(environment.get("TRANSFORM_DROP", "")),
        partition_by=tuple(_partition_keys(environment.get("TRANSFORM_PARTITION_BY", ""), table)),
        namespace=environment.get("TRANSFORM_METRICS_NAMESPACE") or default.namespace,
    )


def _drop(text: str) -> frozenset[str]:
    chosen = frozenset(_words(text))
    if not chosen <= {*OPERATIONS, EXPIRED}:
        raise SettingError(f"TRANSFORM_DROP is {text!r}: it may name {', '.join(OPERATIONS)} and {EXPIRED}")
    return chosen


def _partition_keys(text: str, table: Table) -> list[PartitionKey]:
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
            raise SettingError(f"TRANSFORM_PARTITION_BY has {word!r}, but a double makes no partitions")
        if period and columns[name].type not in ("timestamp", "date"):
            raise SettingError(f"TRANSFORM_PARTITION_BY has {word!r}, but {name} is no date and no timestamp")
        keys.append(PartitionKey(f"{name}_{period}" if period else name, name, _PERIODS[period]))
    return keys


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]
