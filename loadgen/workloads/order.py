"""One order of the order workload."""

from __future__ import annotations

from msgspec import Struct

from loadgen.dynamodb.item import NOTHING, Fragment
from loadgen.workloads.lifecycle import PLACE, LifecycleStep
from loadgen.workloads.pools import OrderHead


class Order(Struct, gc=False):
    """One order: its content, its planned state and its actual state."""

    number: int
    order_id: str
    ordered_at: bytes
    head: OrderHead
    basket: Fragment
    padding_bytes: int
    # The planned state.
    last_ns: int
    size_bytes: int
    note: Fragment
    reason: Fragment = NOTHING
    step: LifecycleStep = PLACE
    # The actual state: the acknowledged version, 0 when the order is not in the table or that is unknown.
    version: int = 0
    busy: bool = True
