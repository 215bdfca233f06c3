"""The orders of a plan."""

from __future__ import annotations

from loadgen.schedule.plan import Plan
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import Pools

EPOCH_NS = 1_767_225_600 * 10**9


def orders_of(plan: Plan, pools: Pools, *, whole_items: bool = False) -> Orders:
    """Return the workload of the plan's segment, which starts at EPOCH_NS."""
    return Orders(
        pools,
        plan.mix,
        plan.keys,
        table="orders",
        seed=plan.seed,
        preload=plan.preload.orders,
        segment=plan.segment,
        segments=plan.segments,
        epoch_ns=EPOCH_NS,
        whole_items=whole_items,
        item_bytes=plan.item_bytes,
    )
