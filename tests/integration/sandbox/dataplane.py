"""The server, a proxy that can fail, and the workers: helpers of the data plane's tests."""

from __future__ import annotations

import io
import json
import signal
import socket
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sandbox.functions.config import host_architecture, host_runtime
from sandbox.state import ACCOUNT_ID, StateDir, client
from tests.forked import ForkedProcess
from tests.integration.sandbox.provider.calls import trusting
from tests.serving import serving

ROOT = Path(__file__).parents[3]
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/any"


def wait_until(condition: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    """Poll the condition and return its first true value; fail the test after a timeout.

    A KeyError counts as false: a worker's status lacks a resource that it has not found yet.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        value = None
        with suppress(KeyError):
            value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        threading.Event().wait(0.05)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        assert isinstance(self.server, FaultyProxy)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.server.fault(self.headers.get("X-Amz-Target", ""), f"{self.command} {self.path}")
        if status is not None:
            self._reply(status, {}, b"")
            return
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            self._reply(answer.status, dict(answer.getheaders()), answer.read())
        except OSError:
            self._reply(503, {}, b"")
        finally:
            connection.close()

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _handle  # noqa: N815 - what http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's name in http.server
        pass


class FaultyProxy(ThreadingHTTPServer):
    """A proxy between the workers and the server.

    `fault(target, "METHOD path")` returns the status with which a request fails, or None.
    """

    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.port = port
        self.fault: Callable[[str, str], int | None] = lambda _target, _request: None
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the broken connections of a killed worker."""


@dataclass
class Worker:
    process: ForkedProcess
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@dataclass
class Sandbox:
    """A server with its state directory, a proxy in front, and the workers started so far, which use the proxy."""

    endpoint_url: str
    state: StateDir
    proxy: FaultyProxy
    workers: list[Worker] = field(default_factory=list[Worker])
    clients: dict[str, Any] = field(default_factory=dict[str, Any])

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = client(service, self.endpoint_url)
        return self.clients[service]

    def start(self, name: str) -> Worker:
        log = self.state.logs / f"{name}-{uuid.uuid4()}.log"
        proxy = f"http://127.0.0.1:{self.proxy.server_address[1]}"
        arguments = ["--endpoint-url", proxy, "--state-dir", str(self.state.path)]
        process = ForkedProcess(f"sandbox.{name}", arguments, log, {"SANDBOX_REGION": REGION})
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def end_workers(self) -> None:
        for worker in self.workers:
            worker.process.end()
        self.workers.clear()
        self.proxy.fault = lambda _target, _request: None

    def remove_all(self) -> None:
        """Delete the resources that a later worker would process."""
        pipes, firehose = self.client("pipes"), self.client("firehose")
        for pipe in pipes.list_pipes()["Pipes"]:
            pipes.delete_pipe(Name=pipe["Name"])
        for name in firehose.list_delivery_streams()["DeliveryStreamNames"]:
            firehose.delete_delivery_stream(DeliveryStreamName=name)

    def status(self, name: str) -> dict[str, Any]:
        return self.state.read_json(f"status/{name}.json") or {}

    # Resources

    def table(self, name: str) -> str:
        """Create a table with a stream; return the stream's ARN."""
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]

    def stream(self, name: str, shards: int = 1) -> str:
        """Create a Kinesis stream; return its ARN."""
        kinesis = self.client("kinesis")
        kinesis.create_stream(StreamName=name, ShardCount=shards)
        return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]

    def pipe(self, name: str, source: str, target: str, **parameters: Any) -> None:
        """Create a pipe; `parameters` are those of DynamoDBStreamParameters, except filters and template."""
        filters: list[str] = parameters.pop("filters", [])
        template: str | None = parameters.pop("template", None)
        key: str = parameters.pop("key", "$.dynamodb.Keys.id.S")
        enrichment: dict[str, str] = {"Enrichment": arn} if (arn := parameters.pop("enrichment", "")) else {}
        source_parameters: dict[str, Any] = {
            "DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", **parameters}
        }
        if filters:
            source_parameters["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in filters]}
        target_parameters: dict[str, Any] = {"KinesisStreamParameters": {"PartitionKey": key}}
        if template is not None:
            target_parameters["InputTemplate"] = template
        self.client("pipes").create_pipe(
            Name=name,
            RoleArn=ROLE,
            Source=source,
            SourceParameters=source_parameters,
            Target=target,
            TargetParameters=target_parameters,
            **enrichment,
        )

    def delivery_stream(self, name: str, source: str, bucket: str, **destination: Any) -> None:
        """Create a bucket and a delivery stream that delivers without buffering."""
        self.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.client("firehose").create_delivery_stream(
            DeliveryStreamName=name,
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": source, "RoleARN": role(self)},
            ExtendedS3DestinationConfiguration={
                "RoleARN": role(self),
                "BucketARN": f"arn:aws:s3:::{bucket}",
                "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 64},
                **destination,
            },
        )

    def function(self, name: str, source: str, **configuration: Any) -> str:
        """Create a function from one file index.py; return its ARN."""
        files: dict[str, str] = {"index.py": source} | configuration.pop("files", {})
        code = zipped(files)
        arguments: dict[str, Any] = {
            "Runtime": host_runtime(),
            "Architectures": [host_architecture()],
            "Handler": "index.handler",
            "Timeout": 10,
            **configuration,
        }
        made = self.client("lambda").create_function(
            FunctionName=name, Role=role(self), Code={"ZipFile": code}, **arguments
        )
        return made["FunctionArn"]

    # Results

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Return all records of a Kinesis stream."""
        kinesis = self.client("kinesis")
        records: list[dict[str, Any]] = []
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records += kinesis.get_records(ShardIterator=iterator)["Records"]
        return records

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Return all objects of a bucket by their keys."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def lines(self, bucket: str, prefix: str = "") -> list[dict[str, Any]]:
        """Return the JSON lines of all objects under a prefix."""
        return [json.loads(line) for body in self.objects(bucket, prefix).values() for line in body.splitlines()]


def zipped(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def role(sandbox: Sandbox) -> str:
    """Return the ARN of an existing role, which Lambda and Firehose require."""
    iam = sandbox.client("iam")
    try:
        return iam.get_role(RoleName="any")["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        return iam.create_role(RoleName="any", AssumeRolePolicyDocument=trusting("lambda", "firehose"))["Role"]["Arn"]


@contextmanager
def running(state_dir: Path) -> Generator[Sandbox]:
    """A server in a separate process and the proxy in front; no process remains at the end."""
    port = free_port()
    arguments = ["--port", str(port), "--state-dir", str(state_dir)]
    server = ForkedProcess("sandbox.server", arguments, state_dir / "server.log", {"SANDBOX_REGION": REGION})
    proxy = FaultyProxy(port)
    sandbox = Sandbox(f"http://127.0.0.1:{port}", StateDir(state_dir), proxy)
    with serving(proxy):
        try:
            wait_until(lambda: sandbox.state.read_json("server.json"), "the server to listen", 60)
            yield sandbox
        finally:
            sandbox.end_workers()
            server.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# DynamoDB in, Kinesis out


def put(sandbox: Sandbox, table: str, *ids: str, **attributes: dict[str, str]) -> None:
    dynamodb = sandbox.client("dynamodb")
    for id_ in ids:
        dynamodb.put_item(TableName=table, Item={"id": {"S": id_}, **attributes})


def events(sandbox: Sandbox, stream: str) -> list[dict[str, Any]]:
    return [json.loads(record["Data"]) for record in sandbox.records(stream)]


def ids(sandbox: Sandbox, stream: str) -> list[str]:
    return [event["dynamodb"]["Keys"]["id"]["S"] for event in events(sandbox, stream)]


def arrived(sandbox: Sandbox, stream: str, count: int) -> list[str]:
    return wait_until(lambda: len(found := ids(sandbox, stream)) >= count and found, f"{count} records in {stream}")
