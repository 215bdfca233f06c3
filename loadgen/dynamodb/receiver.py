"""Reads many sockets together, with the arrival time of the data.

On Linux the sockets are in a dedicated epoll set. The event loop watches that one descriptor, except while a `receive`
call is due soon, which saves a wake-up for every response. The set reports each arrival once, which saves the kernel a
second look at every socket. The kernel records the arrival time of a response, so a later read does not distort it.
"""

from __future__ import annotations

import asyncio
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from loadgen.compiled import native
from loadgen.dynamodb.http import Template
from loadgen.dynamodb.writes import Call

Arrived = tuple[int, bytes | int | None, int]
"""A socket's descriptor; the bytes read, b"" at the stream's end, or the error number; and the arrival time.

None means bytes that equal the template, although no call is in flight. The time is in ns of the monotonic clock.
"""

_READ_BYTES = 1 << 16
_MOST = 512
# From asm-generic/socket.h, which x86 and ARM share; Python's socket module does not have it.
_SO_TIMESTAMPNS = 35
_TIMESTAMP = struct.Struct("@qq")
_TIMESTAMP_SPACE = socket.CMSG_SPACE(_TIMESTAMP.size)
_CLOSE_ENOUGH_NS = 10_000
_CLOCK_READS = 8


class CallsInFlight:
    """The calls in flight, and what has become of them.

    `calls` has for each socket's descriptor the call of whose response nothing has arrived, or None. A call that
    succeeds moves from there to `succeeded`, its socket to the `idle` ones.
    """

    def __init__(self) -> None:
        self.calls: list[Call | None] = []
        self.idle: list[int] = []
        self.succeeded: list[Call] = []

    def make_room(self, number: int) -> None:
        """Take up the socket of this descriptor."""
        self.calls += [None] * (number + 1 - len(self.calls))


class Receiver(Protocol):
    """Reads from non-blocking sockets."""

    def add(self, one: socket.socket) -> None:
        """Read from this socket too."""
        ...

    def remove(self, one: socket.socket) -> None:
        """Stop reading from this socket. Call it before the socket is closed."""
        ...

    def receive(self, template: Template | None, flights: CallsInFlight, /) -> list[Arrived]:
        """Read everything that has come; never blocks.

        A receiver may compare what it reads with the template, and end the calls in flight that have succeeded.
        """
        ...

    def pause(self, paused: bool) -> None:
        """Pause the callback because `receive` will be called soon, or resume it."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


def receiver(on_ready: Callable[[], None]) -> Receiver:
    """Return the best receiver for this system. It calls back when there is something to `receive`."""
    return EpollReceiver(on_ready) if sys.platform == "linux" else LoopReceiver(on_ready)


class EpollReceiver:
    """Reads from an epoll set, with the kernel's own times of arrival (Linux).

    The kernel begins to time-stamp arrivals only some moments after the first socket of the machine requests it, and
    stops when the last one is closed: net_enable_timestamp in Linux's net/core/dev.c leaves the switch to a work queue,
    which a busy machine runs late. Earlier arrivals have the time at which they are read. So the receiver requests time
    stamps when it is created, before there are connections, and its own socket leaves them enabled between connections.
    """

    def __init__(self, on_ready: Callable[[], None]) -> None:
        self._on_ready = on_ready
        self._loop = asyncio.get_running_loop()
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._keeper = socket.socket()
        self._keeper.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._paused = False
        self._loop.add_reader(self._poll.fileno(), on_ready)
        self._receive_all = None if native is None else partial(native.receive, self._poll.fileno())

    def add(self, one: socket.socket) -> None:
        """Read from this socket too."""
        one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._poll.register(one, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)
        self._sockets[one.fileno()] = one

    def remove(self, one: socket.socket) -> None:
        """No longer read from it."""
        self._poll.unregister(one)
        del self._sockets[one.fileno()]

    def pause(self, paused: bool) -> None:
        """Pause the callback, or resume it."""
        if paused is self._paused:
            return
        self._paused = paused
        if paused:
            self._loop.remove_reader(self._poll.fileno())
        else:
            self._loop.add_reader(self._poll.fileno(), self._on_ready)

    def close(self) -> None:
        """Read no more."""
        if not self._poll.closed:
            self._loop.remove_reader(self._poll.fileno())
            self._poll.close()
            self._keeper.close()

    def receive(self, template: Template | None, flights: CallsInFlight, /) -> list[Arrived]:
        """Read everything that has come; never blocks."""
        if self._receive_all is None:
            return self._receive()
        return self._receive_all(template, flights.calls, flights.idle, flights.succeeded)

    def _receive(self) -> list[Arrived]:
        """Do the same as native/receive.h in Python."""
        arrived: list[Arrived] = []
        ready = self._poll.poll(0, _MOST)
        now_ns = time.monotonic_ns()
        ahead_ns = _wall_clock_ahead_ns()
        for number, reported in ready:
            more = True
            while more:
                try:
                    data, ancillary, _, _ = self._sockets[number].recvmsg(_READ_BYTES, _TIMESTAMP_SPACE)
                except (BlockingIOError, InterruptedError):
                    break
                except OSError as error:
                    arrived.append((number, error.errno or 0, now_ns))
                    break
                at_ns = now_ns
                for _, _, content in ancillary:
                    seconds, ns = _TIMESTAMP.unpack_from(content)
                    at_ns = min(now_ns, seconds * 1_000_000_000 + ns - ahead_ns)
                arrived.append((number, data, at_ns))
                # The set does not report the end of the stream again that it reports with data.
                more = len(data) == _READ_BYTES or (data != b"" and reported != select.EPOLLIN)
        return arrived


def _wall_clock_ahead_ns() -> int:
    """Return the difference of the wall clock to the monotonic clock, in ns.

    They are read one after the other. An interruption of the process between two reads distorts the difference, so they
    are then read again.
    """
    best_ns, ahead_ns = 1 << 62, 0
    for _ in range(_CLOCK_READS):
        before_ns, wall_ns, after_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after_ns - before_ns < best_ns:
            best_ns, ahead_ns = after_ns - before_ns, wall_ns - (before_ns + after_ns) // 2
        if best_ns <= _CLOSE_ENOUGH_NS:
            break
    return ahead_ns


class LoopReceiver:
    """Reads when the event loop reports data, and handles everything read in one turn together."""

    def __init__(self, on_ready: Callable[[], None]) -> None:
        self._on_ready = on_ready
        self._loop = asyncio.get_running_loop()
        self._sockets: set[socket.socket] = set()
        self._arrived: list[Arrived] = []

    def add(self, one: socket.socket) -> None:
        """Read from this socket too."""
        self._sockets.add(one)
        self._loop.add_reader(one, self._read, one)

    def remove(self, one: socket.socket) -> None:
        """No longer read from it."""
        self._sockets.discard(one)
        self._loop.remove_reader(one)

    def receive(self, template: Template | None, flights: CallsInFlight, /) -> list[Arrived]:  # noqa: ARG002 - not compared
        """Return the data read since the last call."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def pause(self, paused: bool) -> None:
        """Do nothing: only the event loop records arrival times, so it never pauses."""

    def close(self) -> None:
        """Read no more."""
        for one in tuple(self._sockets):
            self.remove(one)

    def _read(self, one: socket.socket) -> None:
        try:
            data: bytes | int = one.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            data = error.errno or 0
        if not self._arrived:
            self._loop.call_soon(self._on_ready)
        self._arrived.append((one.fileno(), data, time.monotonic_ns()))
        if not data or isinstance(data, int):
            self.remove(one)
