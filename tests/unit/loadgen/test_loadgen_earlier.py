"""Reading the orders that a run goes on from."""

import asyncio
from typing import Any, cast

import msgspec
import pytest

from loadgen.dynamodb.item import item_size
from loadgen.dynamodb.retry import RetryPolicy
from loadgen.dynamodb.writer import Writer
from loadgen.dynamodb.writes import Outcome, Reply
from loadgen.schedule.keys import LANES
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from loadgen.workloads import earlier
from stack import UserError

THROTTLED = Reply(Outcome.THROTTLED, "ThrottlingException", "Rate exceeded")
ITEM = {
    "ordered_at": {"S": "2026-01-02T03:04:05.000Z"},
    "updated_at": {"S": "2026-01-02T03:04:06.000Z"},
    "status": {"S": "shipped"},
    "note": {"S": "ring twice"},
    "channel": {"S": "store"},
    "total": {"N": "12.50"},
}


class SlowTable:
    """A writer whose table has every other order, and answers half of a call's keys at a time after a throttle."""

    def __init__(self, *first: Reply) -> None:
        self._first = list(first)
        self.asked: list[list[str]] = []

    async def ask(self, operation: str, parameters: dict[str, Any]) -> Reply:
        assert operation == "BatchGetItem"
        assert parameters["RequestItems"]["orders"]["ConsistentRead"] is True
        keys = [key["order_id"]["S"] for key in parameters["RequestItems"]["orders"]["Keys"]]
        self.asked.append(keys)
        if self._first:
            return self._first.pop(0)
        now, later = keys[: (len(keys) + 1) // 2], keys[(len(keys) + 1) // 2 :]
        items = [{"order_id": {"S": key}, "version": {"N": "4"}} | ITEM for key in now if int(key[2:]) % 2 == 0]
        left = {"orders": {"Keys": [{"order_id": {"S": key}} for key in later], "ConsistentRead": True}}
        body = {"Responses": {"orders": items}, "UnprocessedKeys": left if later else {}}
        return Reply(Outcome.OK, body=msgspec.json.encode(body))


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_: float) -> None:
        return

    monkeypatch.setattr(asyncio, "sleep", sleep)


def plan(segment: int = 0, segments: int = 1) -> Plan:
    return Plan(profile=Constant(1, 1), seed=1, earlier=500, segment=segment, segments=segments)


async def test_a_segment_reads_the_orders_of_its_lanes_until_it_has_all() -> None:
    keys = [f"o-{number}" for number in range(500)]
    found: dict[int, Any] = {}
    for segment in range(3):
        table = SlowTable(THROTTLED)
        part = await earlier.read(cast("Writer", table), "orders", keys, plan(segment, 3))
        assert all(number % LANES % 3 == segment for number in part)
        assert max(map(len, table.asked)) <= 100
        found |= part
    assert found.keys() == set(range(0, 500, 2))
    order = found[6]
    assert (order.order_id, order.version, order.busy, order.step.status) == ("o-6", 4, False, 2)
    assert order.size_bytes == item_size({"order_id": {"S": "o-6"}, "version": {"N": "4"}} | ITEM)
    assert msgspec.json.decode(b"{" + order.head.bare.text[1:] + b"}") == {
        name: ITEM[name] for name in ("channel", "total")
    }


@pytest.mark.parametrize(
    ("reply", "asked"), [(THROTTLED, RetryPolicy().max_attempts), (Reply(Outcome.INVALID, "AccessDenied", "no."), 1)]
)
async def test_orders_that_cannot_be_read_are_one_sentence(reply: Reply, asked: int) -> None:
    table = SlowTable(*[reply] * 20)
    with pytest.raises(UserError, match=r"cannot be read from orders: (Rate exceeded|no)\.$"):
        await earlier.read(cast("Writer", table), "orders", ["o-1"], plan())
    assert len(table.asked) == asked
