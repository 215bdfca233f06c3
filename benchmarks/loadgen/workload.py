"""What clients put: orders of about 1 KB, each with its own key."""

from __future__ import annotations

import functools
import importlib
import itertools
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from loadgen.compiled import native
from loadgen.dynamodb.writes import Call, batch
from loadgen.schedule.keys import Uniform
from loadgen.schedule.mix import Mix
from loadgen.workloads import pools
from loadgen.workloads.inserts import Inserts
from loadgen.workloads.orders import Orders
from loadgen.workloads.pools import Pools

TABLE = "orders"
REGION = "eu-west-1"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
INSERTS = Mix(1, 0, 0)
_SAMPLE = 2000


def orders() -> Orders:
    """A source of orders."""
    return Orders(_pools(), INSERTS, Uniform(), table=TABLE, seed=1, epoch_ns=time.time_ns())


def calls(items_each: int) -> Iterator[Call]:
    """An endless iterator of calls with new orders."""
    source = orders()
    offsets_ns = itertools.count(0, 20_000)
    if items_each > 1 and native is not None:
        inserts = Inserts(source)
        batches = inserts.batches(offsets_ns, items_each, wait_ns=10**9, boundary_ns=0)
        return (inserts.call(rows, due_ns) for due_ns, rows in batches)
    writes = map(source.write, source.arrivals(offsets_ns))
    if items_each == 1:
        return iter(writes)
    return (batch(list(itertools.islice(writes, items_each))) for _ in itertools.count())


def items() -> Iterator[dict[str, Any]]:
    """New items in DynamoDB's JSON form, each with a new key."""
    sample = _sample()
    return (sample[number % _SAMPLE] | {"order_id": {"S": f"order-{number:012x}"}} for number in itertools.count())


def plain_items() -> Iterator[dict[str, Any]]:
    """The same as plain Python values, as the resource interfaces take them."""
    deserialize = importlib.import_module("boto3.dynamodb.types").TypeDeserializer().deserialize
    sample = [{name: deserialize(value) for name, value in item.items()} for item in _sample()]
    return (sample[number % _SAMPLE] | {"order_id": f"order-{number:012x}"} for number in itertools.count())


@functools.cache
def _pools() -> Pools:
    return pools.build(1)


def _sample() -> list[dict[str, Any]]:
    return [msgspec.json.decode(call.body)["Item"] for call in itertools.islice(calls(1), _SAMPLE)]
