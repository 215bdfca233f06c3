"""The load generator from Python: what `loadgen` exports, and the example that uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import loadgen
from loadgen import Endpoint, Mix, Plan, load_report, profile, run
from stack import UserError
from tests.integration.loadgen.order_table import CREDENTIALS, REGION, OrderTable

_ROOT = Path(loadgen.__file__).resolve().parents[1]


def at(table: OrderTable) -> Endpoint:
    return Endpoint(
        region=REGION,
        url=table.endpoint_url,
        access_key=CREDENTIALS["aws_access_key_id"],
        secret_key=CREDENTIALS["aws_secret_access_key"],
    )


def test_every_exported_name_is_there() -> None:
    assert all(getattr(loadgen, name) is not None for name in loadgen.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'walk'"):
        getattr(loadgen, "walk")  # noqa: B009


def test_a_run_from_python_writes_the_orders_and_returns_the_report(order_table: OrderTable, tmp_path: Path) -> None:
    plan = Plan(profile=profile("constant", 60, 1, 0), seed=3, mix=Mix(1, 0, 0))
    seconds: list[int] = []
    report = run(plan, at(order_table), table=order_table.name, on_row=lambda row: seconds.append(row.second))
    assert report.counts.planned == report.counts.due == 60
    assert report.counts.acked == len(order_table.items()) > 0
    assert seconds == list(range(len(seconds)))
    report.save(tmp_path / "report.json")
    assert load_report(tmp_path / "report.json") == report


def test_a_table_that_is_not_there_is_named(order_table: OrderTable) -> None:
    with pytest.raises(UserError, match="There is no table 'elsewhere'"):
        run(Plan(profile=profile("constant", 1, 1, 0), seed=3), at(order_table), table="elsewhere")


def test_the_example_runs(order_table: OrderTable) -> None:
    name = f"{order_table.name}-readings"
    client: Any = order_table.client
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    options = ["--table", name, "--region", REGION, "--endpoint-url", order_table.endpoint_url, "--seconds", "1"]
    credentials = {key.upper(): value for key, value in CREDENTIALS.items()}
    done = subprocess.run(
        [sys.executable, str(_ROOT / "examples" / "readings.py"), *options, "--rps", "40"],
        env={**os.environ, **credentials, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    items = client.scan(TableName=name)["Items"]
    client.delete_table(TableName=name)
    # Exit code 1 is a threshold that does not hold, as on a busy machine.
    assert done.returncode in (0, 1), done.stderr
    assert "writes/s, intended p99" in done.stdout
    assert "second 0: " in done.stdout
    assert any("celsius" in item for item in items)
    assert any("last_reading" in item for item in items)
