"""An error in what the event loop calls for a writer reaches the call that waits, and the loop's exception handler."""

import asyncio
import socket
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from loadgen.distributed import messages
from loadgen.distributed.messages import Prepare, Ready, Start
from loadgen.distributed.worker import serve
from loadgen.dynamodb.fast import FastWriter
from loadgen.dynamodb.reference import ReferenceWriter
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.dynamodb.writes import Call, Outcome, Reply
from loadgen.engine import memory
from loadgen.job import Job
from loadgen.schedule.plan import Plan
from loadgen.schedule.profile import Constant
from tests.integration.loadgen.faulty import Fault, faulty_server

PUT: dict[str, object] = {"TableName": "orders", "Item": {"order_id": {"S": "1"}, "version": {"N": "1"}}}
PUT_BODY = b'{"TableName":"orders","Item":{"order_id":{"S":"2"},"version":{"N":"1"}}}'
UNKNOWN = "ListTables"
"""An operation of DynamoDB that the load generator does not know."""
TOO_LONG_S = 20.0


def fast(url: str, connections: int = 4) -> FastWriter:
    limits = Limits(connections=connections, connect_timeout_s=TOO_LONG_S, read_timeout_s=TOO_LONG_S)
    return FastWriter(Endpoint(region="eu-west-1", url=url, access_key="AK", secret_key="secret"), limits)


@pytest.fixture
async def reported() -> asyncio.Queue[BaseException | None]:
    """The errors that the event loop's exception handler receives."""
    errors: asyncio.Queue[BaseException | None] = asyncio.Queue()

    def report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # The engine ends a run only by the errors of callbacks, which have a handle.
        if "handle" in context:
            errors.put_nowait(context.get("exception"))

    asyncio.get_running_loop().set_exception_handler(report)
    return errors


@pytest.mark.parametrize("warm", [0, 2])
async def test_an_operation_that_cannot_be_signed_ends_its_call_and_no_other(
    reported: asyncio.Queue[BaseException | None], warm: int
) -> None:
    async with faulty_server(lambda _: Fault.NONE) as (faulty, url):
        writer = fast(url, connections=1)
        try:
            await writer.open(warm)
            async with asyncio.timeout(TOO_LONG_S):
                with pytest.raises(KeyError, match=UNKNOWN):
                    await writer.ask(UNKNOWN, {})
                # On the only connection there may be.
                assert (await writer.ask("PutItem", PUT)).outcome is Outcome.OK
        finally:
            await writer.close()
        assert faulty.items.keys() == {"1"}
    # Without a connection the error is in a callback, with one in the call itself.
    assert reported.empty() == bool(warm)


async def test_an_error_of_the_reply_handler_ends_the_calls_outside_the_plan(
    reported: asyncio.Queue[BaseException | None],
) -> None:
    def refuse(calls: Sequence[Call], reply: Reply) -> None:
        raise ArithmeticError(f"{len(calls)} with {reply.outcome.label}")

    async with faulty_server(lambda _: Fault.NONE) as (_, url):
        writer = fast(url, connections=1)
        try:
            await writer.open(1)
            writer.set_reply_handler(refuse)
            writer.send(Call("PutItem", (PUT_BODY,)))
            async with asyncio.timeout(TOO_LONG_S):
                with pytest.raises(ArithmeticError, match="1 with ok"):
                    await writer.ask("PutItem", PUT)
                assert isinstance(await reported.get(), ArithmeticError)
        finally:
            await writer.close()


async def test_an_error_in_a_task_of_the_reference_writer_is_not_lost(
    reported: asyncio.Queue[BaseException | None],
) -> None:
    writer = ReferenceWriter(
        Endpoint(region="eu-west-1", url="http://127.0.0.1:1", access_key="AK", secret_key="secret"),
        Limits(connections=1),
    )
    try:
        await writer.open(0)
        writer.send(Call(UNKNOWN, (b"{}",)))
        async with asyncio.timeout(TOO_LONG_S):
            assert isinstance(await reported.get(), KeyError)
    finally:
        await writer.close()


async def test_an_error_while_a_worker_listens_ends_its_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a command that it cannot read: without the listener no stop would arrive any more."""
    monkeypatch.setattr(memory, "tune", lambda: None)  # of the tests' process
    async with faulty_server(lambda _: Fault.NONE) as (_, url):
        ours, theirs = socket.socketpair()
        worker = asyncio.create_task(serve(theirs))
        reader, writer = await asyncio.open_connection(sock=ours)
        job = Job(
            plan=Plan(profile=Constant(1.0, 3600.0), seed=1),
            endpoint=Endpoint(region="eu-west-1", url=url, access_key="AK", secret_key="secret"),
            table="orders",
            writer="fast",
            keys={"orders": ("order_id",)},
            limits=Limits(connections=1),
        )
        async with asyncio.timeout(TOO_LONG_S):
            messages.write(writer, Prepare(job))
            assert await messages.read_worker_message(reader) == Ready()
            messages.write(writer, Start(time.time_ns()))
            writer.write((2).to_bytes(4, "big") + b"no")
            with pytest.RaisesGroup(msgspec.ValidationError):
                await worker
        writer.close()
