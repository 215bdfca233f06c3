"""The configured throughput of moto's tables, for the engine's throughput gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models.table import Table as MotoTable

from sandbox.dynamodb.admission import ADMISSION, Capacity, Throughput
from sandbox.dynamodb.table import StoredTable
from sandbox.faults.active import ACTIVE_FAULTS
from sandbox.faults.throughput import ThroughputGate
from sandbox.front.control.services.dynamodb import on_demand_throughput

_NEW = Throughput(read=12_000, write=4_000)
"""The warm throughput of a new on-demand table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
"""


def capacity_of(table: StoredTable) -> Capacity:
    """A table's currently configured throughput."""
    owner = table.owner
    if not isinstance(owner, MotoTable):
        raise TypeError(f"table {table.schema.name} has no owner in the control plane")
    provisioned = owner.billing_mode != "PAY_PER_REQUEST"
    indexes: list[Any] = owner.global_indexes
    if provisioned:
        limit = _provisioned(owner.throughput)
        each = {index.name: _provisioned(index.throughput or {}) for index in indexes}
    else:
        maximum = on_demand_throughput(owner)
        limit, each = _maximum(maximum), {index.name: Throughput(0, 0) for index in indexes}
    return Capacity(owner.table_arn, provisioned, limit, _warm(owner), each)


def follow_faults() -> None:
    """From now on, install the engine's gate when a fault needs it, and remove it when none does."""
    gate = ThroughputGate(ACTIVE_FAULTS, capacity_of)

    def changed() -> None:
        ADMISSION.gate = gate if ACTIVE_FAULTS.has("limits", "throttle", "partial") else None

    ACTIVE_FAULTS.changed = changed
    changed()


def _provisioned(throughput: Mapping[str, Any]) -> Throughput:
    return Throughput(float(throughput.get("ReadCapacityUnits") or 0), float(throughput.get("WriteCapacityUnits") or 0))


def _maximum(limits: Mapping[str, int]) -> Throughput:
    found = (float(limits.get(name, 0)) for name in ("MaxReadRequestUnits", "MaxWriteRequestUnits"))
    return Throughput(*(max(0.0, units) for units in found))


def _warm(owner: MotoTable) -> Throughput:
    warm: dict[str, Any] = owner.warm_throughput or {}
    return Throughput(
        max(_NEW.read, float(warm.get("ReadUnitsPerSecond") or 0)),
        max(_NEW.write, float(warm.get("WriteUnitsPerSecond") or 0)),
    )
