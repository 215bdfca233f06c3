"""Helpers of the tests of the sandbox's Athena and crawlers: the worker, and a test's bucket and database."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from sandbox.state import StateDir, client
from tests.forked import ForkedProcess

_WAIT_S = 60.0


class Place(NamedTuple):
    """A test's bucket, database and workgroup at the endpoint."""

    name: str
    athena: Any
    glue: Any
    s3: Any

    def start(self, sql: str, **options: Any) -> str:
        return self.athena.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": self.name}, WorkGroup=self.name, **options
        )["QueryExecutionId"]

    def finished(self, execution_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + _WAIT_S
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if execution["Status"]["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"}:
                return execution
            assert time.monotonic() < deadline, execution
            threading.Event().wait(0.02)

    def rows(self, sql: str, **options: Any) -> list[list[str | None]]:
        """Return a statement's rows, including the header."""
        execution = self.finished(self.start(sql, **options))
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        return [[d.get("VarCharValue") for d in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]

    def put_rows(self, key: str, *rows: object) -> None:
        body = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())
        self.s3.put_object(Bucket=self.name, Key=key, Body=body)


@contextmanager
def worker(module: str, endpoint_url: str, state: StateDir) -> Generator[ForkedProcess]:
    """Run a worker process, and stop it like the sandbox does."""
    name = module.rpartition(".")[2]
    status = state.status / f"{name}.json"
    status.unlink(missing_ok=True)
    arguments = ["--endpoint-url", endpoint_url, "--state-dir", str(state.path)]
    with ForkedProcess(module, arguments, state.path / f"{name}.log") as process:
        try:
            deadline = time.monotonic() + _WAIT_S
            while not status.exists():
                assert process.poll() is None, (state.path / f"{name}.log").read_text()
                assert time.monotonic() < deadline
                threading.Event().wait(0.05)
            yield process
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def ask(state: StateDir, target: str, body: object) -> dict[str, Any]:
    """Make a call directly over the service's Unix socket."""
    connection = _UnixConnection(str(state.socket("athena")))
    try:
        connection.request("POST", "/", json.dumps(body), {"X-Amz-Target": f"AmazonAthena.{target}"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@cache
def shared_client(service: str, endpoint_url: str) -> Any:
    """Return a cached client of a service: creating one takes half a second."""
    return client(service, endpoint_url)


def new_place(endpoint_url: str) -> Place:
    clients = [shared_client(service, endpoint_url) for service in ("athena", "glue", "s3")]
    place = Place(f"athena-{uuid.uuid4().hex[:8]}", *clients)
    place.s3.create_bucket(Bucket=place.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    place.glue.create_database(DatabaseInput={"Name": place.name})
    results = {"OutputLocation": f"s3://{place.name}/results/"}
    place.athena.create_work_group(
        Name=place.name, Configuration={"ResultConfiguration": results, "EnforceWorkGroupConfiguration": True}
    )
    return place
