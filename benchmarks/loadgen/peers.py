"""Other clients."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvloop

from benchmarks.loadgen.clock import CONCURRENCY, Clock, Measured
from benchmarks.loadgen.workload import KEYS, REGION, TABLE, items, plain_items


def boto3_threads(url: str, seconds: float) -> Measured:
    """boto3's client, shared by threads."""
    boto3 = importlib.import_module("boto3")
    config = importlib.import_module("botocore.config").Config(max_pool_connections=CONCURRENCY)
    client = boto3.client("dynamodb", endpoint_url=url, region_name=REGION, config=config, **KEYS)
    source, lock = items(), threading.Lock()
    clock = Clock(seconds)

    def work() -> None:
        while True:
            with lock:
                item = next(source)
            client.put_item(TableName=TABLE, Item=item)
            with lock:
                if clock.over():
                    return

    threads = [threading.Thread(target=work) for _ in range(CONCURRENCY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clock.measured()


def aioboto3_client(url: str, seconds: float) -> Measured:
    """aioboto3's low-level client with defaults: a pool of 10 connections."""
    return asyncio.run(_aioboto3(url, seconds, "client", None))


def aioboto3_tuned(url: str, seconds: float) -> Measured:
    """aioboto3's low-level client, tuned: uvloop, a large pool, no validation of parameters."""
    config = importlib.import_module("botocore.config").Config(
        max_pool_connections=CONCURRENCY, parameter_validation=False, retries={"total_max_attempts": 1}
    )
    return uvloop.run(_aioboto3(url, seconds, "client", config))


def aioboto3_table(url: str, seconds: float) -> Measured:
    """aioboto3's Table resource, as most code uses it."""
    return asyncio.run(_aioboto3(url, seconds, "resource", None))


async def _aioboto3(url: str, seconds: float, interface: str, config: object) -> Measured:
    session = importlib.import_module("aioboto3").Session(region_name=REGION, **KEYS)
    async with getattr(session, interface)("dynamodb", endpoint_url=url, config=config) as made:
        if interface == "client":
            return await _workers(lambda item: made.put_item(TableName=TABLE, Item=item), items(), seconds)
        table = await made.Table(TABLE)
        return await _workers(lambda item: table.put_item(Item=item), plain_items(), seconds)


def aiodynamo(url: str, seconds: float) -> Measured:
    """aiodynamo over aiohttp, on uvloop."""
    return uvloop.run(_aiodynamo(url, seconds))


async def _aiodynamo(url: str, seconds: float) -> Measured:
    client_module = importlib.import_module("aiodynamo.client")
    credentials = importlib.import_module("aiodynamo.credentials")
    http = importlib.import_module("aiodynamo.http.aiohttp")
    aiohttp = importlib.import_module("aiohttp")
    yarl = importlib.import_module("yarl")
    key = credentials.Key(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:
        client = client_module.Client(
            http.AIOHTTP(session), credentials.StaticCredentials(key), REGION, endpoint=yarl.URL(url)
        )
        table = client.table(TABLE)
        return await _workers(table.put_item, plain_items(), seconds)


async def _workers(
    put: Callable[[dict[str, Any]], Awaitable[object]], source: Iterator[Any], seconds: float
) -> Measured:
    """Coroutines that put one item after the other."""
    clock = Clock(seconds)

    async def work() -> None:
        while True:
            await put(next(source))
            if clock.over():
                return

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return clock.measured()
