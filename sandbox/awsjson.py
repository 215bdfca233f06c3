"""A lean client of AWS's JSON protocols, for the calls that carry data.

botocore spends most of a data call on validation, hooks and parsing that the workers do not need. Here a call is one
POST over a persistent connection, with the target in a header and msgspec for JSON. boto3 still reads the
configuration.

The sandbox does not verify signatures, but the credential scope of the Authorization header names the service and the
region, so it must be well formed.
"""

from __future__ import annotations

import http.client
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from sandbox.state import WORKER_AGENT

T = TypeVar("T")

_TARGETS = {
    # service: (signing name, target prefix, JSON protocol version)
    "dynamodbstreams": ("dynamodb", "DynamoDBStreams_20120810", "1.0"),
    "events": ("events", "AWSEvents", "1.1"),
    "glue": ("glue", "AWSGlue", "1.1"),
    "kinesis": ("kinesis", "Kinesis_20131202", "1.1"),
    "logs": ("logs", "Logs_20140328", "1.1"),
}
_THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


class CallError(Exception):
    """A failed call: `RemoteError` or `UnreachableError`."""


class RemoteError(CallError):
    """The service responded with an error: its `code`, its `message` and the HTTP `status`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.status = status
        self.code = code
        self.message = message

    @property
    def is_outage(self) -> bool:
        """Whether the service itself failed (5xx), independent of the request."""
        return self.status >= 500

    @property
    def is_throttle(self) -> bool:
        """Whether a retry may succeed."""
        return self.code in _THROTTLES


class UnreachableError(CallError):
    """The endpoint did not respond: the connection was refused, reset or timed out."""


class ServiceResponse(msgspec.Struct, frozen=True):
    """An HTTP response with lower-case header names."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpClient:
    """One persistent HTTP connection to the endpoint. Not thread-safe.

    A connection that the server closed while it was idle is reopened once; a request may then arrive twice, so all data
    calls here must tolerate duplicates.
    """

    def __init__(self, endpoint_url: str, timeout_s: float = 30.0) -> None:
        parts = urlsplit(endpoint_url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError(f"endpoint URL {endpoint_url!r} is not of the form http://host:port")
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout_s)
        self._fresh = True

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> ServiceResponse:
        """Send one request and read the whole response, with any status.

        Raises:
            UnreachableError: the endpoint did not respond.
        """
        try:
            return self._exchange(method, path, body, headers or {})
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            retry, reason = not self._fresh, error
        except (OSError, http.client.HTTPException) as error:
            retry, reason = False, error
        self.close()
        if retry:
            return self.request(method, path, body, headers)
        raise UnreachableError(f"no response from the endpoint: {reason or type(reason).__name__}") from reason

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> ServiceResponse:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self._fresh = False
        return ServiceResponse(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._connection.close()
        self._fresh = True


def authorization(region: str, signing_name: str) -> str:
    """An Authorization header in Signature Version 4's form; the sandbox does not verify the signature."""
    return (
        f"AWS4-HMAC-SHA256 Credential=sandbox/20260101/{region}/{signing_name}/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0" * 64
    )


class AwsJson:
    """Calls to one service (dynamodbstreams, events, glue, kinesis, logs) in one region. Not thread-safe.

    A request is any value that msgspec encodes (bytes become base64, as in the protocol); a response is decoded into
    the requested type.
    """

    def __init__(self, endpoint_url: str, service: str, region: str, timeout_s: float = 30.0) -> None:
        signing_name, self._target, version = _TARGETS[service]
        self._http = HttpClient(endpoint_url, timeout_s)
        self._headers = {
            "Authorization": authorization(region, signing_name),
            "Content-Type": f"application/x-amz-json-{version}",
            "User-Agent": WORKER_AGENT,
            "X-Amz-Date": "20260101T000000Z",
        }

    def call(self, operation: str, request: object, answer: type[T]) -> T:
        """Call an operation by its name, e.g. GetRecords.

        Raises:
            ServiceError: the service refused or failed.
            UnreachableError: the endpoint did not respond in this protocol.
        """
        headers = self._headers | {"X-Amz-Target": f"{self._target}.{operation}"}
        response = self._http.request("POST", "/", msgspec.json.encode(request), headers)
        if response.status != 200:
            raise service_error(response)
        try:
            # An operation without a result may have an empty response.
            return msgspec.json.decode(response.body or b"{}", type=answer)
        except msgspec.DecodeError as error:
            raise UnreachableError(f"{operation} has an unexpected response: {error}") from error

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        self._http.close()


def service_error(response: ServiceResponse) -> RemoteError:
    """The error of a response with a status other than 2xx."""
    try:
        fields = msgspec.json.decode(response.body, type=dict[str, Any])
    except msgspec.DecodeError:
        fields: dict[str, Any] = {}
    code = str(fields.get("__type") or response.headers.get("x-amzn-errortype") or f"HTTP {response.status}")
    message = str(fields.get("message") or fields.get("Message") or "")
    return RemoteError(response.status, code.rsplit("#", 1)[-1].split(":", 1)[0], message)
