"""Orders when the table does not do what the plan expects."""

import pytest

from loadgen.item import item_size, write_units
from loadgen.keys import Uniform
from loadgen.lifecycle import CANCELLED, DELIVERED, PAID, PLACED, RETURNED, SHIPPED, advance
from loadgen.mix import Mix
from loadgen.orders import Orders
from loadgen.pools import CHANNELS, Pools
from loadgen.writes import Fate, Write

SECOND_NS = 10**9


@pytest.fixture
def orders(order_pools: Pools) -> Orders:
    return Orders(order_pools, Mix(1, 1, 0), Uniform(rest_s=1.0), table="orders", seed=1)


def write(orders: Orders, arrival: int, at_s: float) -> Write:
    draw = orders.draw(arrival, int(at_s * SECOND_NS))
    assert draw is not None
    return orders.write(draw)


def test_an_order_in_flight_is_not_written_again(orders: Orders) -> None:
    first = write(orders, 0, 0)
    early = write(orders, 1, 0.1)
    assert early.op == "insert"
    assert early.substitute
    late = write(orders, 3, 9)
    assert late.substitute, "its insert is still unanswered"
    orders.settle(first, Fate.APPLIED)
    update = write(orders, 5, 20)
    assert (update.op, update.key, update.version) == ("update", first.key, 2)


@pytest.mark.parametrize("fate", [Fate.NOT_APPLIED, Fate.UNKNOWN])
def test_an_order_that_may_not_be_there_is_not_updated(orders: Orders, fate: Fate) -> None:
    orders.settle(write(orders, 0, 0), fate)
    write(orders, 1, 0.1)
    assert write(orders, 3, 9).substitute


def test_a_failed_update_leaves_the_version_where_it_was(orders: Orders) -> None:
    orders.settle(write(orders, 0, 0), Fate.APPLIED)
    write(orders, 1, 0.1)
    orders.settle(write(orders, 3, 9), Fate.NOT_APPLIED)
    assert write(orders, 5, 20).version == 2


def test_the_life_of_an_order_ends() -> None:
    for channel in range(len(CHANNELS)):
        reached = {PLACED}
        for _ in range(10):
            reached |= {advance(status, channel, draw).status for status in reached for draw in range(0, 65536, 37)}
        assert reached == {PLACED, PAID, SHIPPED, DELIVERED, CANCELLED, RETURNED}
    assert advance(CANCELLED, 0, 0).amended
    assert advance(RETURNED, 0, 0).amended


def test_the_cancelled_share_differs_by_channel() -> None:
    shares = [
        sum(advance(PLACED, channel, draw).status == CANCELLED for draw in range(65536)) / 65536
        for channel in range(len(CHANNELS))
    ]
    assert len(set(shares)) == len(CHANNELS)
    assert CHANNELS[shares.index(max(shares))] == "marketplace"


def test_an_item_weighs_what_dynamodb_says() -> None:
    assert item_size({"id": {"S": "é"}, "n": {"N": "-12.50"}, "b": {"BOOL": True}}) == (2 + 2) + (1 + 4) + (1 + 1)
    assert item_size({"l": {"L": [{"S": "ab"}, {"M": {"k": {"NULL": True}}}]}}) == 1 + 3 + 2 + 2 + (3 + 1 + 1 + 1)
    assert [write_units(size) for size in (1, 1024, 1025, 4096)] == [1, 1, 2, 4]
