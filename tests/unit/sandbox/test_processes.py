from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import processes
from sandbox.errors import SandboxError
from sandbox.lifecycle import Sandbox
from sandbox.processes import SERVER, Process, ProcessRecord, is_alive, port_is_free, record_of, started_at, stop
from sandbox.state import StateDir

PROCESS = Process("firehose")
STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
WILLING = "import signal; print('up', flush=True); signal.pause()"

Run = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def run() -> Iterator[Run]:
    """Starts a Python program in a new session, and returns after its first output."""
    children: list[subprocess.Popen[bytes]] = []

    def start(program: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)
        children.append(child)
        assert child.stdout is not None
        child.stdout.readline()
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def recorded(state: StateDir, pid: int, started: str | None = None) -> None:
    state.write_json(f"{PROCESS.name}.pid", ProcessRecord(pid, started or started_at(pid) or "")._asdict())


def test_a_recorded_process_is_alive_until_it_ends(tmp_path: Path, run: Run) -> None:
    state = StateDir(tmp_path)
    child = run(WILLING)
    recorded(state, child.pid)

    assert is_alive(state, PROCESS)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(state, PROCESS), "a zombie does not run"
    child.wait()
    assert not is_alive(state, PROCESS)


def test_without_a_record_nothing_is_alive(tmp_path: Path) -> None:
    assert record_of(StateDir(tmp_path), PROCESS) is None
    assert not is_alive(StateDir(tmp_path), PROCESS)


def test_a_process_that_got_the_id_of_another_is_left_alone(tmp_path: Path, run: Run) -> None:
    state = StateDir(tmp_path)
    stranger = run(WILLING)
    recorded(state, stranger.pid, started="long ago")

    assert not is_alive(state, PROCESS)
    assert stop(state, PROCESS)

    assert stranger.poll() is None
    assert record_of(state, PROCESS) is None


def test_a_process_is_asked_to_stop(tmp_path: Path, run: Run) -> None:
    state = StateDir(tmp_path)
    child = run(WILLING)
    recorded(state, child.pid)

    assert stop(state, PROCESS)

    assert child.wait() == -signal.SIGTERM
    assert record_of(state, PROCESS) is None


def test_a_process_that_does_not_stop_is_killed(tmp_path: Path, run: Run) -> None:
    state = StateDir(tmp_path)
    child = run(STUBBORN)
    recorded(state, child.pid)

    assert not stop(state, PROCESS, timeout_s=0.1)

    assert child.wait() == -signal.SIGKILL


def test_a_process_that_ends_during_its_start_is_reported_with_its_last_words(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    # The worker refuses its command line.
    processes.start(state, PROCESS, ["--no-such-option"], "eu-west-1")

    with pytest.raises(
        SandboxError, match=r"^The sandbox's firehose ended during its start \(.*\): see .*firehose\.log\.$"
    ):
        processes.wait_until_ready(state, PROCESS, port=1)


def test_workers_get_nothing_of_the_users_aws_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")

    environment = processes.environment("eu-central-1")

    assert "AWS_PROFILE" not in environment
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment["SANDBOX_REGION"] == "eu-central-1"


def test_a_port_is_free_until_somebody_listens_on_it() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not port_is_free(port)
    assert port_is_free(port)


def test_an_interrupt_during_a_start_leaves_no_process_without_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateDir(tmp_path)
    begin = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        child = begin(["sleep", "60"], start_new_session=True)
        signal.raise_signal(signal.SIGINT)
        return child

    monkeypatch.setattr(processes.subprocess, "Popen", interrupted)
    # A shell starts what it runs in the background deaf to SIGINT, and this may run there.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            processes.start(state, SERVER, [], "eu-west-1")
    finally:
        signal.signal(signal.SIGINT, inherited)
    record = record_of(state, SERVER)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    os.waitpid(record.pid, 0)


def test_a_process_whose_record_is_removed_meanwhile_has_health_without_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed(_state: StateDir, _process: Process) -> ProcessRecord:
        return ProcessRecord(1, "gone")

    monkeypatch.setattr("sandbox.lifecycle.record_of", removed)

    health = Sandbox(StateDir(tmp_path), lambda _line: None).health()

    assert {(one.alive, one.since_s) for one in health} == {(False, None)}
