"""Requests are sent and plain successes recognised in C as in Python."""

import errno
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loadgen import compiled
from loadgen.dynamodb.connection import Connection
from loadgen.dynamodb.http import ResponseTemplate
from loadgen.dynamodb.receiver import CallsInFlight, EpollReceiver
from loadgen.dynamodb.sending import send_in_python
from loadgen.dynamodb.writes import Call, Outcome, Reply

Send = Callable[[list[Call], list[int], list[bytes]], list[tuple[int, int]]]
Pair = tuple[socket.socket, socket.socket]
NATIVE = pytest.mark.skipif(
    compiled.native is None or sys.platform != "linux", reason="the module is compiled, and sends, on Linux"
)
LATER = {-errno.EAGAIN, -errno.EWOULDBLOCK}
# As DynamoDB spells a success.
HEAD = b"HTTP/1.1 200 OK\r\nServer: Server\r\nDate: "
MIDDLE = b"\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\nx-amzn-RequestId: "
TAIL = b"\r\nx-amz-crc32: 2745614147\r\n\r\n{}"
FIRST = HEAD + b"Sat, 21 Nov 2026 10:00:00 GMT" + MIDDLE + b"A" * 52 + TAIL
SECOND = HEAD + b"Sun, 22 Nov 2026 11:11:11 GMT" + MIDDLE + b"B" * 52 + TAIL


def native_send(calls: list[Call], sockets: list[int], requests: list[bytes]) -> list[tuple[int, int]]:
    assert compiled.native
    return compiled.native.send(calls, sockets, requests)


SENDS = [pytest.param(native_send, marks=NATIVE, id="native"), pytest.param(send_in_python, id="python")]


@pytest.fixture(params=SENDS)
def send(request: pytest.FixtureRequest) -> Send:
    return request.param


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    made = [socket.socketpair() for _ in range(3)]
    for near, _ in made:
        near.setblocking(False)
    yield made
    for pair in made:
        for one in pair:
            one.close()


def calls(number: int) -> list[Call]:
    return [Call("PutItem", ()) for _ in range(number)]


def numbers(pairs: list[Pair]) -> list[int]:
    return [near.fileno() for near, _ in pairs]


def test_each_request_leaves_on_its_socket_and_its_time_is_recorded(send: Send, pairs: list[Pair]) -> None:
    sent = calls(3)
    before_ns = time.monotonic_ns()
    assert send(sent, numbers(pairs), [b"one", b"two", b"three"]) == []
    after_ns = time.monotonic_ns()
    assert [far.recv(10) for _, far in pairs] == [b"one", b"two", b"three"]
    times = [call.sent_ns for call in sent]
    assert times == sorted(times)
    assert before_ns <= times[0]
    assert times[-1] <= after_ns


def test_what_does_not_fit_into_a_socket_is_told_and_the_others_leave(send: Send, pairs: list[Pair]) -> None:
    much = b"x" * 10_000_000
    ((index, part),) = send(calls(3), numbers(pairs), [b"one", much, b"three"])
    assert index == 1
    assert 0 < part < len(much)
    assert pairs[2][1].recv(10) == b"three"
    ((index, none),) = send(calls(1), [pairs[1][0].fileno()], [much])
    assert index == 0
    assert none in LATER


def test_a_lost_connection_is_told_by_its_error_and_no_signal_ends_the_process(send: Send, pairs: list[Pair]) -> None:
    pairs[0][1].close()
    assert send(calls(3), numbers(pairs), [b"one", b"two", b"three"]) == [(0, -errno.EPIPE)]


def test_lists_of_different_lengths_are_refused(send: Send, pairs: list[Pair]) -> None:
    with pytest.raises(ValueError, match=r"one length|shorter|longer"):
        send(calls(2), numbers(pairs)[:1], [b"one", b"two"])


@NATIVE
def test_what_is_no_list_of_requests_is_refused() -> None:
    send: Any = native_send
    with pytest.raises(TypeError, match="bytes"):
        send(calls(1), [1], ["text"])
    with pytest.raises(AttributeError):
        send([object()], [1], [b"one"])
    with pytest.raises((TypeError, SystemError)):
        send((), [], [])
    module: Any = compiled.native
    with pytest.raises(TypeError, match="send takes calls"):
        module.send([])


@pytest.fixture
def template() -> ResponseTemplate:
    """A template that has seen a success."""
    learned = ResponseTemplate()
    assert learned.parts is None
    assert learned.is_plain_success(FIRST)
    return learned


async def received(data: bytes, pair: Pair, template: ResponseTemplate) -> bytes | int | None:
    near, far = pair
    receiver = EpollReceiver(lambda: None)
    receiver.add(near)
    far.sendall(data) if data else far.shutdown(socket.SHUT_WR)
    try:
        ((number, got, _),) = receiver.receive(template.parts, CallsInFlight())
    finally:
        receiver.close()
    assert number == near.fileno()
    return got


@NATIVE
async def test_a_plain_success_is_recognised_whatever_its_date_and_its_id(
    pairs: list[Pair], template: ResponseTemplate
) -> None:
    assert await received(FIRST, pairs[0], template) is None
    assert await received(SECOND, pairs[1], template) is None
    assert await received(SECOND, pairs[2], ResponseTemplate()) == SECOND


@NATIVE
async def test_a_plain_success_ends_the_call_in_flight_on_its_socket_once(
    pairs: list[Pair], template: ResponseTemplate
) -> None:
    flights, receiver, sent = CallsInFlight(), EpollReceiver(lambda: None), calls(3)
    try:
        for (near, far), call in zip(pairs, sent, strict=True):
            flights.make_room(near.fileno())
            flights.calls[near.fileno()] = call
            receiver.add(near)
            far.sendall(FIRST)
        assert receiver.receive(template.parts, flights) == []
        assert flights.succeeded == sent
        assert flights.idle == numbers(pairs)
        assert not any(flights.calls)
        assert 0 < sent[0].answered_ns <= time.monotonic_ns()
        pairs[1][1].sendall(SECOND)
        assert [arrived[:2] for arrived in receiver.receive(template.parts, flights)] == [(pairs[1][0].fileno(), None)]
        assert flights.succeeded == sent
    finally:
        receiver.close()


@NATIVE
async def test_a_response_that_differs_in_a_byte_elsewhere_is_read_as_before(
    pairs: list[Pair], template: ResponseTemplate
) -> None:
    date, request_id = SECOND.index(b"Sun"), SECOND.index(b"B" * 52)
    free = {*range(date, date + 29), *range(request_id, request_id + 52)}
    for at in range(len(SECOND)):
        changed = SECOND[:at] + bytes([SECOND[at] ^ 1]) + SECOND[at + 1 :]
        assert await received(changed, pairs[0], template) == (None if at in free else changed)


@NATIVE
@pytest.mark.parametrize("data", [SECOND + b"x", SECOND[:-1], b"", SECOND + SECOND])
async def test_a_response_of_another_length_is_read_as_before(
    pairs: list[Pair], template: ResponseTemplate, data: bytes
) -> None:
    assert await received(data, pairs[0], template) == data


@NATIVE
@pytest.mark.parametrize(
    ("template", "error"),
    [
        ((b"ab", b"c", b"d", 1, 9), ValueError),
        ((b"ab", b"cde", b"d", 2, 5), ValueError),
        ((b"ab", b"c", b"d", 2, 1 << 70), OverflowError),
        ((b"ab", "c", b"d", 2, 9), TypeError),
        ((b"ab",), IndexError),
    ],
)
async def test_a_template_whose_parts_do_not_follow_each_other_is_refused(
    template: Any, error: type[Exception]
) -> None:
    receiver = EpollReceiver(lambda: None)
    try:
        with pytest.raises(error):
            receiver.receive(template, CallsInFlight())
    finally:
        receiver.close()


class Owner:
    """What the connection's pool would hear."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.lost_connections = 0
        self.calls: list[Call | None] = [None] * 1024

    def answered(self, connection: Connection, call: Call, reply: Reply) -> None:
        self.replies.append(reply)

    def lost(self, connection: Connection) -> None:
        self.lost_connections += 1

    def run(self, step: Callable[[], None]) -> None:
        step()


def test_a_whole_response_behind_a_part_of_one_is_no_success(pairs: list[Pair]) -> None:
    owner = Owner()
    connection = Connection(owner, pairs[0][0], ResponseTemplate(), None)
    owner.calls[connection.number] = Call("PutItem", ())
    assert connection.handle(FIRST[:30], 1) is None
    assert owner.calls[connection.number] is None
    assert connection.handle(None, 2) is None
    assert [reply.outcome for reply in owner.replies] == [Outcome.CORRUPT]
    assert owner.lost_connections == 1


def test_a_response_without_a_request_closes_its_connection(pairs: list[Pair]) -> None:
    owner = Owner()
    connection = Connection(owner, pairs[0][0], ResponseTemplate(), None)
    assert connection.handle(None, 1) is None
    assert owner.replies == []
    assert not connection.open


def test_a_part_of_a_response_without_a_request_closes_its_connection(pairs: list[Pair]) -> None:
    owner = Owner()
    connection = Connection(owner, pairs[0][0], ResponseTemplate(), None)
    assert connection.handle(FIRST[:30], 1) is None
    assert owner.replies == []
    assert not connection.open
