"""A DynamoDB to write to: the sandbox's server, and a new table for each test."""

import importlib
import ssl
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from benchmarks.loadgen.server import make_certificate
from tests.conftest import SandboxServer
from tests.integration.loadgen.order_table import CREDENTIALS, REGION, OrderTable

_NUMBERS = count()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for localhost, and the context of a server with it."""
    path, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, key)
    return path, context


@pytest.fixture
def order_table(sandbox_server: SandboxServer) -> Iterator[OrderTable]:
    boto3: Any = importlib.import_module("boto3")
    client = boto3.client("dynamodb", endpoint_url=sandbox_server.endpoint_url, region_name=REGION, **CREDENTIALS)
    table = OrderTable(f"orders-{next(_NUMBERS)}", sandbox_server.endpoint_url, client)
    client.create_table(
        TableName=table.name,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield table
    client.delete_table(TableName=table.name)
    client.close()
