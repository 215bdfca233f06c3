"""The requests: one order of about 1 KB each, as JSON that is built before the measurement."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from benchmarks.loadgen.workload import REGION, items

_SCOPE = f"sandbox/20260101/{REGION}/dynamodb/aws4_request"
_INSERTS, _UPDATES = 6, 3
_BLOCKS_BETWEEN = 100
"""The number of requests between an order and its update, so that the order's reply has arrived."""


_numbers = itertools.count()


class Change(NamedTuple):
    """A write that changes an item: the order's key, the change's kind in the lake, and its call."""

    key: str
    op: str
    operation: str
    parameters: dict[str, Any]

    @property
    def request(self) -> bytes:
        """The whole HTTP request."""
        return request(self.operation, self.parameters)


def request(operation: str, parameters: object) -> bytes:
    """An HTTP request of DynamoDB's JSON protocol. The signature has the right form only: no server here checks it."""
    body = msgspec.json.encode(parameters)
    head = (
        f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: DynamoDB_20120810.{operation}\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20260101T000000Z\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host;x-amz-date;x-amz-target, "
        f"Signature={'0' * 64}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def changes(table: str, count: int) -> list[Change]:
    """`count` changes in the load generator's usual mix: 60 % inserts, 30 % updates, 10 % deletes."""
    return list(itertools.islice(_changes(table), count))


def inserts(table: str, count: int) -> list[Change]:
    """`count` new orders."""
    return [_insert(table, item) for item in itertools.islice(items(), count)]


def _changes(table: str) -> Iterator[Change]:
    source = items()
    blocks: list[list[str]] = []
    while True:
        block = [_insert(table, item) for item in itertools.islice(source, _INSERTS)]
        yield from block
        blocks.append([change.key for change in block])
        if len(blocks) > _BLOCKS_BETWEEN:
            *updated, _, _, deleted = blocks[-_BLOCKS_BETWEEN - 1]
            yield from (_update(table, key) for key in updated[:_UPDATES])
            yield _delete(table, deleted)


def _insert(table: str, item: dict[str, Any]) -> Change:
    # New in every run of a process, independent of earlier writes.
    key = f"order-{next(_numbers):012x}"
    return Change(key, "INSERT", "PutItem", {"TableName": table, "Item": item | {"order_id": {"S": key}}})


def _update(table: str, key: str) -> Change:
    return Change(key, "MODIFY", "UpdateItem", update_parameters(table, key))


def _delete(table: str, key: str) -> Change:
    return Change(key, "REMOVE", "DeleteItem", {"TableName": table, "Key": {"order_id": {"S": key}}})


def batches(table: str, changes: Sequence[Change], each: int) -> list[bytes]:
    """The requests of BatchWriteItem that make these inserts, `each` in one."""
    puts = [{"PutRequest": {"Item": change.parameters["Item"]}} for change in changes]
    return [
        request("BatchWriteItem", {"RequestItems": {table: puts[start : start + each]}})
        for start in range(0, len(puts), each)
    ]


def update_parameters(table: str, key: str) -> dict[str, object]:
    """An update as the load generator makes it: a step in an order's life, if the order exists."""
    return {
        "TableName": table,
        "Key": {"order_id": {"S": key}},
        "UpdateExpression": "SET #s = :status, updated_at = :at ADD version :one",
        "ConditionExpression": "attribute_exists(order_id)",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {
            ":status": {"S": "paid"},
            ":at": {"S": "2026-01-01T00:00:00.000Z"},
            ":one": {"N": "1"},
        },
    }
