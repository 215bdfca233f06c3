"""Orders when the table does not do what the plan expects."""

import pytest

from loadgen.dynamodb.item import item_size, write_units
from loadgen.dynamodb.writes import Write, WriteResult
from loadgen.schedule.keys import AnyKeys, Latest, Uniform
from loadgen.schedule.mix import Mix
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from loadgen.workloads.lifecycle import CANCELLED, DELIVERED, PAID, PLACED, RETURNED, SHIPPED, Life
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import CHANNELS, Pools

SECOND_NS = 10**9


class Run:
    """A run of one insert and then updates, which can only be for that order."""

    def __init__(self, pools: Pools, *at_s: float) -> None:
        self.orders = Orders(pools, Mix(1, 9, 0), Uniform(rest_s=1.0), table="orders", seed=1)
        self.arrivals = self.orders.arrivals(int(moment * SECOND_NS) for moment in at_s)

    def write(self) -> Write:
        """The next write."""
        return self.orders.write(next(self.arrivals))


def test_an_order_in_flight_is_not_written_again(order_pools: Pools) -> None:
    run = Run(order_pools, 0, 0.2, 9, 20)
    first = run.write()
    early = run.write()
    assert early.op == "insert"
    assert early.substitute
    assert run.write().substitute, "the order's insert is still unanswered"
    run.orders.finish(first, WriteResult.APPLIED)
    update = run.write()
    assert (update.op, update.key, update.version) == ("update", first.key, 2)


@pytest.mark.parametrize("result", [WriteResult.NOT_APPLIED, WriteResult.UNKNOWN])
def test_an_order_that_may_not_be_there_is_not_updated(order_pools: Pools, result: WriteResult) -> None:
    run = Run(order_pools, 0, 0.2, 9)
    run.orders.finish(run.write(), result)
    run.write()
    assert run.write().substitute


def test_a_failed_update_leaves_the_version_where_it_was(order_pools: Pools) -> None:
    run = Run(order_pools, 0, 0.2, 9, 20)
    run.orders.finish(run.write(), WriteResult.APPLIED)
    run.write()
    run.orders.finish(run.write(), WriteResult.NOT_APPLIED)
    assert run.write().version == 2


def test_the_life_of_an_order_ends(order_pools: Pools) -> None:
    life = Life(order_pools.notes)
    for channel in range(len(CHANNELS)):
        reached = {PLACED}
        for _ in range(10):
            reached |= {
                life.advance(status, channel, bits).status for status in reached for bits in range(0, 65536, 37)
            }
        assert reached == {PLACED, PAID, SHIPPED, DELIVERED, CANCELLED, RETURNED}
    for over in (CANCELLED, RETURNED):
        notes = {life.advance(over, 0, bits).note for bits in range(65536)}
        assert notes == set(order_pools.notes)


def test_the_cancelled_share_differs_by_channel(order_pools: Pools) -> None:
    life = Life(order_pools.notes)
    shares = [
        sum(life.advance(PLACED, channel, bits).status == CANCELLED for bits in range(65536)) / 65536
        for channel in range(len(CHANNELS))
    ]
    assert len(set(shares)) == len(CHANNELS)
    assert CHANNELS[shares.index(max(shares))] == "marketplace"


def test_an_item_weighs_what_dynamodb_says() -> None:
    assert item_size({"id": {"S": "é"}, "n": {"N": "-12.50"}, "b": {"BOOL": True}}) == (2 + 2) + (1 + 4) + (1 + 1)
    assert item_size({"l": {"L": [{"S": "ab"}, {"M": {"k": {"NULL": True}}}]}}) == 1 + 3 + 2 + 2 + (3 + 1 + 1 + 1)
    assert [write_units(size) for size in (1, 1024, 1025, 4096)] == [1, 1, 2, 4]


@pytest.mark.parametrize("keys", [Uniform(), Latest()])
def test_few_changes_of_a_short_run_are_replaced_by_inserts(order_pools: Pools, keys: AnyKeys) -> None:
    """With a rest of a second, every change of the first second was, and a sixth of ten seconds' changes."""
    plan = Plan(profile=Constant(500.0, 10.0), seed=1, keys=keys)
    orders = Orders(order_pools, plan.mix, plan.keys, table="orders", seed=1)
    changes = replaced = 0
    for arrival in orders.arrivals(plan.offsets_ns()):
        write = orders.write(arrival)
        orders.finish(write, WriteResult.APPLIED)
        changes += arrival.op != "insert"
        replaced += write.substitute
    assert replaced <= 0.06 * changes
