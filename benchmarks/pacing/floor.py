"""The floor of sending at a rate: one request, built and signed in advance, with the load generator's timer."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from benchmarks.loadgen.workload import KEYS, REGION, calls
from benchmarks.pacing.paced import Paced, Schedule
from loadgen.dynamodb.signing import Keys, Signer
from loadgen.schedule.pacing import earliest_ns, timer

_CONNECTIONS = 256
_SUCCESS = b"HTTP/1.1 200 "


async def floor(rate: float, seconds: float, port: int) -> Paced:
    """Send due requests on idle connections; without an idle connection, wait for the next wake-up."""
    loop = asyncio.get_running_loop()
    idle: list[asyncio.Transport] = []
    for _ in range(_CONNECTIONS):
        await loop.create_connection(lambda: _Connection(idle), "127.0.0.1", port)
    call = next(calls(1))
    signer = Signer(Keys(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"]), REGION, f"127.0.0.1:{port}")
    (request,) = signer.requests([call])
    schedule = Schedule("floor", rate, seconds)
    all_sent = loop.create_future()

    def fire() -> None:
        woken_ns = time.monotonic_ns()
        due = schedule.due(len(idle))
        for transport in [idle.pop() for _ in range(due)]:
            transport.write(request)
        if schedule.over:
            all_sent.set_result(None)
        else:
            bell.set(max(schedule.next_ns, earliest_ns(woken_ns, due)))

    bell = timer(fire)
    bell.set(schedule.next_ns)
    await all_sent
    bell.close()
    paced = schedule.paced()
    for transport in idle:
        transport.abort()
    return paced


class _Connection(asyncio.Protocol):
    """A connection is idle again after its reply: a null server's replies arrive whole."""

    def __init__(self, idle: list[asyncio.Transport]) -> None:
        self._idle = idle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._idle.append(self._transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(_SUCCESS):
            self._idle.append(self._transport)
