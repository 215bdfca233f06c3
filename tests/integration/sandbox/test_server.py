from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from zlib import crc32

import pytest

from sandbox.state import StateDir, client
from tests.forked import ForkedProcess


def test_the_server_says_where_it_is(sandbox_server: Any) -> None:
    stored = sandbox_server.state.read_json("server.json")

    assert stored["endpoint_url"] == sandbox_server.endpoint_url
    assert stored["pid"] == sandbox_server.process.pid
    with urlopen(f"{sandbox_server.endpoint_url}/_sandbox/health") as answer:
        assert json.load(answer) == {"status": "ok"}


def test_only_this_machine_can_reach_it(sandbox_server: Any) -> None:
    port = sandbox_server.state.read_json("server.json")["port"]
    addresses = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}

    for address in addresses:
        if address.startswith("127."):
            continue
        with socket.socket() as probe:
            probe.settimeout(1)
            assert probe.connect_ex((address, port)) != 0


def test_answers_have_what_clients_check(sandbox_server: Any) -> None:
    dynamodb = client("dynamodb", sandbox_server.endpoint_url)
    dynamodb.create_table(
        TableName="checked",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
    )
    key = {"TableName": "checked", "Key": {"k": {"S": "a"}}}
    calls: list[tuple[str, bytes, int, str | None]] = [
        ("GetItem", json.dumps(key).encode(), 200, None),
        (
            "DeleteItem",
            json.dumps(key | {"ConditionExpression": "attribute_exists(k)"}).encode(),
            400,
            "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        ),
        ("PutItem", b"this is not JSON", 400, "com.amazon.coral.service#SerializationException"),
    ]
    port = sandbox_server.state.read_json("server.json")["port"]
    connection = HTTPConnection("127.0.0.1", port)
    try:
        for operation, body, status, kind in calls:
            headers = {
                "X-Amz-Target": f"DynamoDB_20120810.{operation}",
                "Content-Type": "application/x-amz-json-1.0",
                "Authorization": "AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-1/dynamodb/aws4_request",
            }
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == status
            assert json.loads(content).get("__type") == kind
            assert answer.headers["x-amz-crc32"] == str(crc32(content))
            assert len(answer.headers["x-amzn-requestid"]) == 52
            assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    finally:
        connection.close()


def test_many_clients_at_once_are_answered_in_turn(sandbox_server: Any) -> None:
    sqs = client("sqs", sandbox_server.endpoint_url)
    url = sqs.create_queue(QueueName="many")["QueueUrl"]
    failures: list[Exception] = []

    def send() -> None:
        own = client("sqs", sandbox_server.endpoint_url)
        try:
            for number in range(5):
                own.send_message(QueueUrl=url, MessageBody=str(number))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "40"
    assert url.startswith(sandbox_server.endpoint_url)


def test_it_stops_cleanly_when_asked(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "sandbox.server", "--port", str(port), "--state-dir", str(tmp_path)]
    state = StateDir(tmp_path)

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        deadline = time.monotonic() + 60
        while state.read_json("server.json") is None and time.monotonic() < deadline:
            assert server.poll() is None
            time.sleep(0.05)
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=30)

    assert server.returncode == 0
    assert state.read_json("server.json") is None
    assert [line.partition(": ")[2] for line in log.splitlines()] == [
        f"listening at http://127.0.0.1:{port}",
        "stopped",
    ]


def test_half_a_request_is_no_request(sandbox_server: Any) -> None:
    s3 = client("s3", sandbox_server.endpoint_url)
    s3.create_bucket(Bucket="halves", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    port = sandbox_server.state.read_json("server.json")["port"]
    authorization = "AWS4-HMAC-SHA256 Credential=sandbox/20260101/eu-west-1/s3/aws4_request, Signature=0"

    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"PUT /halves/key HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Length: 10\r\n\r\n"
        connection.sendall(head.encode() + b"half ")

    s3.put_object(Bucket="halves", Key="whole", Body=b"")
    assert [listed["Key"] for listed in s3.list_objects_v2(Bucket="halves")["Contents"]] == ["whole"]


def test_no_page_in_a_browser_may_read_its_answers(sandbox_server: Any) -> None:
    port = sandbox_server.state.read_json("server.json")["port"]
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/", headers={"Origin": "https://elsewhere.example"})
        answer = connection.getresponse()
        answer.read()
        assert answer.headers["access-control-allow-origin"] is None
    finally:
        connection.close()


def test_http_2_clients_are_answered_too(sandbox_server: Any) -> None:
    port = sandbox_server.state.read_json("server.json")["port"]
    path = b"/_sandbox/health"
    # RFC 9113, RFC 7541: the preface, empty SETTINGS, and GET by static indices and literals without indexing.
    fields = b"\x82\x86\x04" + bytes([len(path)]) + path + b"\x01\x01x"
    headers = len(fields).to_bytes(3, "big") + b"\x01\x05\x00\x00\x00\x01" + fields

    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" + headers)
        received = b""
        while b'{"status":"ok"}' not in received:
            part = connection.recv(4096)
            assert part, received
            received += part


def test_a_process_that_does_not_end_in_time_says_what_its_threads_do(sandbox_server: Any) -> None:
    with pytest.raises(subprocess.TimeoutExpired, match=r"hread 0x\w+[^\n]*\n +File "):
        sandbox_server.process.wait(timeout=0.1)
    assert sandbox_server.process.poll() is None


def test_servers_draw_different_identifiers(tmp_path: Path) -> None:
    """Otherwise a restarted server would assign existing messages' identifiers to new ones."""
    drawn: list[list[int]] = []
    for name in ("first", "second"):
        log = tmp_path / name
        assert ForkedProcess("tests.integration.sandbox.drawn_by_server", [], log).wait(60) == 0, log.read_text()
        drawn.append(json.loads(log.read_text()))

    assert len(drawn[0]) == len(drawn[1]) >= 2, "Python's and moto's"
    assert not {*drawn[0]} & {*drawn[1]}
