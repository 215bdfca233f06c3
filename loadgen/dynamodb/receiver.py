"""What has arrived on many sockets, read all at once, with the time at which it arrived.

On Linux the sockets are in a dedicated epoll set. The event loop watches
that one descriptor, or does not while somebody will look soon anyway, which
spares a wake-up for every answer. The kernel notes when a response came,
so it does not matter when it is read.
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

Arrived = tuple[int, bytes | int, int]
"""A socket's descriptor; what was read, b"" at the stream's end, or the number of the error; and when that came.

The time is in ns of the monotonic clock.
"""

_READ_BYTES = 1 << 16
_MOST = 512
# From asm-generic/socket.h, which x86 and ARM share; Python's socket module does not have it.
_SO_TIMESTAMPNS = 35
_TIMESTAMP = struct.Struct("@qq")
_TIMESTAMP_SPACE = socket.CMSG_SPACE(_TIMESTAMP.size)
_CLOSE_ENOUGH_NS = 10_000
_CLOCK_READS = 8


class Receiver(Protocol):
    """Reads from sockets that do not block."""

    def add(self, one: socket.socket) -> None:
        """Read from this socket too."""
        ...

    def remove(self, one: socket.socket) -> None:
        """No longer read from it. To be called before it is closed."""
        ...

    def receive(self) -> list[Arrived]:
        """Read once from every socket that has something; never blocks."""
        ...

    def pause(self, paused: bool) -> None:
        """Do not call back for now, because `receive` will be called soon; or call back again."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


def receiver(on_ready: Callable[[], None]) -> Receiver:
    """The best receiver that this system has. It calls back when there is something to `receive`."""
    return EpollReceiver(on_ready) if sys.platform == "linux" else LoopReceiver(on_ready)


class EpollReceiver:
    """Reads from an epoll set, with the kernel's own times of arrival (Linux).

    The kernel begins to stamp what arrives only some moments after the first
    socket of the machine has asked for it, and stops when the last one is
    closed: net_enable_timestamp in Linux's net/core/dev.c leaves the switch to a
    work queue, which a busy machine runs late. What arrives before has the time
    at which it is read. So the receiver asks when it is made, before there are
    connections, and its own socket keeps the stamps on between connections.
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
        self.receive = self._receive if native is None else partial(native.receive, self._poll.fileno())
        """Read once from every socket that has something; never blocks."""

    def add(self, one: socket.socket) -> None:
        """Read from this socket too."""
        one.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._poll.register(one, select.EPOLLIN)
        self._sockets[one.fileno()] = one

    def remove(self, one: socket.socket) -> None:
        """No longer read from it."""
        self._poll.unregister(one)
        del self._sockets[one.fileno()]

    def pause(self, paused: bool) -> None:
        """Do not call back for now, or again."""
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

    def _receive(self) -> list[Arrived]:
        """What native/receive.h does."""
        arrived: list[Arrived] = []
        ready = self._poll.poll(0, _MOST)
        now_ns = time.monotonic_ns()
        ahead_ns = _wall_clock_ahead_ns()
        for number, _ in ready:
            try:
                data, ancillary, _, _ = self._sockets[number].recvmsg(_READ_BYTES, _TIMESTAMP_SPACE)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as error:
                arrived.append((number, error.errno or 0, now_ns))
                continue
            at_ns = now_ns
            for _, _, content in ancillary:
                seconds, ns = _TIMESTAMP.unpack_from(content)
                at_ns = min(now_ns, seconds * 1_000_000_000 + ns - ahead_ns)
            arrived.append((number, data, at_ns))
        return arrived


def _wall_clock_ahead_ns() -> int:
    """What the wall clock shows more than the monotonic one.

    They are read one after the other. Where the process was interrupted between
    two reads, the difference would be wrong by as much, so it is read again.
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
    """Reads when the event loop says so: what it has read in one turn is handled together."""

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

    def receive(self) -> list[Arrived]:
        """What has been read since the last time."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def pause(self, paused: bool) -> None:
        """Only this loop knows when something came, so it never pauses."""

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
