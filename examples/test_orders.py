"""Tests of code that writes to the orders table, against the whole pipeline in a sandbox.

    pip install '.[sandbox]' pytest
    pytest examples/test_orders.py

The fixture `cdc_sandbox` comes with the installation. It starts one sandbox for the session, which takes some ten
seconds; `pytest --cdc-sandbox .sandbox` uses one that runs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from pytest_cdc_sandbox.pipeline import CdcSandbox


def place(client: Any, table: str, order_id: str, total: str) -> None:
    """The code under test: writes an order."""
    item = {
        "order_id": {"S": order_id},
        "version": {"N": "1"},
        "status": {"S": "placed"},
        "total": {"N": total},
        "currency": {"S": "EUR"},
        "ordered_at": {"S": "2026-11-28T12:00:00Z"},
    }
    client.put_item(TableName=table, Item=item)


def cancel(client: Any, table: str, order_id: str) -> None:
    """The code under test: cancels an order that is placed."""
    client.update_item(
        TableName=table,
        Key={"order_id": {"S": order_id}},
        UpdateExpression="SET #status = :cancelled, version = version + :one",
        ConditionExpression="#status = :placed",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":cancelled": {"S": "cancelled"}, ":placed": {"S": "placed"}, ":one": {"N": "1"}},
    )


def test_an_order_can_be_queried(cdc_sandbox: CdcSandbox) -> None:
    client, table, key = cdc_sandbox.client("dynamodb"), cdc_sandbox.outputs.require("table_name"), uuid4().hex
    place(client, table, key, "12.50")
    cancel(client, table, key)
    cdc_sandbox.wait_until_drained()
    assert cdc_sandbox.query(f"SELECT status, total FROM orders WHERE order_id = '{key}'") == [
        {"status": "cancelled", "total": Decimal("12.50")}
    ]
    changes = cdc_sandbox.query(f"SELECT op, version FROM order_changes WHERE order_id = '{key}' ORDER BY sequence")
    assert changes == [{"op": "INSERT", "version": 1}, {"op": "MODIFY", "version": 2}]


def test_a_throttled_write_is_retried(cdc_sandbox: CdcSandbox) -> None:
    client, table, key = cdc_sandbox.client("dynamodb"), cdc_sandbox.outputs.require("table_name"), uuid4().hex
    with cdc_sandbox.inject("throttle", "dynamodb", "PutItem", count=2) as fault:
        place(client, table, key, "1.00")
    assert fault.struck == 2


def test_an_order_arrives_though_half_of_a_batch_fails(cdc_sandbox: CdcSandbox) -> None:
    client, table = cdc_sandbox.client("dynamodb"), cdc_sandbox.outputs.require("table_name")
    keys = [uuid4().hex for _ in range(20)]
    with cdc_sandbox.inject("partial", "kinesis", share=0.5, seed=1):
        for key in keys:
            place(client, table, key, "1.00")
        cdc_sandbox.wait_until_drained()
    listed = ", ".join(f"'{key}'" for key in keys)
    assert cdc_sandbox.query(f"SELECT count(*) AS n FROM orders WHERE order_id IN ({listed})") == [{"n": 20}]
