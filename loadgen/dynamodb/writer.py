"""The interface between the engine and the clients of DynamoDB.

Two writers implement it: `loadgen.dynamodb.reference` on aioboto3, and the fast path.
It is small enough that a test's writer is a few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from loadgen.dynamodb.writes import Call, Reply

OnReply = Callable[[Sequence[Call], Reply], None]


class Endpoint(Struct, frozen=True, kw_only=True):
    """The target: region, endpoint URL (None: AWS's), and explicit credentials if there are any.

    Without explicit credentials they come from botocore's session: environment,
    profile, single sign-on, role.
    """

    region: str
    url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """The maximum number of connections, and timeouts in seconds."""

    connections: int = 1000
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 10.0


class Writer(Protocol):
    """Sends calls, once each: retries are the engine's."""

    async def open(self, warm: int) -> None:
        """Open the writer, with `warm` connections where that is possible."""
        ...

    def set_reply_handler(self, on_reply: OnReply) -> None:
        """Set the handler that receives each call's reply, exactly once per sending; the call records its time.

        Calls with the same reply at about the same time are handed over together.
        """
        ...

    async def ask(self, operation: str, parameters: dict[str, object]) -> Reply:
        """Make one call outside the plan, such as DescribeTable.

        The reply's body is its JSON, or empty after a plain success.
        """
        ...

    def send(self, *calls: Call) -> None:
        """Send calls now and record in each when it left, if that is known; never block."""
        ...

    def poll(self) -> None:
        """Hand over the replies received up to now."""
        ...

    def pause(self, paused: bool) -> None:
        """Hand over replies only in `poll`, which is called soon; or as soon as they arrive, which is the default."""
        ...

    async def close(self) -> None:
        """Close all connections. Calls in flight get no reply."""
        ...
