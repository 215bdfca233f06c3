"""TLS without sockets, against the standard library's server side, however the bytes are split."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.loadgen.server import make_certificate
from loadgen.dynamodb.tls import Tls

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    directory: Path = tmp_path_factory.mktemp("certificate")
    certificate, key = make_certificate(directory)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    return ssl.create_default_context(cafile=certificate), server


class Peer:
    """The server's side of one connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def read(self, wire: bytes) -> bytes:
        self.incoming.write(wire)
        data = b""
        with suppress(ssl.SSLWantReadError):
            while self.incoming.pending:
                data += self.tls.read(1 << 16)
        return data

    def write(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self.outgoing.read()


def connect(contexts: Contexts) -> tuple[Tls, Peer]:
    client, peer = Tls(contexts[0], "localhost"), Peer(contexts[1])
    done = client.handshake()
    for _ in range(10):
        peer.incoming.write(client.unsent())
        with suppress(ssl.SSLWantReadError):
            peer.tls.do_handshake()
        if done:
            # What is left are the tickets for a later connection.
            assert client.decrypt(peer.outgoing.read()) == b""
            return client, peer
        done = client.handshake(peer.outgoing.read())
    raise AssertionError("no end of the handshake")


def pieces(wire: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The wire's bytes in pieces of these sizes in turn."""
    at = turn = 0
    while at < len(wire):
        size = sizes[turn % len(sizes)]
        yield wire[at : at + size]
        at, turn = at + size, turn + 1


@given(
    answers=st.lists(st.binary(min_size=1, max_size=200) | st.just(b"x" * 40_000), min_size=1, max_size=5),
    sizes=st.lists(st.integers(1, 30_000), min_size=1, max_size=4),
)
def test_answers_come_whole_however_the_wire_cuts_them(
    contexts: Contexts, answers: list[bytes], sizes: list[int]
) -> None:
    client, peer = connect(contexts)
    wire = b"".join(map(peer.write, answers))
    if max(sizes) < 10:
        sizes = [size * 100 for size in sizes]
    assert b"".join(map(client.decrypt, pieces(wire, sizes))) == b"".join(answers)
    assert not client.ended


@given(requests=st.lists(st.binary(min_size=1, max_size=200) | st.just(b"x" * 40_000), min_size=1, max_size=5))
def test_requests_arrive_whole(contexts: Contexts, requests: list[bytes]) -> None:
    client, peer = connect(contexts)
    assert peer.read(b"".join(map(client.encrypt, requests))) == b"".join(requests)


@pytest.mark.parametrize("together", [True, False])
def test_the_end_is_reported_after_what_came_before_it(contexts: Contexts, together: bool) -> None:
    client, peer = connect(contexts)
    wire = peer.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.unwrap()
    end = peer.outgoing.read()
    if together:
        assert client.decrypt(wire + end) == b"last"
    else:
        assert client.decrypt(wire) == b"last"
        assert not client.ended
        assert client.decrypt(end) == b""
    assert client.ended


def test_a_changed_record_is_refused(contexts: Contexts) -> None:
    client, peer = connect(contexts)
    wire = bytearray(peer.write(b"an answer"))
    wire[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        client.decrypt(bytes(wire))


def test_another_host_s_certificate_is_refused(contexts: Contexts) -> None:
    client, peer = Tls(contexts[0], "example.com"), Peer(contexts[1])
    client.handshake()
    peer.incoming.write(client.unsent())
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError):
        client.handshake(peer.outgoing.read())
    assert client.unsent(), "the alert that says so"
