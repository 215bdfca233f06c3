"""A synchronous invocation of a Lambda function by a service."""

from __future__ import annotations

from urllib.parse import quote

from sandbox.awsjson import HttpClient, ServiceResponse, authorization
from sandbox.state import WORKER_AGENT

_LONGEST_S = 330.0
"""The maximum number of seconds that a service waits for a function."""


class FunctionClient:
    """One Lambda function, by its ARN. Not thread-safe."""

    def __init__(self, endpoint_url: str, function_arn: str) -> None:
        parts = function_arn.split(":")
        self.region, name = parts[3], parts[6]
        qualifier = f"?Qualifier={quote(parts[7])}" if len(parts) > 7 and parts[7] != "$LATEST" else ""
        self._path = f"/2015-03-31/functions/{quote(name)}/invocations{qualifier}"
        self._headers = {
            "Authorization": authorization(self.region, "lambda"),
            "Content-Type": "application/json",
            "User-Agent": WORKER_AGENT,
            "X-Amz-Date": "20260101T000000Z",
            "X-Amz-Invocation-Type": "RequestResponse",
        }
        self._http = HttpClient(endpoint_url, _LONGEST_S)

    def invoke(self, payload: bytes) -> ServiceResponse:
        """Return Lambda's response with any status; if the function failed, it has the header `x-amz-function-error`.

        Raises:
            UnreachableError: the service did not respond.
        """
        return self._http.request("POST", self._path, payload, self._headers)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
