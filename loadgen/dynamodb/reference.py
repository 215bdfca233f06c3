"""The reference writer: aioboto3's low-level client, used as its documentation recommends.

botocore's own retries are off, because the engine retries, counts and budgets.
The connection pool is as large as the bound of requests in flight.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, cast

import msgspec

from loadgen.dynamodb.answers import classify
from loadgen.dynamodb.callbacks import raise_error
from loadgen.dynamodb.writer import Endpoint, Limits, OnReply
from loadgen.dynamodb.writes import OK, Call, Outcome, Reply
from stack import UserError

_METHODS = {
    "PutItem": "put_item",
    "UpdateItem": "update_item",
    "DeleteItem": "delete_item",
    "BatchWriteItem": "batch_write_item",
    "GetItem": "get_item",
    "Query": "query",
    "TransactWriteItems": "transact_write_items",
    "BatchGetItem": "batch_get_item",
    "DescribeTable": "describe_table",
    "DescribeContributorInsights": "describe_contributor_insights",
}
# The operations whose reply has more than the success.
_WITH_BODY = frozenset({"BatchWriteItem", "GetItem", "Query"})


class ReferenceWriter:
    """Sends each call in a separate task."""

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._stack = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: Any = None
        self._on_reply: OnReply = _ignore

    async def open(self, warm: int) -> None:  # noqa: ARG002 - the pool opens connections as they are needed
        """Create the client. Raises: UserError: aioboto3 is not installed."""
        try:
            aioboto3 = importlib.import_module("aioboto3")
        except ModuleNotFoundError:
            raise UserError(
                "--writer aioboto3 needs aioboto3: install the project's extra `reference`, or leave the option out."
            ) from None
        config = importlib.import_module("botocore.config")
        session = aioboto3.Session(
            aws_access_key_id=self._endpoint.access_key,
            aws_secret_access_key=self._endpoint.secret_key,
            region_name=self._endpoint.region,
        )
        client = session.client(
            "dynamodb",
            endpoint_url=self._endpoint.url,
            config=config.Config(
                retries={"total_max_attempts": 1},
                max_pool_connections=self._limits.connections,
                connect_timeout=self._limits.connect_timeout_s,
                read_timeout=self._limits.read_timeout_s,
            ),
        )
        self._client = await self._stack.enter_async_context(client)

    def set_reply_handler(self, on_reply: OnReply) -> None:
        """Set the handler of replies."""
        self._on_reply = on_reply

    async def ask(self, operation: str, parameters: dict[str, object]) -> Reply:
        """Make one call and wait for its reply."""
        try:
            response = await getattr(self._client, _METHODS[operation])(**parameters)
        except (AttributeError, TypeError):
            # botocore's parser checks no types; its caller does.
            return Reply(Outcome.OK, body=b"null")
        except Exception as error:
            return reply_of(error)
        return Reply(Outcome.OK, body=msgspec.json.encode(response))

    def send(self, *calls: Call) -> None:
        """Send each call in a separate task."""
        for call in calls:
            task = asyncio.create_task(self._send(call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(raise_error)

    def poll(self) -> None:
        """Do nothing: aiohttp reports each reply as soon as it arrives."""

    def pause(self, paused: bool) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Cancel what is in flight and close the client."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def _send(self, call: Call) -> None:
        parameters = cast("dict[str, object]", with_binaries(msgspec.json.decode(call.body)))
        reply = await self.ask(call.target, parameters)
        call.answered_ns = time.monotonic_ns()
        self._on_reply((call,), OK if reply.outcome is Outcome.OK and call.target not in _WITH_BODY else reply)


def with_binaries(value: object) -> object:
    """Convert parameters from JSON for botocore: binary attributes (B, BS) change from base64 text to bytes."""
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        if len(members) == 1:
            ((name, content),) = members.items()
            if name == "B" and isinstance(content, str):
                return {"B": base64.b64decode(content)}
            if name == "BS" and isinstance(content, list):
                return {"BS": [base64.b64decode(text) for text in cast("list[str]", content)]}
        return {name: with_binaries(content) for name, content in members.items()}
    if isinstance(value, list):
        return [with_binaries(element) for element in cast("list[object]", value)]
    return value


def reply_of(error: Exception) -> Reply:
    """Return the reply for an exception of botocore; raise any other exception again."""
    names = {base.__name__ for base in type(error).__mro__}
    response = cast("Mapping[str, Any] | None", getattr(error, "response", None))
    if "ClientError" in names and response is not None:
        details = response.get("Error", {})
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
        code = str(details.get("Code", ""))
        fields = {name: response[name] for name in ("Item", "CancellationReasons") if name in response}
        body = msgspec.json.encode(fields) if fields else b""
        return Reply(classify(status, code, body), code, str(details.get("Message", "")), body)
    for kind, outcome in _OUTCOMES.items():
        if kind in names:
            return Reply(outcome, type(error).__name__, str(error))
    raise error


# By name, because importing botocore for a type check is slow; the first match counts.
_OUTCOMES = {
    "ConnectTimeoutError": Outcome.UNREACHABLE,
    "EndpointConnectionError": Outcome.UNREACHABLE,
    "ProxyConnectionError": Outcome.UNREACHABLE,
    "SSLError": Outcome.UNREACHABLE,
    "ReadTimeoutError": Outcome.TIMEOUT,
    "ChecksumError": Outcome.CORRUPT,
    "ResponseParserError": Outcome.CORRUPT,
    "HTTPClientError": Outcome.RESET,
    "ClientPayloadError": Outcome.RESET,
    "NoCredentialsError": Outcome.CREDENTIALS,
    "CredentialRetrievalError": Outcome.CREDENTIALS,
    "TokenRetrievalError": Outcome.CREDENTIALS,
    "SSOTokenLoadError": Outcome.CREDENTIALS,
    "BotoCoreError": Outcome.INVALID,
}


def _ignore(calls: Sequence[Call], reply: Reply) -> None:
    """Before `set_reply_handler`, replies are ignored."""
