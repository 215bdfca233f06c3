"""ReceiveMessage's wait for a message, up to 20 seconds, during which other calls are handled.

moto would wait in the server's only thread, in which no client could send the message. So its own function never waits
(`without_waiting`): it is called when there is something to receive.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from sandbox.front.backends import backend_of
from sandbox.front.control import parse
from sandbox.front.reply import Request

_TARGET = "AmazonSQS.ReceiveMessage"
_ACTION = b"Action=ReceiveMessage"
_MAX_S = 20
_LOOK_S = 0.05
"""The interval at which a queue is checked: messages also become visible as time passes."""


def without_waiting(receive: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    """Wrap moto's receive function: it returns the available messages and never waits."""

    def received(
        backend: SQSBackend, queue_name: str, count: int, wait_seconds_timeout: int, *args: Any, **kwargs: Any
    ) -> list[Message]:
        del wait_seconds_timeout
        return receive(backend, queue_name, count, 0, *args, **kwargs)

    return received


def is_receive(target: str, query: bytes, body: bytes) -> bool:
    """Return whether a request may be a call to ReceiveMessage, in JSON or in the query protocol."""
    if target:
        return target == _TARGET
    return _ACTION in query or _ACTION in body[:1024]


class LongPolls:
    """The waiting calls."""

    def __init__(self) -> None:
        self._are_ended = False

    def end(self) -> None:
        """End all waits, because the server stops."""
        self._are_ended = True

    async def wait(self, request: Request, gone: Callable[[], Awaitable[object]]) -> bool:
        """Wait until a message is available for a call to ReceiveMessage, or its wait time is over.

        Return False if its client has disconnected, which `gone` waits for: it must not receive a message.
        """
        queue, seconds = _asked(request)
        if queue is None or not 0 < seconds <= _MAX_S:
            return True
        until_s = time.monotonic() + seconds
        going = asyncio.ensure_future(gone())
        try:
            while not (self._are_ended or _has_some(queue) or time.monotonic() >= until_s):
                await asyncio.wait({going}, timeout=_LOOK_S)
                if going.done():
                    return False
        finally:
            going.cancel()
        return True


def _asked(request: Request) -> tuple[Queue | None, int]:
    """The queue of a call and its wait time in seconds; no queue if moto refuses the call."""
    call = parse(request)
    if call is None or (call.service, call.operation) != ("sqs", "ReceiveMessage"):
        return None, 0
    try:
        url = str(call.parameters.get("QueueUrl") or request.path)
        given = call.parameters.get("WaitTimeSeconds")
    except ValueError:
        return None, 0
    queues: dict[str, Queue] = vars(backend_of(sqs_backends, call.region))["queues"]
    queue = queues.get(url.rpartition("/")[2])
    if queue is None:
        return None, 0
    return queue, int(vars(queue)["receive_message_wait_time_seconds"] if given is None else given)


def _has_some(queue: Queue) -> bool:
    """Return whether a message can be received; a FIFO queue delivers none of a group with a message in flight."""
    pending: set[Message] = vars(queue)["_pending_messages"]
    groups = {message.group_id for message in pending if not message.visible} - {None}
    messages: list[Message] = queue.messages
    return any(message.group_id not in groups for message in messages)
