"""The lean AWS-JSON client, against a real HTTP server on this machine."""

from __future__ import annotations

from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from sandbox.awsjson import AwsJson, HttpClient, RemoteError, ServiceResponse, UnreachableError, service_error
from tests.serving import serving


class Endpoint(ThreadingHTTPServer):
    """Answers with the next of `answers`, and closes the connection behind those marked so."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, bytes, bool]] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server, Endpoint)
        self.server.connections += 1

    def do_POST(self) -> None:
        assert isinstance(self.server, Endpoint)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers.items()), body))
        status, answer, closes = self.server.answers.pop(0)
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = closes

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's name in http.server
        pass


@pytest.fixture
def endpoint() -> Generator[Endpoint]:
    server = Endpoint()
    with serving(server):
        yield server


def test_a_call_names_its_operation_and_its_service_and_region(endpoint: Endpoint) -> None:
    endpoint.answers = [(200, b'{"ShardIterator":"i"}', False)]
    kinesis = AwsJson(endpoint.url, "kinesis", "eu-west-3")

    answer = kinesis.call("GetShardIterator", {"ShardId": "s", "Data": b"\x00\xff"}, dict[str, str])
    kinesis.close()

    headers, body = endpoint.requests[0]
    assert answer == {"ShardIterator": "i"}
    assert headers["X-Amz-Target"] == "Kinesis_20131202.GetShardIterator"
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert "/eu-west-3/kinesis/aws4_request" in headers["Authorization"]
    assert msgspec.json.decode(body) == {"ShardId": "s", "Data": "AP8="}


def test_calls_share_one_connection(endpoint: Endpoint) -> None:
    endpoint.answers = [(200, b"{}", False)] * 5
    client = AwsJson(endpoint.url, "kinesis", "eu-west-1")
    for _ in range(5):
        client.call("ListShards", {}, dict[str, Any])
    client.close()
    assert endpoint.connections == 1


def test_a_connection_closed_while_idle_is_opened_again(endpoint: Endpoint) -> None:
    endpoint.answers = [(200, b"1", True), (200, b"2", False)]
    client = HttpClient(endpoint.url)
    assert [client.request("POST", "/", b"").body for _ in range(2)] == [b"1", b"2"]
    client.close()


def test_an_operation_without_a_result_may_answer_nothing(endpoint: Endpoint) -> None:
    endpoint.answers = [(200, b"", False)]
    client = AwsJson(endpoint.url, "logs", "eu-west-1")
    assert client.call("CreateLogGroup", {}, dict[str, Any]) == {}
    client.close()


def test_a_service_error_has_its_code_message_and_status(endpoint: Endpoint) -> None:
    endpoint.answers = [(400, b'{"__type":"com.amazonaws#ResourceNotFoundException","message":"no stream"}', False)]
    client = AwsJson(endpoint.url, "kinesis", "eu-west-1")
    with pytest.raises(RemoteError) as caught:
        client.call("ListShards", {}, dict[str, Any])
    client.close()
    error = caught.value
    assert (error.status, error.code, error.message) == (400, "ResourceNotFoundException", "no stream")
    assert not error.is_outage
    assert not error.is_throttle


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (ServiceResponse(500, {}, b"<html>"), "HTTP 500"),
        (
            ServiceResponse(429, {"x-amzn-errortype": "TooManyRequestsException:http://x"}, b"{}"),
            "TooManyRequestsException",
        ),
        (ServiceResponse(400, {}, b'["not an object"]'), "HTTP 400"),
    ],
)
def test_an_error_is_built_from_any_response(response: ServiceResponse, code: str) -> None:
    assert service_error(response).code == code


def test_throttles_and_outages_are_distinguished() -> None:
    assert service_error(ServiceResponse(429, {}, b'{"__type":"TooManyRequestsException"}')).is_throttle
    assert service_error(ServiceResponse(503, {}, b"")).is_outage


def test_an_unreachable_endpoint(endpoint: Endpoint) -> None:
    url = endpoint.url
    endpoint.server_close()
    client = AwsJson(url, "kinesis", "eu-west-1")
    with pytest.raises(UnreachableError, match="no response from the endpoint"):
        client.call("ListShards", {}, dict[str, Any])


def test_an_answer_in_another_protocol(endpoint: Endpoint) -> None:
    endpoint.answers = [(200, b"<html>", False)]
    client = AwsJson(endpoint.url, "kinesis", "eu-west-1")
    with pytest.raises(UnreachableError, match="ListShards has an unexpected response"):
        client.call("ListShards", {}, dict[str, Any])
    client.close()


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "127.0.0.1:4566"])
def test_only_plain_http_endpoints(url: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        HttpClient(url)
