"""The life of a sandbox, by its command line."""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from sandbox import cli
from sandbox.processes import PROCESSES, SERVER, Process, is_alive, port_is_free, record_of, started_at
from sandbox.state import StateDir, client
from tests.conftest import free_port

PROJECT = Path(__file__).parents[3]


class Finished(NamedTuple):
    code: int
    out: str
    err: str


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class CommandLine:
    """The sandbox's command line for one state directory: called in this process, or started as a process."""

    def __init__(self, directory: Path) -> None:
        self.state = StateDir(directory)
        self.port = free_port()

    def __call__(self, *arguments: str) -> Finished:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err, chdir(PROJECT):
            code = cli.main([*arguments, "--state-dir", str(self.state.path)])
        return Finished(code, out.getvalue(), err.getvalue())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "sandbox", *arguments, "--state-dir", str(self.state.path)]
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell starts background processes with SIGINT ignored, and this test may run in one.
            preexec_fn=_hear_interrupts,
        )

    def kill(self, process: Process) -> None:
        record = record_of(self.state, process)
        assert record is not None
        os.kill(record.pid, signal.SIGKILL)
        while is_alive(self.state, process):
            time.sleep(0.002)

    def alive(self) -> list[str]:
        return [process.name for process in PROCESSES if is_alive(self.state, process)]


@pytest.fixture
def sandbox() -> Iterator[CommandLine]:
    # Not pytest's temporary directory: a Unix socket's path has at most 107 bytes.
    with TemporaryDirectory(prefix="cli-") as directory:
        sandbox = CommandLine(Path(directory) / "state")
        yield sandbox
        assert sandbox("down", "--forget").code == 0
        assert sandbox.alive() == []


def test_a_sandbox_is_started_repaired_interrupted_recovered_and_taken_down(sandbox: CommandLine) -> None:
    names = [process.name for process in PROCESSES]

    # It starts, deploys and prints its outputs.
    up = sandbox("up", "--port", str(sandbox.port), "--json")
    assert up.code == 0, up.err
    outputs = json.loads(up.out)
    outputs_url, table = outputs["endpoint_url"], outputs["table_name"]
    assert outputs == sandbox.state.read_json("outputs.json")
    assert outputs["endpoint_url"] == f"http://127.0.0.1:{sandbox.port}"
    tables = client("dynamodb", outputs["endpoint_url"]).list_tables()["TableNames"]
    assert tables == [outputs["table_name"]]
    assert sandbox.alive() == names
    environment = json.loads(sandbox("env", "--json").out)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        boto3: Any = import_module("boto3")
        assert boto3.session.Session().client("dynamodb").list_tables()["TableNames"] == tables
    status = sandbox("status")
    assert status.code == 0
    assert [line.split()[:2] for line in status.out.splitlines()[1:]] == [[name, "up"] for name in names]

    # When repeated, it has nothing to do; another port or stack is another sandbox.
    again = sandbox("up")
    assert (again.code, again.err) == (0, "The sandbox is already running.\n")
    shown = {name: value for name, _, value in (line.partition("  ") for line in again.out.splitlines())}
    assert json.loads(shown.pop("made_with")) == outputs.pop("made_with")
    assert {name: value.strip() for name, value in shown.items()} == outputs
    for other in (("--port", str(free_port())), ("--stack", "dev")):
        refused = sandbox("up", *other)
        assert refused.code == 2
        assert ": run `python -m sandbox down" in refused.err

    # Only one command at a time may start or stop it.
    with (sandbox.state.path / "sandbox.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = sandbox("up")
    assert second.code == 2
    assert "Another command is starting or stopping the sandbox" in second.err

    # A worker that dies is reported, and restarted.
    sandbox.kill(PROCESSES[-1])
    status = sandbox("status")
    assert status.code == 1
    assert status.err == f"pipes is dead: restart with `python -m sandbox up --state-dir {sandbox.state.path}`.\n"
    pipes = client("pipes", f"http://127.0.0.1:{sandbox.port}").list_pipes()["Pipes"]
    assert {(pipe["DesiredState"], pipe["CurrentState"]) for pipe in pipes} == {("RUNNING", "START_FAILED")}
    repaired = sandbox("up")
    assert repaired.code == 0
    assert repaired.err.splitlines()[-1] == "The sandbox was running; restarted pipes."
    assert sandbox.alive() == names

    # When the server dies too, an interrupted restart leaves no process and all the data.
    put = {"order_id": {"S": "o-1"}, "note": {"S": "kept"}}
    client("dynamodb", outputs_url).put_item(TableName=table, Item=put)
    sandbox.kill(SERVER)
    status = sandbox("status")
    assert status.code == 1
    assert status.err.startswith("server is dead; nothing that was acknowledged is lost: restart with")
    with sandbox.start("up") as again:
        assert again.stderr is not None
        first_line = again.stderr.readline()
        assert first_line == f"starting the server at http://127.0.0.1:{sandbox.port}\n", "on the port that it had"
        again.send_signal(signal.SIGINT)
        again.communicate(timeout=60)
    assert again.returncode == 130
    assert sandbox.alive() == []
    assert port_is_free(sandbox.port)
    assert sandbox("status").code == 2

    # It continues with its data, also after `down`; acknowledged data survives.
    recovered = sandbox("up")
    assert recovered.code == 0, recovered.err
    assert "The sandbox is up again at" in recovered.err
    assert "It has recovered 1 writes" in recovered.err
    assert sandbox.alive() == names
    assert client("dynamodb", outputs_url).scan(TableName=table)["Items"] == [put]
    assert sandbox("fault", "on", "throttle", "dynamodb").code == 0
    assert sandbox("down").err.splitlines()[-1].startswith("The sandbox is down; `python -m sandbox up")
    assert sandbox.alive() == []

    assert not (sandbox.state.path / "faults.json").exists(), "faults end with `down`"

    # After --forget, only the logs remain.
    assert sandbox("down").err == "The sandbox is not running.\n"
    assert sandbox("down", "--forget").err.splitlines()[-1] == "The sandbox is down, and its data is deleted."
    assert {path.name for path in sandbox.state.path.iterdir()} == {"logs", "sandbox.lock"}
    logs = sandbox("logs", "server", "-n", "1")
    assert logs.code == 0
    assert logs.out.endswith("stopped\n")


def test_a_sandbox_for_the_engine_starts_empty_and_stays_one(sandbox: CommandLine) -> None:
    up = sandbox("up", "--empty", "--port", str(sandbox.port), "--json")
    assert up.code == 0, up.err
    url = f"http://127.0.0.1:{sandbox.port}"
    assert json.loads(up.out) == {"endpoint_url": url, "region": "eu-west-1"}
    assert client("dynamodb", url).list_tables()["TableNames"] == []
    assert client("s3", url).list_buckets()["Buckets"] == []
    status = sandbox("status")
    assert status.code == 0
    there = f"after you change port 4566 to {sandbox.port} in Pulumi.local.yaml"
    assert status.err == f"It was started empty: `pulumi up --stack local` deploys to it, {there}.\n"

    # A restart keeps its kind; a stack from the sandbox's deployer would collide with the engine's resources.
    again = sandbox("up", "--empty")
    assert again.code == 0
    assert again.err.startswith("The sandbox is already running. It was started empty:")
    refused = sandbox("up", "--stack", "local")
    assert refused.code == 2
    assert refused.err.startswith("The sandbox is already running and was started empty: run `python -m sandbox down")


def test_a_sandbox_that_has_deployed_a_stack_is_not_empty(sandbox: CommandLine) -> None:
    sandbox.state.write_json("deployment.json", {"stack": "local", "region": "eu-west-1"})
    sandbox.state.write_json(
        "server.json", {"port": sandbox.port, "endpoint_url": "http://127.0.0.1:1", "pid": os.getpid()}
    )
    sandbox.state.write_json("server.pid", {"pid": os.getpid(), "started": started_at(os.getpid())})
    (sandbox.state.path / "sandbox.lock").touch()
    refused = sandbox("up", "--empty")
    # This process, which plays the server, must not be stopped at the end.
    (sandbox.state.path / "server.pid").unlink()
    assert refused.code == 2
    assert refused.err.startswith("The sandbox is already running stack 'local': run `python -m sandbox down")
