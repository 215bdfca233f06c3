"""A call to ReceiveMessage waits as SQS documents long polling, and for as long as its client does."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from moto.sqs.models import Queue, SQSBackend, sqs_backends

from sandbox.awsjson import authorization
from sandbox.front import long_polls
from sandbox.front.backends import backend_of
from sandbox.front.long_polls import LongPolls, is_receive
from sandbox.front.reply import Request

REGION = "eu-west-2"
NAMES = (f"waited-{number}" for number in itertools.count())


@pytest.fixture
def backend() -> SQSBackend:
    return backend_of(sqs_backends, REGION)


@pytest.fixture
def queue(backend: SQSBackend) -> Iterator[Queue]:
    made: Any = backend
    created: Queue = made.create_queue(next(NAMES), {})
    yield created
    made.delete_queue(created.name)


def receive(queue: Queue, **given: object) -> Request:
    headers = [
        ("authorization", authorization(REGION, "sqs")),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "AmazonSQS.ReceiveMessage"),
    ]
    body = json.dumps({"QueueUrl": f"http://127.0.0.1/123456789012/{queue.name}", **given}).encode()
    return Request("POST", "/", "", headers, body)


class Caller:
    """A call that waits."""

    def __init__(self, request: Request) -> None:
        self.polls = LongPolls()
        self.gone = asyncio.Event()
        self.task = asyncio.ensure_future(self.polls.wait(request, self.gone.wait))

    async def is_waiting(self) -> bool:
        for _ in range(5):
            await asyncio.sleep(0)
        return not self.task.done()


def test_both_protocols_call_it() -> None:
    assert is_receive("AmazonSQS.ReceiveMessage", b"", b"{}")
    assert is_receive("", b"", urlencode({"Action": "ReceiveMessage", "WaitTimeSeconds": 20}).encode())
    assert is_receive("", b"Action=ReceiveMessage&WaitTimeSeconds=20", b"")
    assert not is_receive("AmazonSQS.SendMessage", b"", b'{"MessageBody": "Action=ReceiveMessage"}')


async def test_a_call_waits_for_a_message(backend: Any, queue: Queue) -> None:
    caller = Caller(receive(queue, WaitTimeSeconds=20))
    assert await caller.is_waiting()

    backend.send_message(queue.name, "here", delay_seconds=900)
    assert await caller.is_waiting(), "a message that is delayed cannot be received"
    backend.send_message(queue.name, "here")

    assert await caller.task


async def test_the_query_protocol_and_the_queues_own_time_are_waited_for(backend: Any, queue: Queue) -> None:
    backend.set_queue_attributes(queue.name, {"ReceiveMessageWaitTimeSeconds": "20"})
    headers = [
        ("authorization", authorization(REGION, "sqs")),
        ("content-type", "application/x-www-form-urlencoded"),
    ]
    body = urlencode({"Action": "ReceiveMessage", "Version": "2012-11-05"}).encode()
    caller = Caller(Request("POST", f"/123456789012/{queue.name}", "", headers, body))
    assert await caller.is_waiting()

    backend.send_message(queue.name, "here")

    assert await caller.task


@pytest.mark.parametrize("given", [{}, {"WaitTimeSeconds": 0}, {"WaitTimeSeconds": 21}, {"WaitTimeSeconds": "soon"}])
async def test_other_calls_do_not_wait(queue: Queue, given: dict[str, object]) -> None:
    assert await Caller(receive(queue, **given)).task


async def test_a_queue_that_does_not_exist_is_not_waited_for(backend: Any) -> None:
    gone = backend.create_queue(next(NAMES), {})
    backend.delete_queue(gone.name)

    assert await Caller(receive(gone, WaitTimeSeconds=20)).task


async def test_a_client_that_has_gone_is_given_no_message(queue: Queue) -> None:
    caller = Caller(receive(queue, WaitTimeSeconds=20))
    assert await caller.is_waiting()

    caller.gone.set()

    assert not await caller.task


async def test_a_server_that_stops_answers_at_once(queue: Queue) -> None:
    caller = Caller(receive(queue, WaitTimeSeconds=20))
    assert await caller.is_waiting()

    caller.polls.end()

    assert await caller.task


async def test_it_waits_no_longer_than_was_asked(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(long_polls, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    caller = Caller(receive(queue, WaitTimeSeconds=20))
    assert await caller.is_waiting()
    now_s[0] = 119.9
    assert await caller.is_waiting()

    now_s[0] = 120.0

    assert await caller.task


async def test_a_group_of_which_a_message_is_with_its_receiver_has_none(backend: Any) -> None:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
    queue = backend.create_queue(f"{next(NAMES)}.fifo", {"FifoQueue": "true"})
    for body in ("first", "second"):
        backend.send_message(queue.name, body, group_id="one", deduplication_id=body)
    (first,) = backend.receive_message(queue.name, 1, 0, 600)
    caller = Caller(receive(queue, WaitTimeSeconds=20))
    assert await caller.is_waiting()

    backend.delete_message(queue.name, first.receipt_handle)

    assert await caller.task
    backend.delete_queue(queue.name)
