"""Sends calls to DynamoDB Local, and starts it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tests.oracle.generate import TABLES, Call, Json

VERSION = "3.3.1"
JARS = Path(os.environ.get("DYNAMODB_LOCAL", ".build/dynamodb-local")).resolve()
"""The directory of DynamoDB Local and its dependencies; `make test-oracle` fills it with Maven."""
_MAIN = "software.amazon.dynamodb.services.local.main.ServerRunner"
_START_TIMEOUT_S = 180.0
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
    "X-Amz-Date": "20260101T000000Z",
}


class Endpoint:
    """A DynamoDB at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def call(self, operation: str, request: Json, service: str = "DynamoDB_20120810") -> Json:
        """Return the response; for an error its name, message and other members."""
        headers = _HEADERS | {"X-Amz-Target": f"{service}.{operation}"}
        try:
            with urlopen(Request(self._url, json.dumps(request).encode(), headers), timeout=30) as answer:
                return json.loads(answer.read() or b"{}")
        except HTTPError as error:
            body: Json = json.loads(error.read())
            message = body.pop("message", body.pop("Message", ""))
            return {"error": body.pop("__type").rpartition("#")[2], "message": message, **body}

    def fresh_tables(self) -> None:
        """Recreate the tables, empty, with streams."""
        for name, table in TABLES.items():
            self.call("DeleteTable", {"TableName": name})
            self.call("CreateTable", _creation(name, table))

    def session(self, calls: list[Call]) -> tuple[list[Json], list[Any]]:
        """Return the responses to calls on new tables, and the records of the tables' streams."""
        self.fresh_tables()
        answers = [self.call(operation, request) for operation, request in calls]
        return answers, [change for name in TABLES for change in self._changes(name)]

    def _changes(self, name: str) -> list[Any]:
        arn = self.call("DescribeTable", {"TableName": name})["Table"]["LatestStreamArn"]
        streams = "DynamoDBStreams_20120810"
        shards = self.call("DescribeStream", {"StreamArn": arn}, streams)["StreamDescription"]["Shards"]
        changes: list[Any] = []
        for shard in shards:
            start = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = self.call("GetShardIterator", start, streams)["ShardIterator"]
            for record in self.call("GetRecords", {"ShardIterator": iterator}, streams)["Records"]:
                change = record["dynamodb"]
                changes.append([name, record["eventName"], change.get("OldImage"), change.get("NewImage")])
        return changes


@contextmanager
def local(port: int) -> Generator[Endpoint]:
    """DynamoDB Local in memory, on a port of this machine."""
    command = ["java", f"-Djava.library.path={JARS}", "-cp", f"{JARS}/*", _MAIN, "-inMemory", "-port", str(port)]
    # It writes a file of metadata into its working directory.
    with TemporaryDirectory() as directory:
        process = subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield _answering(process, Endpoint(f"http://127.0.0.1:{port}/"))
        finally:
            process.terminate()
            process.wait()


def _answering(process: subprocess.Popen[bytes], endpoint: Endpoint) -> Endpoint:
    """Return the endpoint when it responds. Raises: URLError: it does not start."""
    end_s = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            endpoint.call("ListTables", {})
        except URLError:
            if time.monotonic() > end_s or process.poll() is not None:
                raise
            time.sleep(0.2)
        else:
            return endpoint


def _creation(name: str, table: Json) -> Json:
    def keys(elements: Any) -> list[Json]:
        return [{"AttributeName": attribute, "KeyType": kind} for attribute, kind in elements]

    creation: Json = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys(table["KeySchema"]),
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in table["Definitions"].items()
        ],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    if "Index" in table:
        projection = {"ProjectionType": "ALL"}
        creation["GlobalSecondaryIndexes"] = [
            {"IndexName": "by-g", "KeySchema": keys(table["Index"]), "Projection": projection}
        ]
    return creation
