"""The orders of an earlier run, which a run goes on from: those that its ledger leaves in the table.

The ledger says which orders there are, the table what they are now: their status, version and size. So what others have
done to them since is taken into account, and an order that is gone is not written.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from loadgen.dynamodb.item import NOTHING, Fragment, Item, fragment, item_size
from loadgen.dynamodb.retry import RetryPolicy
from loadgen.dynamodb.writer import Writer
from loadgen.dynamodb.writes import Outcome, Reply
from loadgen.schedule.keys import LANES, SPAN
from loadgen.schedule.plan import Plan
from loadgen.workloads.lifecycle import AT, PLACE, STATUSES
from loadgen.workloads.order import Order
from loadgen.workloads.pools import CHANNELS, OrderHead
from stack import UserError
from stack.ledger import read_ledger

_MAX_KEYS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
_AT_ONCE = 8
# Before every write of the plan.
_LONG_AGO_NS = -(1 << 62)
# What an order has beside its content.
_OWN = frozenset({"order_id", "ordered_at", "updated_at", "version", "status", "note", "cancel_reason"})


class EarlierOrders(Struct, frozen=True):
    """What a ledger has of one table: the keys of the orders that are there, oldest first, and how all keys begin."""

    keys: tuple[str, ...]
    prefixes: frozenset[str]


def by_table(ledger: Path) -> dict[str, EarlierOrders]:
    """The orders of each table of a ledger, the newest SPAN at most. UserError when it cannot be read."""
    living: dict[str, dict[str, None]] = {}
    prefixes: dict[str, set[str]] = {}
    for write in read_ledger(ledger):
        keys = living.setdefault(write.table, {})
        prefixes.setdefault(write.table, set()).add(write.key.partition("-")[0])
        if write.op == "delete":
            keys.pop(write.key, None)
        else:
            keys[write.key] = None
    return {table: EarlierOrders(tuple(keys)[-SPAN:], frozenset(prefixes[table])) for table, keys in living.items()}


def of_table(ledger: Path, table: str, prefix: str) -> tuple[str, ...]:
    """The keys of the orders that a run goes on from, whose own new orders have a prefix.

    Raises:
        UserError: the ledger has no order in the table, or has orders with this prefix, which the run would overwrite.
    """
    tables = by_table(ledger)
    found = tables.get(table)
    if found is None or not found.keys:
        others = ", ".join(name for name, orders in tables.items() if orders.keys)
        there = f": those in it are in {others}" if others else ""
        raise UserError(f"The ledger {ledger} leaves no orders in the table {table}{there}.")
    if prefix in found.prefixes:
        raise UserError(f"The ledger {ledger} is of a run with the same --seed, whose orders would be new again.")
    return found.keys


async def read(writer: Writer, table: str, keys: Sequence[str], plan: Plan) -> dict[int, Order]:
    """The orders of a plan's segment as they are in the table, by number; those that are gone are left out.

    An order's number is its place in `keys`. UserError when they cannot be read.
    """
    numbers = {key: number for number, key in enumerate(keys) if number % LANES % plan.segments == plan.segment}
    own = list(numbers)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def read_some(some: Sequence[str]) -> list[Item]:
        async with turns:
            return await _read_some(writer, table, some)

    found = await asyncio.gather(*(read_some(own[at : at + _MAX_KEYS]) for at in range(0, len(own), _MAX_KEYS)))
    made = (_order(numbers[_text(item, "order_id")], item) for items in found for item in items)
    return {order.number: order for order in made if order.version > 0}


async def _read_some(writer: Writer, table: str, keys: Sequence[str]) -> list[Item]:
    """The items that are there, by strongly consistent reads; what a reply leaves out is asked for again."""
    policy, jitter, attempts = RetryPolicy(), random.Random(), 0
    items: list[Item] = []
    left: dict[str, object] = {
        table: {"Keys": [{"order_id": {"S": key}} for key in keys], "ConsistentRead": True},
    }
    while left:
        reply = await writer.ask("BatchGetItem", {"RequestItems": left})
        answer = _answer(reply, table)
        items += answer.responses.get(table, [])
        attempts = 0 if answer.responses.get(table) else attempts + 1
        if attempts >= policy.max_attempts:
            raise UserError(f"The orders of the earlier run cannot be read from {table}: {_why(reply)}.")
        left = answer.unprocessed if reply.outcome is Outcome.OK else left
        if left and attempts:
            await asyncio.sleep(policy.wait_s(attempts, jitter))
    return items


class _Answer(Struct):
    responses: dict[str, list[Item]] = msgspec.field(name="Responses", default_factory=dict[str, list[Item]])
    unprocessed: dict[str, object] = msgspec.field(name="UnprocessedKeys", default_factory=dict[str, object])


def _answer(reply: Reply, table: str) -> _Answer:
    """What a reply has; nothing if asking again may help."""
    if reply.outcome is Outcome.OK:
        return msgspec.json.decode(reply.body or b"{}", type=_Answer)
    if reply.outcome.retryable:
        return _Answer()
    raise UserError(f"The orders of the earlier run cannot be read from {table}: {_why(reply)}.")


def _why(reply: Reply) -> str:
    return " ".join((reply.message or reply.code or "throttled").split()).rstrip(".")


def _order(number: int, item: Item) -> Order:
    """The order of an item; of version 0 if the item has none, because then no write can be conditional on it."""
    content = _fragment(item, (name for name in item if name not in _OWN))
    channel, status, version = (_text(item, name) for name in ("channel", "status", "version"))
    note = _fragment(item, ("note",))
    return Order(
        number,
        _text(item, "order_id"),
        _text(item, "ordered_at").encode(),
        OrderHead(CHANNELS.index(channel) if channel in CHANNELS else 0, content, note, content + note, ()),
        NOTHING,
        0,
        _LONG_AGO_NS,
        item_size(item),
        note,
        _fragment(item, ("cancel_reason",)),
        AT[STATUSES.index(status)] if status in STATUSES else PLACE,
        int(version) if version.isdecimal() else 0,
        busy=False,
    )


def _fragment(item: Item, names: Iterator[str] | tuple[str, ...]) -> Fragment:
    found = {name: item[name] for name in names if name in item}
    return fragment(found) if found else NOTHING


def _text(item: Item, name: str) -> str:
    """The value of a text or number; "" of anything else."""
    value = item.get(name, {})
    return str(value.get("S", value.get("N", "")))
