"""Forwarding, with a service that echoes its requests."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from sandbox.state import ACCOUNT_ID, client
from tests.serving import serving


class Echo(BaseHTTPRequestHandler):
    """Returns the request, or the error that the body requests."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(200, {"path": self.path, "headers": dict(self.headers.items()), "body": body.decode()})

    def reply(self, status: int, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Length", str(len(body)))
        # A kept-alive connection would still be served when the service is down.
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass

    def address_string(self) -> str:
        return "unix"


class UnixServer(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


@pytest.fixture
def echo(sandbox_server: Any) -> Iterator[Path]:
    path: Path = sandbox_server.state.socket("functions")
    path.unlink(missing_ok=True)
    with serving(UnixServer(str(path), Echo)):
        yield path
    path.unlink()


@pytest.fixture(scope="module")
def zip_file() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context): return event")
    return content.getvalue()


@pytest.fixture(scope="module")
def function(sandbox_server: Any, zip_file: bytes) -> str:
    trust = {
        "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    }
    role = client("iam", sandbox_server.endpoint_url).create_role(
        RoleName="services-test", AssumeRolePolicyDocument=json.dumps(trust)
    )
    created = client("lambda", sandbox_server.endpoint_url).create_function(
        FunctionName="echo",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="handler.handle",
        Code={"ZipFile": zip_file},
    )
    return created["FunctionArn"]


def test_an_invocation_reaches_the_service_as_it_was_sent(sandbox_server: Any, echo: Path, function: str) -> None:
    lambda_ = client("lambda", sandbox_server.endpoint_url)

    answer = lambda_.invoke(FunctionName=function, Payload=b'{"a": 1}', Qualifier="$LATEST", LogType="Tail")

    sent = json.loads(answer["Payload"].read())
    assert sent["body"] == '{"a": 1}'
    assert sent["path"].startswith("/2015-03-31/functions/arn%3Aaws%3Alambda%3A")
    assert sent["path"].endswith("/invocations?Qualifier=%24LATEST")
    headers = {name.lower(): value for name, value in sent["headers"].items()}
    assert headers["x-amz-log-type"] == "Tail"
    assert "Credential=sandbox/" in headers["authorization"]
    assert answer["FunctionError"] == "Unhandled"
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("lambda", "invoke", {"FunctionName": "echo"}),
        ("athena", "start_query_execution", {"QueryString": "SELECT 1"}),
        ("athena", "get_query_execution", {"QueryExecutionId": "x"}),
        ("glue", "start_crawler", {"Name": "x"}),
    ],
)
def test_a_service_that_is_not_up_is_unavailable(
    sandbox_server: Any, service: str, operation: str, parameters: dict[str, str]
) -> None:
    worker = {"lambda": "functions", "glue": "crawlers"}.get(service, service)
    if sandbox_server.state.socket(worker).exists():
        pytest.skip("another file's tests have started this worker for the server that they share")
    with pytest.raises(ClientError, match=r"service does not respond .*run `python -m sandbox up`") as refused:
        getattr(client(service, sandbox_server.endpoint_url), operation)(**parameters)

    error: Any = refused.value
    assert error.response["Error"]["Code"] == "ServiceUnavailableException"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_other_calls_of_these_services_are_motos(sandbox_server: Any) -> None:
    url = sandbox_server.endpoint_url

    groups = client("athena", url).list_work_groups()["WorkGroups"]
    assert "primary" in [group["Name"] for group in groups]
    client("glue", url).create_database(DatabaseInput={"Name": "others"})
    assert client("glue", url).get_database(Name="others")["Database"]["Name"] == "others"
    assert client("sts", url).get_caller_identity()["Account"] == ACCOUNT_ID


def test_a_functions_zip_is_to_be_had(sandbox_server: Any, function: str, zip_file: bytes) -> None:
    for name in ("echo", function):
        with urlopen(f"{sandbox_server.endpoint_url}/_sandbox/functions/{name}/code") as answer:
            assert answer.read() == zip_file

    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{sandbox_server.endpoint_url}/_sandbox/functions/missing/code")


def test_a_message_is_sent_while_another_call_waits_for_it(sandbox_server: Any) -> None:
    receiver, sender = (client("sqs", sandbox_server.endpoint_url) for _ in range(2))
    url = sender.create_queue(QueueName="waited-for")["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(receiver.receive_message, QueueUrl=url, WaitTimeSeconds=20)

        sender.send_message(QueueUrl=url, MessageBody="here")

    assert [message["Body"] for message in received.result()["Messages"]] == ["here"]
