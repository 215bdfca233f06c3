from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.state import StateDir, StopSignal, WorkerStatus, client, region, worker_arguments


def test_what_is_written_is_read_again_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "new")

    state.write_json("outputs.json", {"table_name": "orders"})

    assert state.read_json("outputs.json") == {"table_name": "orders"}
    assert [path.name for path in state.path.iterdir()] == ["outputs.json"]


def test_a_file_that_is_not_there_reads_as_none(tmp_path: Path) -> None:
    assert StateDir(tmp_path / "nowhere").read_json("server.json") is None


@pytest.mark.parametrize("content", [b"", b"{bad", b"[]", b"\xff"])
def test_a_damaged_file_is_named_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "server.json").write_bytes(content)
    with pytest.raises(SandboxError, match=r"server\.json is damaged .*: restore it, or end the sandbox's processes"):
        StateDir(tmp_path).read_json("server.json")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.write_json("status.json", {"n": 0, "filler": "x" * 100_000})
    done = threading.Event()

    def write() -> None:
        for n in range(50):
            state.write_json("status.json", {"n": n, "filler": "x" * 100_000})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        seen = state.read_json("status.json")
        assert seen is not None
        assert len(seen["filler"]) == 100_000
    writer.join()


def test_a_directory_that_is_too_deep_for_a_socket_is_refused_in_a_sentence(tmp_path: Path) -> None:
    deep = StateDir(tmp_path / ("d" * 100))

    with pytest.raises(SandboxError, match="too long for a Unix socket: choose a shorter --state-dir"):
        deep.socket("athena")


def test_a_worker_reports_its_status_immediately_and_then_at_most_once_per_second(tmp_path: Path) -> None:
    state = StateDir(tmp_path)

    status = WorkerStatus(state, "pipes", {"records_in": 0})
    status.counters["records_in"] = 7
    status.tick()
    before = state.read_json(state.status / "pipes.json")
    status.write()
    after = state.read_json(state.status / "pipes.json")

    assert before is not None
    assert after is not None
    assert (before["process"], before["pid"], before["records_in"]) == ("pipes", os.getpid(), 0)
    assert after["records_in"] == 7
    assert after["updated_at"] == pytest.approx(time.time(), abs=60)


@pytest.fixture
def stop() -> Iterator[StopSignal]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield StopSignal()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(stop: StopSignal, number: signal.Signals) -> None:
    threading.Timer(0.05, os.kill, (os.getpid(), number)).start()

    began = time.monotonic()
    assert stop.wait(30)

    assert stop.requested
    assert time.monotonic() - began < 20
    assert stop.wait(30)


def test_a_wait_without_a_signal_ends_in_its_time(stop: StopSignal) -> None:
    assert not stop.wait(0.01)


def test_a_worker_receives_the_endpoint_and_the_state_directory(tmp_path: Path) -> None:
    endpoint_url, state = worker_arguments(["--endpoint-url", "http://127.0.0.1:1", "--state-dir", str(tmp_path)])

    assert endpoint_url == "http://127.0.0.1:1"
    assert state.path == tmp_path


def test_a_client_has_nothing_from_the_users_own_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere")

    s3 = client("s3", "http://127.0.0.1:1")

    assert s3.meta.endpoint_url == "http://127.0.0.1:1"
    assert s3.meta.region_name == "eu-west-1"


def test_the_region_is_the_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_REGION", "eu-central-1")

    assert region() == "eu-central-1"
    assert client("sqs", "http://127.0.0.1:1").meta.region_name == "eu-central-1"
