"""Locust's users with boto3 under gevent, as its documentation shows for other protocols.

gevent must patch the standard library before any other import.
"""

from __future__ import annotations

import importlib
import time
from typing import Any

from benchmarks.loadgen.clock import CONCURRENCY, Clock, Measured

_WARM_UP_S = 0.5


def boto3(url: str, seconds: float) -> Measured:
    """Users that put one item after another; Locust's statistics count them."""
    importlib.import_module("gevent.monkey").patch_all()
    gevent = importlib.import_module("gevent")
    locust = importlib.import_module("locust")
    workload = importlib.import_module("benchmarks.loadgen.workload")
    config = importlib.import_module("botocore.config").Config(max_pool_connections=CONCURRENCY)
    client = importlib.import_module("boto3").client(
        "dynamodb", endpoint_url=url, region_name=workload.REGION, config=config, **workload.KEYS
    )
    source = workload.items()

    def put(user: Any) -> None:
        begin = time.perf_counter()
        client.put_item(TableName=workload.TABLE, Item=next(source))
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
    clock = Clock(seconds)
    runner.start(CONCURRENCY, spawn_rate=CONCURRENCY)
    while runner.user_count < CONCURRENCY:
        gevent.sleep(0.05)
    gevent.sleep(_WARM_UP_S)
    clock.begin()
    before = environment.stats.total.num_requests
    gevent.sleep(seconds)
    clock.requests = environment.stats.total.num_requests - before
    measured = clock.measured()
    runner.quit()
    if environment.stats.total.num_failures or environment.runner.exceptions:
        raise RuntimeError(f"users failed: {environment.runner.exceptions}")
    return measured
