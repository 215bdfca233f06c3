"""The null server as a process, what is measured against it, and what cannot be."""

import importlib.util
import socket
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.loadgen.__main__ import main
from benchmarks.loadgen.measure import measure
from benchmarks.loadgen.server import NullServer, make_certificate, share
from benchmarks.pacing.__main__ import measure as measure_pacing
from loadgen.dynamodb.fast import FastWriter
from loadgen.dynamodb.writer import Endpoint, Limits
from loadgen.dynamodb.writes import Outcome

PUT: dict[str, object] = {"TableName": "orders", "Item": {"order_id": {"S": "1"}, "note": {"S": "x" * 100_000}}}


async def test_it_answers_the_fast_writer_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with NullServer(prefix=[], tls=(certificate, key)) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert stranger.recv(1) == b""
        writer = FastWriter(
            Endpoint(region="eu-west-1", url=server.url, access_key="AK", secret_key="secret"), Limits(connections=2)
        )
        before = server.usage()
        try:
            await writer.open(2)
            replies = [await writer.ask(operation, PUT) for operation in ("DescribeTable", "PutItem", "BatchWriteItem")]
        finally:
            await writer.close()
        after = server.usage()
    assert [reply.outcome for reply in replies] == [Outcome.OK] * 3
    assert msgspec.json.decode(replies[0].body)["Table"]["TableStatus"] == "ACTIVE"
    assert 0 < share(before, after) < 2


def test_servers_share_a_port() -> None:
    with NullServer(prefix=[]) as one, NullServer(prefix=[], port=one.port) as two:
        assert two.port == one.port


@pytest.mark.skipif(importlib.util.find_spec("aiodynamo") is not None, reason="it is installed here")
def test_a_peer_that_is_missing_is_reported() -> None:
    with NullServer(prefix=[]) as server:
        line = measure("aiodynamo", sys.executable, server, 0.1, None)
    assert line.failure == "not measured: aiodynamo is not installed"


def test_an_interpreter_that_is_missing_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--python", str(tmp_path / "python")])
    assert raised.value.code == 2
    assert "is not a Python interpreter" in capsys.readouterr().err


def test_a_client_is_measured_with_the_server_s_share_of_its_core() -> None:
    with NullServer(prefix=[]) as server:
        line = measure("loadgen fast", sys.executable, server, 0.2, None)
    assert line.failure == ""
    assert line.requests_per_s == line.items_per_s > 0
    assert line.cpu_us_per_request > 0
    assert 0 < line.server_share < 2


def test_pacing_counts_what_the_load_generator_really_sent() -> None:
    with NullServer(prefix=[]) as server:
        paced = measure_pacing("loadgen", 200.0, 0.5, server.port)
    assert paced.planned == paced.sent == paced.acked == 100
    assert paced.cpu_share > 0


@pytest.mark.parametrize("way", ["sleep", "tick", "spin"])
def test_the_other_ways_of_pacing_count_too(way: str) -> None:
    paced = measure_pacing(way, 200.0, 0.2, 0)
    assert 0 < paced.sent <= paced.planned == 40
    assert paced.acked is None


def test_the_floor_of_pacing_sends_what_it_counts() -> None:
    with NullServer(prefix=[]) as server:
        paced = measure_pacing("floor", 200.0, 0.5, server.port)
    assert 0 < paced.sent <= paced.planned == 100


@pytest.mark.parametrize(("name", "items_each"), [("floor", 1), ("floor, batches of 25", 25)])
def test_the_floor_of_the_clients_is_measured(name: str, items_each: int) -> None:
    with NullServer(prefix=[]) as server:
        line = measure(name, sys.executable, server, 0.2, None)
    assert line.failure == ""
    assert line.items_per_s == pytest.approx(items_each * line.requests_per_s)
