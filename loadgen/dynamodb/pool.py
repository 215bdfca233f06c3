"""The fast writer's connections to one address: each carries one call at a time; the last used is reused first."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from functools import partial

from loadgen.dynamodb.callbacks import Callbacks, OnFailure, raise_error
from loadgen.dynamodb.connection import Connection
from loadgen.dynamodb.dial import Address, dial
from loadgen.dynamodb.http import ResponseTemplate
from loadgen.dynamodb.receiver import CallsInFlight, receiver
from loadgen.dynamodb.sending import send
from loadgen.dynamodb.signing import Signer
from loadgen.dynamodb.writer import Limits, OnReply
from loadgen.dynamodb.writes import OK, Call, Outcome, Reply

_SWEEP_S = 0.25
# More at a time would spend the core on TLS handshakes just when the table is slow.
_CONNECTING = 32
# A call waits this long for a free connection before another is opened: after a short stall, calls come in a burst, and
# a connection opened for each would be in the way for good.
_PATIENCE_S = 0.005


class ConnectionPool:
    """Sends calls on connections that it opens as they are needed.

    `signer` may be exchanged when the credentials change. `on_failure` receives the error of anything that the event
    loop calls, such as a call that cannot be signed when a connection is ready for it.
    """

    def __init__(
        self, address: Address, limits: Limits, signer: Signer, on_reply: OnReply, on_failure: OnFailure
    ) -> None:
        self.signer = signer
        self._address = address
        self._limits = limits
        self._on_reply = on_reply
        self._loop = asyncio.get_running_loop()
        self.run = Callbacks(on_failure).run
        """Run what the event loop calls."""
        self._receiver = receiver(partial(self.run, self.poll))
        self.pause = self._receiver.pause
        """Stop reading replies because `poll` will be called soon, or resume."""
        self._receive = self._receiver.receive
        self._flights = CallsInFlight()
        self.calls = self._flights.calls
        """The calls of whose responses nothing has arrived, by the descriptors of their sockets."""
        self._connections: dict[int, Connection] = {}
        # The descriptors of open connections without a call, the last used at the end.
        self._idle = self._flights.idle
        self._waiting: deque[Call] = deque()
        self._connecting: set[asyncio.Task[None]] = set()
        self._busy = False
        self._template = ResponseTemplate()
        self._closed = False
        self._sweeper = self._loop.call_later(_SWEEP_S, self.run, self._sweep)
        self._grower: asyncio.TimerHandle | None = None

    async def warm(self, connections: int) -> None:
        """Open connections in advance. The first call reports a connection that cannot be opened."""
        for _ in range(min(connections, self._limits.connections)):
            self._connect()
        if self._connecting:
            await asyncio.wait(self._connecting)

    def send(self, *calls: Call) -> None:
        """Send calls on idle connections, or on the first that become free or are opened."""
        self._waiting.extend(calls)
        if self._busy:
            return
        if len(self._waiting) > len(self._idle):
            self.poll()
        self._dispatch()

    def poll(self) -> None:
        """Handle everything received up to now, then send the calls that wait for a connection.

        Sending in between, when each connection becomes free, takes a tenth more processor time.
        """
        if self._busy or self._closed:
            return
        self._busy = True
        try:
            flights, connections = self._flights, self._connections
            template = self._template.parts if self._address.tls is None else None
            for number, data, at_ns in self._receive(template, flights):
                connection = connections.get(number)
                if connection is not None and (call := connection.handle(data, at_ns)) is not None:
                    flights.idle.append(number)
                    flights.succeeded.append(call)
            if flights.succeeded:
                succeeded, flights.succeeded = flights.succeeded, []
                self._on_reply(succeeded, OK)
        finally:
            self._busy = False
        if self._waiting:
            self._dispatch()

    async def close(self) -> None:
        """Close all connections. Calls in flight get no reply."""
        self._closed = True
        self._waiting.clear()
        self._sweeper.cancel()
        if self._grower is not None:
            self._grower.cancel()
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for connection in tuple(self._connections.values()):
            connection.close()
        self._receiver.close()

    def answered(self, connection: Connection, call: Call, reply: Reply) -> None:
        """Return the connection to the pool and pass the reply on."""
        if connection.open:
            self._idle.append(connection.number)
        self._on_reply((call,), reply)

    def lost(self, connection: Connection) -> None:
        """Remove a connection, and open another if calls wait for one."""
        self._receiver.remove(connection.socket)
        del self._connections[connection.number]
        if connection.number in self._idle:
            self._idle.remove(connection.number)
        self._grow()

    def _dispatch(self) -> None:
        """Assign the waiting calls to idle connections: sign and encrypt all, then write all.

        Writing each as soon as it is signed takes a tenth more processor time: each write wakes a target on this
        machine, and neither step finds its code in the caches.
        """
        waiting, idle, in_flight = self._waiting, self._idle, self.calls
        self._busy = True
        try:
            while waiting and idle:
                many = min(len(waiting), len(idle))
                calls, numbers = [waiting.popleft() for _ in range(many)], idle[: -many - 1 : -1]
                # After an error the connections are idle still.
                requests = self._requests(numbers, calls)
                del idle[-many:]
                for number, call in zip(numbers, calls, strict=True):
                    in_flight[number] = call
                for index, sent in send(calls, numbers, requests):
                    self._connections[numbers[index]].finish(requests[index], sent)
        finally:
            self._busy = False
        if not waiting:
            return
        if not self._connections:
            self._grow()
        elif self._grower is None:
            self._grower = self._loop.call_later(_PATIENCE_S, self.run, self._grow_if_needed)

    def _requests(self, numbers: list[int], calls: list[Call]) -> list[bytes]:
        """Return the calls' requests as they go on the wire of these connections."""
        requests = self.signer.requests(calls)
        if self._address.tls is None:
            return requests
        connections = self._connections
        return [connections[number].seal(one) for number, one in zip(numbers, requests, strict=True)]

    def _grow_if_needed(self) -> None:
        """Open connections for calls that have waited long, and repeat while calls wait."""
        self._grower = None
        if self._waiting:
            if time.monotonic_ns() - self._waiting[0].sent_ns >= _PATIENCE_S * 1e9:
                self._grow()
            self._grower = self._loop.call_later(_PATIENCE_S, self.run, self._grow_if_needed)

    def _grow(self) -> None:
        """Open connections for the calls that wait, within the bounds."""
        wanted = len(self._waiting) - len(self._connecting)
        if wanted <= 0 or self._closed:
            return
        room = self._limits.connections - len(self._connections) - len(self._connecting)
        for _ in range(min(wanted, room, _CONNECTING - len(self._connecting))):
            self._connect()

    def _connect(self) -> None:
        task = self._loop.create_task(self._open())
        self._connecting.add(task)
        task.add_done_callback(partial(self.run, self._opened))

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._connecting.discard(task)
        self._grow()
        raise_error(task)

    async def _open(self) -> None:
        """Open a connection and assign it a call. On failure, the call that has waited longest fails too."""
        try:
            async with asyncio.timeout(self._limits.connect_timeout_s):
                connected, tls = await dial(self._address)
        except OSError as error:  # TimeoutError and ssl.SSLError are OSErrors
            if self._waiting:
                call = self._waiting.popleft()
                call.answered_ns = time.monotonic_ns()
                reply = Reply(Outcome.UNREACHABLE, type(error).__name__, str(error) or "no connection in time")
                self._on_reply((call,), reply)
            return
        self._flights.make_room(connected.fileno())
        connection = Connection(self, connected, self._template, tls)
        self._connections[connection.number] = connection
        self._receiver.add(connected)
        self._idle.append(connection.number)
        self._dispatch()

    def _sweep(self) -> None:
        """Abandon calls whose response is overdue."""
        overdue_ns = time.monotonic_ns() - round(self._limits.read_timeout_s * 1e9)
        for connection in tuple(self._connections.values()):
            if connection.call is not None and connection.call.sent_ns < overdue_ns:
                connection.fail(Outcome.TIMEOUT, "ReadTimeout", f"no answer in {self._limits.read_timeout_s:g} s")
        self._sweeper = self._loop.call_later(_SWEEP_S, self.run, self._sweep)
