"""The calls of the services that run as separate processes, forwarded over their Unix sockets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector
from multidict import CIMultiDict
from yarl import URL

from sandbox.front.reply import JSON_1_1, Reply, Request, ServiceError, error_reply
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
_BY_TARGET = {f"AmazonAthena.{call}": "athena" for call in _ATHENA_CALLS} | {"AWSGlue.StartCrawler": "crawlers"}
_INVOKE = re.compile(r"/2015-03-31/functions/[^/]+/invocations")
# aiohttp and the server set these themselves, each for its own connection.
_HOP_BY_HOP = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"})
_CONNECT_TIMEOUT_S = 5.0


def service_of(method: str, path: str, target: str) -> str | None:
    """The service that answers a request; None where moto does."""
    if target:
        return _BY_TARGET.get(target)
    return "functions" if method == "POST" and _INVOKE.fullmatch(path) else None


@dataclass
class Services:
    """Forwards requests, one connection pool a service; to be used in one event loop."""

    state: StateDir

    def __post_init__(self) -> None:
        self._sessions: dict[str, ClientSession] = {}

    async def forward(self, service: str, request: Request) -> Reply:
        """The service's answer, unchanged; a 503 in AWS's form when it is not up.

        There is no limit on the time it takes: a Lambda function may run for 15 minutes.
        """
        url = URL(f"http://{service}{request.path}", encoded=True)
        if request.query:
            url = URL(f"{url}?{request.query}", encoded=True)
        headers = CIMultiDict((name, value) for name, value in request.headers if name not in _HOP_BY_HOP)
        try:
            async with self._session(service).request(
                request.method, url, headers=headers, data=request.body, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except (ClientError, OSError) as error:
            return _unavailable(service, error)
        kept = [(name.lower(), value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
        return Reply(answer.status, kept, body)

    async def close(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _session(self, service: str) -> ClientSession:
        session = self._sessions.get(service)
        if session is None:
            session = ClientSession(
                connector=UnixConnector(str(self.state.socket(service)), limit=0),
                timeout=ClientTimeout(total=None, connect=_CONNECT_TIMEOUT_S),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            )
            self._sessions[service] = session
        return session


def _unavailable(service: str, error: Exception) -> Reply:
    message = (
        f"The sandbox's {service} service does not answer ({type(error).__name__}): "
        "run `python -m sandbox up` to start it again."
    )
    return error_reply(ServiceError("ServiceUnavailableException", message, status=503), JSON_1_1)
