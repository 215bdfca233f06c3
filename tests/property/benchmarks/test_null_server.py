"""The null server's sessions respond by the requests' lengths, however the bytes are split."""

import itertools
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.loadgen.null_server import (
    BATCH,
    DESCRIBE,
    SINGLE,
    Encrypted,
    Plain,
    Session,
    UnreadableError,
    server_context,
)
from benchmarks.loadgen.server import make_certificate

ANSWERS = {"PutItem": SINGLE, "UpdateItem": SINGLE, "BatchWriteItem": BATCH, "DescribeTable": DESCRIBE}


def request(operation: str, body: bytes, length: str = "Content-Length") -> bytes:
    head = f"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.{operation}\r\n{length}: {len(body)}\r\nHost: h\r\n\r\n"
    return head.encode() + body


requests = st.lists(
    st.tuples(
        st.sampled_from(sorted(ANSWERS)),
        st.one_of(st.binary(max_size=50), st.integers(0, 40_000).map(bytes), st.just(b"a\r\n\r\nb")),
        st.sampled_from(["Content-Length", "content-length"]),
    ),
    min_size=1,
    max_size=6,
)
cuts = st.lists(st.floats(0, 1), max_size=8)


def cut(data: bytes, at: list[float]) -> list[bytes]:
    places = sorted({round(place * len(data)) for place in at} | {0, len(data)})
    return [data[begin:end] for begin, end in itertools.pairwise(places)]


def output(session: Session, chunks: list[bytes]) -> bytes:
    return b"".join(session.turn(chunk) for chunk in chunks)


@given(requests, cuts)
def test_every_request_is_answered_once(sent: list[tuple[str, bytes, str]], at: list[float]) -> None:
    data = b"".join(request(*one) for one in sent)
    assert output(Plain(), cut(data, at)) == b"".join(ANSWERS[operation] for operation, _, _ in sent)


class Client:
    """The other side of an encrypted session, apart from any socket."""

    def __init__(self, context: ssl.SSLContext, server: Encrypted) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.server = server
        established = False
        while not established:
            try:
                self.tls.do_handshake()
                established = True
            except ssl.SSLWantReadError:
                pass
            self.incoming.write(server.turn(self.outgoing.read()))

    def records(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self.outgoing.read()

    def read(self) -> bytes:
        data = b""
        while self.incoming.pending:
            try:
                data += self.tls.read(1 << 14)
            except ssl.SSLWantReadError:  # the records held the session's tickets
                break
        return data


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    certificate, key = make_certificate(tmp_path_factory.mktemp("tls"))
    return server_context(str(certificate), str(key)), ssl.create_default_context(cafile=str(certificate))


@given(sent=requests, at=cuts)
def test_over_tls_too_wherever_a_record_is_cut(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], sent: list[tuple[str, bytes, str]], at: list[float]
) -> None:
    server = Encrypted(contexts[0])
    client = Client(contexts[1], server)
    data = b"".join(client.records(request(*one)) for one in sent)
    client.incoming.write(output(server, cut(data, at)))
    assert client.read() == b"".join(ANSWERS[operation] for operation, _, _ in sent)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
def test_a_request_without_a_length_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        Plain().turn(data)


@pytest.mark.parametrize("data", [request("PutItem", b"{}"), bytes(100)])
def test_what_is_no_tls_is_unreadable(contexts: tuple[ssl.SSLContext, ssl.SSLContext], data: bytes) -> None:
    with pytest.raises(UnreadableError):
        Encrypted(contexts[0]).turn(data)


def test_the_client_may_close(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server = Encrypted(contexts[0])
    client = Client(contexts[1], server)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    with pytest.raises(UnreadableError):
        server.turn(client.outgoing.read())
