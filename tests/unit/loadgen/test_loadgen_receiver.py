"""Reading from many sockets, with each receiver of this system."""

import asyncio
import errno
import select
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest
import pytest_asyncio

from loadgen.dynamodb import receiver
from loadgen.dynamodb.receiver import Arrived, CallsInFlight, EpollReceiver, LoopReceiver, Receiver

Pair = tuple[socket.socket, socket.socket]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")
NATIVE = pytest.mark.skipif(receiver.native is None, reason="the native module is not compiled")


class Place:
    """A receiver and what it has called back for."""

    def __init__(self, kind: Callable[[Callable[[], None]], Receiver]) -> None:
        self.called = asyncio.Event()
        self.receiver = kind(self.called.set)
        self.arrived: list[Arrived] = []

    async def until(self, number: int) -> list[Arrived]:
        """What has arrived when so much has."""
        while len(self.arrived) < number:
            await asyncio.wait_for(self.called.wait(), 5)
            self.called.clear()
            self.arrived += self.receiver.receive(None, CallsInFlight())
        return self.arrived


def python_epoll(on_ready: Callable[[], None]) -> EpollReceiver:
    made = EpollReceiver(on_ready)
    made._receive_all = None  # pyright: ignore[reportPrivateUsage] - as where nothing is compiled
    return made


EPOLL = (
    pytest.param(EpollReceiver, marks=[LINUX, NATIVE], id="native"),
    pytest.param(python_epoll, marks=LINUX, id="epoll"),
)


async def made(request: pytest.FixtureRequest, connect: Callable[[], Pair]) -> AsyncIterator[Place]:
    """A place that is closed before the connections are."""
    del connect
    place = Place(request.param)
    yield place
    place.receiver.close()


place = pytest_asyncio.fixture(made, params=[*EPOLL, pytest.param(LoopReceiver, id="loop")])
epoll_place = pytest_asyncio.fixture(made, params=EPOLL)


@pytest.fixture
def connect() -> Iterator[Callable[[], Pair]]:
    """Makes connections, and closes both ends after the test, also where it fails."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

        def connect() -> Pair:
            """Both ends of a connection; the first does not block."""
            near = opened.enter_context(socket.create_connection(listener.getsockname()))
            far = opened.enter_context(listener.accept()[0])
            near.setblocking(False)
            return near, far

        yield connect


def until_stamped(near: socket.socket, far: socket.socket) -> None:
    """Wait until the kernel stamps what arrives on a socket that has asked for it: see EpollReceiver."""
    deadline = time.monotonic() + 30
    stamps: list[tuple[int, int, bytes]] = []
    while not stamps:
        assert time.monotonic() < deadline, "the kernel stamps nothing"
        far.sendall(b"?")
        select.select([near], [], [], 5)
        _, stamps, _, _ = near.recvmsg(1, socket.CMSG_SPACE(16))


async def test_what_came_is_read_with_when_it_came(place: Place, connect: Callable[[], Pair]) -> None:
    ends = [connect() for _ in range(3)]
    for near, _ in ends:
        place.receiver.add(near)
    before_ns = time.monotonic_ns()
    for number, (_, far) in enumerate(ends):
        far.sendall(b"%d" % number)
    arrived = await place.until(3)
    after_ns = time.monotonic_ns()
    assert {number: data for number, data, _ in arrived} == {
        near.fileno(): b"%d" % number for number, (near, _) in enumerate(ends)
    }
    # The two clocks are read one after the other, so their difference is known to a few µs.
    assert all(before_ns - 100_000 <= at_ns <= after_ns for _, _, at_ns in arrived)


@LINUX
async def test_when_it_came_does_not_depend_on_when_it_is_read(epoll_place: Place, connect: Callable[[], Pair]) -> None:
    near, far = connect()
    epoll_place.receiver.add(near)
    epoll_place.receiver.pause(True)
    until_stamped(near, far)
    far.sendall(b"x")
    sent_ns = time.monotonic_ns()
    while (read_ns := time.monotonic_ns()) < sent_ns + 20_000_000:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not epoll_place.called.is_set()
    ((_, data, at_ns),) = epoll_place.receiver.receive(None, CallsInFlight())
    assert data == b"x"
    assert at_ns - sent_ns < (read_ns - sent_ns) / 2
    epoll_place.receiver.pause(False)
    far.sendall(b"y")
    assert [data for _, data, _ in await epoll_place.until(1)] == [b"y"]


@LINUX
async def test_stamps_stay_on_when_no_connection_is_left(epoll_place: Place, connect: Callable[[], Pair]) -> None:
    """The kernel would stop with the last socket, and begin again some moments after the next one."""
    near, far = connect()
    epoll_place.receiver.add(near)
    until_stamped(near, far)
    epoll_place.receiver.remove(near)
    near.close()
    near, far = connect()
    epoll_place.receiver.add(near)
    far.sendall(b"x")
    select.select([near], [], [], 5)
    _, stamps, _, _ = near.recvmsg(1, socket.CMSG_SPACE(16))
    assert len(stamps) == 1


async def test_the_end_is_no_bytes(place: Place, connect: Callable[[], Pair]) -> None:
    near, far = connect()
    place.receiver.add(near)
    far.close()
    ((number, data, _),) = await place.until(1)
    assert (number, data) == (near.fileno(), b"")


async def test_the_end_that_comes_with_bytes_is_read_with_them(place: Place, connect: Callable[[], Pair]) -> None:
    near, far = connect()
    place.receiver.add(near)
    far.sendall(b"last")
    far.close()
    assert [(number, data) for number, data, _ in await place.until(2)] == [
        (near.fileno(), b"last"),
        (near.fileno(), b""),
    ]


async def test_an_error_is_its_number(place: Place, connect: Callable[[], Pair]) -> None:
    near, far = connect()
    place.receiver.add(near)
    # To close without lingering resets the connection.
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    arrived = await place.until(1)
    assert arrived[0][:2] == (near.fileno(), errno.ECONNRESET)


async def test_what_is_more_than_a_read_comes_in_several(place: Place, connect: Callable[[], Pair]) -> None:
    near, far = connect()
    far.setblocking(False)
    place.receiver.add(near)
    sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(far, b"z" * 1_000_000))
    got = 0
    while got < 1_000_000:
        await asyncio.wait_for(place.called.wait(), 5)
        place.called.clear()
        got += sum(len(data) for _, data, _ in place.receiver.receive(None, CallsInFlight()) if isinstance(data, bytes))
    await sending
    assert got == 1_000_000
