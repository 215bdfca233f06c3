"""What is read from many sockets, by each receiver that this system can have."""

import asyncio
import errno
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from loadgen.dynamodb import receiver
from loadgen.dynamodb.receiver import Arrived, EpollReceiver, LoopReceiver, Receiver

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
            self.arrived += self.receiver.receive()
        return self.arrived


def python_epoll(on_ready: Callable[[], None]) -> EpollReceiver:
    made = EpollReceiver(on_ready)
    made.receive = made._receive  # pyright: ignore[reportPrivateUsage]
    return made


@pytest_asyncio.fixture(
    params=[
        pytest.param(EpollReceiver, marks=[LINUX, NATIVE], id="native"),
        pytest.param(python_epoll, marks=LINUX, id="epoll"),
        pytest.param(LoopReceiver, id="loop"),
    ]
)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    made = Place(request.param)
    yield made
    made.receiver.close()


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def pair(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection; the first does not block."""
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    near.setblocking(False)
    return near, far


async def test_what_came_is_read_with_when_it_came(place: Place, listener: socket.socket) -> None:
    with listener:
        ends = [pair(listener) for _ in range(3)]
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
    for near, far in ends:
        place.receiver.remove(near)
        near.close()
        far.close()


@LINUX
@pytest.mark.parametrize("kind", [pytest.param(EpollReceiver, marks=NATIVE), python_epoll])
async def test_when_it_came_does_not_depend_on_when_it_is_read(
    kind: Callable[[Callable[[], None]], Receiver], listener: socket.socket
) -> None:
    place = Place(kind)
    with listener:
        near, far = pair(listener)
    place.receiver.add(near)
    place.receiver.pause(True)
    far.sendall(b"x")
    sent_ns = time.monotonic_ns()
    while (read_ns := time.monotonic_ns()) < sent_ns + 20_000_000:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not place.called.is_set()
    ((_, data, at_ns),) = place.receiver.receive()
    assert data == b"x"
    assert at_ns - sent_ns < (read_ns - sent_ns) / 2
    place.receiver.pause(False)
    far.sendall(b"y")
    assert [data for _, data, _ in await place.until(1)] == [b"y"]
    place.receiver.remove(near)
    place.receiver.close()
    near.close()
    far.close()


async def test_the_end_is_no_bytes(place: Place, listener: socket.socket) -> None:
    with listener:
        near, far = pair(listener)
    place.receiver.add(near)
    far.close()
    ((number, data, _),) = await place.until(1)
    assert (number, data) == (near.fileno(), b"")
    place.receiver.remove(near)
    near.close()


async def test_an_error_is_its_number(place: Place, listener: socket.socket) -> None:
    with listener:
        near, far = pair(listener)
    place.receiver.add(near)
    # To close without lingering resets the connection.
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    arrived = await place.until(1)
    assert arrived[0][:2] == (near.fileno(), errno.ECONNRESET)
    place.receiver.remove(near)
    near.close()


async def test_what_is_more_than_a_read_comes_in_several(place: Place, listener: socket.socket) -> None:
    with listener:
        near, far = pair(listener)
    far.setblocking(False)
    place.receiver.add(near)
    sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(far, b"z" * 1_000_000))
    got = 0
    while got < 1_000_000:
        await asyncio.wait_for(place.called.wait(), 5)
        place.called.clear()
        got += sum(len(data) for _, data, _ in place.receiver.receive() if isinstance(data, bytes))
    await sending
    assert got == 1_000_000
    place.receiver.remove(near)
    near.close()
    far.close()
