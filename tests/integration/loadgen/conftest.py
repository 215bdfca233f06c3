"""A DynamoDB to write to: moto's server in a thread, and a new table for each test."""

import importlib
import ssl
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from benchmarks.loadgen.server import make_certificate
from tests.integration.loadgen.order_table import CREDENTIALS, REGION, OrderTable

_NUMBERS = count()


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost that signs itself, and the context of a server that has it."""
    path, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, key)
    return path, context


@pytest.fixture
def order_table(moto_endpoint: str) -> Iterator[OrderTable]:
    boto3: Any = importlib.import_module("boto3")
    client = boto3.client("dynamodb", endpoint_url=moto_endpoint, region_name=REGION, **CREDENTIALS)
    table = OrderTable(f"orders-{next(_NUMBERS)}", moto_endpoint, client)
    client.create_table(
        TableName=table.name,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield table
    client.delete_table(TableName=table.name)
    client.close()
