"""The clients that `benchmarks.loadgen` measures, each a process that writes as fast as it can.

    python -m benchmarks.loadgen_clients NAME --url URL --seconds 5

Every client keeps CONCURRENCY requests under way, signs them, and puts orders
of about 1 KB with a key of their own. It prints a line of JSON: requests,
items, seconds and processor seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import itertools
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import uvloop

from loadgen import pools
from loadgen.engine import Engine
from loadgen.fast import FastWriter
from loadgen.figures import Figures
from loadgen.keys import Uniform
from loadgen.mix import Mix
from loadgen.orders import Orders
from loadgen.plan import Plan
from loadgen.profile import Constant
from loadgen.reference import ReferenceWriter
from loadgen.writer import Endpoint, Limits, Writer
from loadgen.writes import Call, Outcome, Reply, batch, single

CONCURRENCY = 64
TABLE = "orders"
REGION = "eu-west-1"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
INSERTS = Mix(1, 0, 0)
_SAMPLE = 2000


class Measured(msgspec.Struct):
    """What a client has done, in wall and processor seconds."""

    requests: int
    items: int
    seconds: float
    cpu_s: float


class Clock:
    """Counts from the first request to the last."""

    def __init__(self, seconds: float) -> None:
        self.requests = 0
        self._cpu_s = time.process_time()
        self._begin_s = time.perf_counter()
        self._end_s = self._begin_s + seconds

    def over(self) -> bool:
        """Count a request; whether time is up."""
        self.requests += 1
        return time.perf_counter() >= self._end_s

    def measured(self, items_each: int = 1) -> Measured:
        """All that was counted."""
        seconds, cpu_s = time.perf_counter() - self._begin_s, time.process_time() - self._cpu_s
        return Measured(self.requests, self.requests * items_each, seconds, cpu_s)


def orders() -> Orders:
    """A source of orders."""
    return Orders(pools.build(1), INSERTS, Uniform(), table=TABLE, seed=1, epoch_ns=time.time_ns())


def calls(items_each: int) -> Iterator[Call]:
    """Calls with fresh orders, without end."""
    source = orders()
    writes = map(source.write, source.draws(itertools.count(0, 20_000)))
    if items_each == 1:
        return map(single, writes)
    return (batch(list(itertools.islice(writes, items_each))) for _ in itertools.count())


def items() -> Iterator[dict[str, Any]]:
    """Items in DynamoDB's JSON form, made beforehand, each time with a fresh key: what a client is given."""
    sample = [msgspec.json.decode(call.body)["Item"] for call in itertools.islice(calls(1), _SAMPLE)]
    for number in itertools.count():
        yield sample[number % _SAMPLE] | {"order_id": {"S": f"order-{number:012x}"}}


def plain_items() -> Iterator[dict[str, Any]]:
    """The same as plain Python values, as the resource interfaces take them."""
    deserialize = importlib.import_module("boto3.dynamodb.types").TypeDeserializer().deserialize
    sample = [{name: deserialize(value) for name, value in item.items()} for item in itertools.islice(items(), _SAMPLE)]
    for number in itertools.count():
        yield sample[number % _SAMPLE] | {"order_id": f"order-{number:012x}"}


async def workers(
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


async def writer_loop(writer: Writer, seconds: float, items_each: int) -> Measured:
    """One of our writers, given the next call as soon as one is answered."""
    source = calls(items_each)
    await writer.open(CONCURRENCY)
    done = asyncio.Event()
    clock = Clock(seconds)

    def send() -> None:
        call = next(source)
        call.sent_ns = time.monotonic_ns()
        writer.send(call)

    def on_reply(_: Call, reply: Reply) -> None:
        if reply.outcome is not Outcome.OK:
            raise RuntimeError(f"{reply.code}: {reply.message}")
        if clock.over():
            done.set()
        elif not done.is_set():
            send()

    writer.listen(on_reply)
    for _ in range(CONCURRENCY):
        send()
    await done.wait()
    measured = clock.measured(items_each)
    await writer.close()
    return measured


def fast(url: str, seconds: float) -> Measured:
    """Ours: the fast writer."""
    return uvloop.run(_ours(FastWriter, url, seconds, 1))


def fast_batched(url: str, seconds: float) -> Measured:
    """Ours: the fast writer, 25 items a request."""
    return uvloop.run(_ours(FastWriter, url, seconds, 25))


def reference(url: str, seconds: float) -> Measured:
    """Ours: the reference writer on aioboto3."""
    return uvloop.run(_ours(ReferenceWriter, url, seconds, 1))


async def _ours(kind: Callable[[Endpoint, Limits], Writer], url: str, seconds: float, items_each: int) -> Measured:
    endpoint = Endpoint(
        region=REGION, url=url, access_key=KEYS["aws_access_key_id"], secret_key=KEYS["aws_secret_access_key"]
    )
    return await writer_loop(kind(endpoint, Limits(connections=CONCURRENCY)), seconds, items_each)


def whole(url: str, seconds: float) -> Measured:
    """Ours: the whole load generator, asked for more than it can do; what was acknowledged counts."""
    return uvloop.run(_whole(url, seconds))


async def _whole(url: str, seconds: float) -> Measured:
    plan = Plan(profile=Constant(200_000.0, seconds), seed=1, mix=INSERTS, max_in_flight=CONCURRENCY)
    writer = FastWriter(
        Endpoint(region=REGION, url=url, access_key="AKIDEXAMPLE", secret_key="secret"),  # noqa: S106 - no secret
        Limits(connections=CONCURRENCY),
    )
    source = orders()
    await writer.open(CONCURRENCY)
    start_ns = time.monotonic_ns()
    figures = Figures(start_ns, 0)
    engine = Engine(plan, source, writer, figures, start_ns=start_ns, keys={TABLE: ("order_id",)})
    clock = Clock(seconds)
    await engine.run()
    clock.requests = figures.measured.counts().acked
    measured = clock.measured()
    await writer.close()
    return measured


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
            if clock.over():
                return

    threads = [threading.Thread(target=work) for _ in range(CONCURRENCY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return clock.measured()


def aioboto3_client(url: str, seconds: float) -> Measured:
    """aioboto3's low-level client as it comes: a pool of 10 connections."""
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
            return await workers(lambda item: made.put_item(TableName=TABLE, Item=item), items(), seconds)
        table = await made.Table(TABLE)
        return await workers(lambda item: table.put_item(Item=item), plain_items(), seconds)


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
        return await workers(table.put_item, plain_items(), seconds)


def locust_boto3(url: str, seconds: float) -> Measured:
    """Locust's users with boto3 under gevent, as its documentation shows for other protocols."""
    importlib.import_module("gevent.monkey").patch_all()
    gevent = importlib.import_module("gevent")
    locust = importlib.import_module("locust")
    boto3 = importlib.import_module("boto3")
    config = importlib.import_module("botocore.config").Config(max_pool_connections=CONCURRENCY)
    client = boto3.client("dynamodb", endpoint_url=url, region_name=REGION, config=config, **KEYS)
    source = items()

    def put(user: Any) -> None:
        begin = time.perf_counter()
        client.put_item(TableName=TABLE, Item=next(source))
        user.environment.events.request.fire(
            request_type="dynamodb",
            name="PutItem",
            response_time=(time.perf_counter() - begin) * 1e3,
            response_length=2,
            exception=None,
            context={},
        )

    writer = type("Writer", (locust.User,), {"tasks": [put], "wait_time": locust.constant(0)})
    environment = importlib.import_module("locust.env").Environment(user_classes=[writer])
    runner = environment.create_local_runner()
    runner.start(CONCURRENCY, spawn_rate=CONCURRENCY)
    while runner.user_count < CONCURRENCY:
        gevent.sleep(0.05)
    before = environment.stats.total.num_requests
    clock = Clock(seconds)
    gevent.sleep(seconds)
    clock.requests = environment.stats.total.num_requests - before
    measured = clock.measured()
    runner.quit()
    return measured


CLIENTS: dict[str, Callable[[str, float], Measured]] = {
    "boto3 threads": boto3_threads,
    "locust boto3": locust_boto3,
    "aioboto3 table": aioboto3_table,
    "aioboto3 client": aioboto3_client,
    "aioboto3 tuned": aioboto3_tuned,
    "aiodynamo": aiodynamo,
    "loadgen aioboto3": reference,
    "loadgen whole": whole,
    "loadgen fast": fast,
    "loadgen fast, batches of 25": fast_batched,
}


def main() -> None:
    """Measure one client."""
    parser = argparse.ArgumentParser(description="Write as fast as one client can.")
    parser.add_argument("name", choices=CLIENTS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    measured = CLIENTS[arguments.name](arguments.url, arguments.seconds)
    print(json.dumps(msgspec.to_builtins(measured)))


if __name__ == "__main__":
    main()
