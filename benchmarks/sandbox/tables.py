"""Single calls on a table: puts, conditional puts, updates, deletes, queries, one at a time over each connection.

The table has no stream, so only the table is measured, as with DynamoDB Local.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from benchmarks.loadgen.workload import items
from benchmarks.sandbox import client
from benchmarks.sandbox.requests import request, update_parameters

_TABLE = "measured"
_CONNECTIONS = 4
_QUERIES_LESS = 10
"""How many times fewer queries than other calls: an earlier commit needs 16 ms for each."""


class Calls(Struct):
    """One kind of call: calls per second, and the server's processor time per call in microseconds."""

    per_s: float
    cpu_us: float


def measure(port: int, dynamodb: Any, cpu_s: Callable[[], float], count: int) -> dict[str, Calls]:
    """Make each kind of call `count` times, queries less often; `cpu_s` returns the server's processor time."""
    dynamodb.create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    found: dict[str, Calls] = {}
    for name, requests in _requests(count).items():
        before = cpu_s()
        sent = client.closed_loop(port, requests, _CONNECTIONS)
        found[name] = Calls(len(requests) / sent.elapsed_s, (cpu_s() - before) / len(requests) * 1e6)
    dynamodb.delete_table(TableName=_TABLE)
    return found


def _requests(count: int) -> dict[str, list[bytes]]:
    orders = list(itertools.islice(items(), count))
    keys = [order["order_id"]["S"] for order in orders]
    new = {"ConditionExpression": "attribute_not_exists(order_id)"}
    query = "order_id = :key"
    return {
        "put": [request("PutItem", {"TableName": _TABLE, "Item": order}) for order in orders],
        "query": [
            request(
                "Query",
                {
                    "TableName": _TABLE,
                    "KeyConditionExpression": query,
                    "ExpressionAttributeValues": {":key": {"S": key}},
                },
            )
            for key in keys[::_QUERIES_LESS]
        ],
        "update": [request("UpdateItem", update_parameters(_TABLE, key)) for key in keys],
        "delete": [request("DeleteItem", {"TableName": _TABLE, "Key": {"order_id": {"S": key}}}) for key in keys],
        "conditional put": [request("PutItem", {"TableName": _TABLE, "Item": order} | new) for order in orders],
    }
