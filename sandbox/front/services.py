"""Forwarding of calls to the services that run as separate processes, over their Unix sockets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.front.reply import JSON_1_1, HttpReply, Request, ServiceError, error_reply
from sandbox.http1.client import UnixClient
from sandbox.refusals import constraints
from sandbox.state import StateDir

_ATHENA_CALLS = (
    "BatchGetQueryExecution",
    "GetDatabase",
    "GetQueryExecution",
    "GetQueryResults",
    "GetQueryRuntimeStatistics",
    "GetTableMetadata",
    "ListDatabases",
    "ListQueryExecutions",
    "ListTableMetadata",
    "StartQueryExecution",
    "StopQueryExecution",
)
_START_QUERY = "AmazonAthena.StartQueryExecution"
_EXECUTION_CALLS = ("DescribeExecution", "ListExecutions", "StartExecution", "StopExecution")
_BY_TARGET = {
    **{f"AmazonAthena.{call}": "athena" for call in _ATHENA_CALLS},
    **{f"AWSStepFunctions.{call}": "states" for call in _EXECUTION_CALLS},
    "AWSGlue.StartCrawler": "crawlers",
}
_INVOKE = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
# Each connection has a separate socket.
_HOP_BY_HOP = frozenset({"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"})


def service_of(method: str, path: str, target: str) -> str | None:
    """The service that handles a request; None if moto does."""
    if target:
        return _BY_TARGET.get(target)
    return "functions" if method == "POST" and _INVOKE.fullmatch(path) else None


def refused(request: Request, target: str) -> ServiceError | None:
    """The error for a call whose members violate their model's constraints, before its service receives it.

    Of Athena's calls only StartQueryExecution is not a read. The service itself checks the statement, with Athena's own
    sentences.
    """
    if target != _START_QUERY:
        return None
    try:
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        return constraints.refuse("athena", "StartQueryExecution", given | {"QueryString": "SELECT 1"})
    except (AttributeError, TypeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # the service refuses it


@dataclass
class Services:
    """Forwards requests with one connection pool for each service, in one event loop."""

    state: StateDir

    def __post_init__(self) -> None:
        self._clients: dict[str, UnixClient] = {}

    async def forward(self, service: str, request: Request) -> HttpReply:
        """Return the service's reply unchanged, or a 503 in AWS's form if the service is down.

        There is no timeout: a Lambda function may run for 15 minutes.
        """
        target = f"{request.path}?{request.query}" if request.query else request.path
        headers = [(name, value) for name, value in request.headers if name not in _HOP_BY_HOP and name != "expect"]
        try:
            answer = await self._client(service).request(request.method, target, headers, request.body)
        except OSError as error:
            return _unavailable(service, error)
        kept = [(name, value) for name, value in answer.headers if name not in _HOP_BY_HOP]
        return HttpReply(answer.status, kept, answer.body)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, service: str) -> UnixClient:
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = UnixClient(self.state.socket(service))
        return client


def _unavailable(service: str, error: Exception) -> HttpReply:
    message = (
        f"The sandbox's {service} service does not respond ({type(error).__name__}): "
        "run `python -m sandbox up` to start it again."
    )
    return error_reply(ServiceError("ServiceUnavailableException", message, status=503), JSON_1_1)
