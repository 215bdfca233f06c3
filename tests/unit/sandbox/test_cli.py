from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from sandbox import cli, console
from sandbox.console import show_outputs, state_of
from sandbox.errors import SandboxError
from sandbox.lifecycle import Health, Sandbox
from sandbox.processes import PROCESSES, Process, ProcessRecord, started_at
from sandbox.state import StateDir

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def seem_running(state: StateDir) -> None:
    state.write_json("server.pid", ProcessRecord(os.getpid(), started_at(os.getpid()) or "")._asdict())
    state.write_json("server.json", {"port": 4600, "pid": os.getpid()})


def error(capsys: pytest.CaptureFixture[str], *, last: bool = False) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert last or len(lines) == 1, lines
    return lines[-1]


def test_status_of_no_sandbox_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--state-dir", str(tmp_path / "none")]) == 2

    command = f"python -m sandbox up --state-dir {tmp_path / 'none'}"
    assert error(capsys) == f"The sandbox is not running: start it with `{command}`."


def test_down_of_no_sandbox_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["down", "--state-dir", str(tmp_path / "none")]) == 0

    assert error(capsys) == "The sandbox is not running."
    assert not (tmp_path / "none").exists()


def test_logs_of_no_sandbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["logs", "--state-dir", str(tmp_path)]) == 2

    assert error(capsys) == f"There are no logs in {tmp_path}: no sandbox was started there."


def test_a_port_that_is_taken_is_named(tmp_path: Path, taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["up", "--state-dir", str(tmp_path), "--port", str(taken)]) == 2

    assert error(capsys) == f"Port {taken} is in use by a different program: choose a free one with --port."


def test_an_unknown_stack_is_reported_with_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["up", "--state-dir", str(tmp_path), "--stack", "staging"]) == 2

    said = error(capsys)
    assert "'staging'" in said
    assert "the stacks are dev, local, prod" in said


def test_outside_a_project_the_checkouts_own_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert cli.main(["up", "--state-dir", str(tmp_path / "state"), "--stack", "staging", "--port", str(taken)]) == 2

    assert "the stacks are dev, local, prod" in error(capsys)


@pytest.mark.parametrize(
    "arguments", [["status"], ["status", "--watch"], ["env"], ["console"], ["logs"], ["fault", "list"], ["down"]]
)
def test_what_only_looks_leaves_nothing_that_up_would_refuse(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "--state-dir", str(tmp_path / "state")]) == (0 if arguments == ["down"] else 2)
    assert error(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["file", "file/state", "/proc/state"])
def test_what_cannot_be_a_directory_is_one_sentence(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("all my work")
    assert cli.main(["up", "--state-dir", str(tmp_path / path)]) == 2
    assert "cannot be the sandbox's directory" in error(capsys)
    assert (tmp_path / "file").read_text() == "all my work"


@pytest.mark.parametrize("time", ["0s", "0.0ms", "-1s", "soon", "5"])
def test_a_fault_lasts_for_some_time(time: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["fault", "on", "throttle", "dynamodb", f"--for={time}", "--state-dir", str(tmp_path)])
    assert end.value.code == 2
    assert f"'{time}' is not a duration above 0" in error(capsys)


def test_a_directory_with_other_files_is_never_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("all my work")

    assert cli.main(["up", "--state-dir", str(tmp_path)]) == 2
    assert "contains other files" in error(capsys)
    assert cli.main(["down", "--state-dir", str(tmp_path)]) == 0

    assert (tmp_path / "thesis.txt").read_text() == "all my work"


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_an_invalid_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["up", "--port", port])

    assert "is not a port: give a number from 1 to 65535" in error(capsys)


def test_a_path_that_is_too_long_for_the_services_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["up", "--state-dir", str(tmp_path / ("d" * 120))]) == 2

    assert "choose a shorter --state-dir" in error(capsys)


def test_status_as_json_is_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = StateDir(tmp_path)
    for process in PROCESSES:
        started = started_at(os.getpid()) or ""
        state.write_json(f"{process.name}.pid", ProcessRecord(os.getpid(), started)._asdict())
    state.write_json(state.status / "pipes.json", {"process": "pipes", "pid": os.getpid(), "records_in": 3})

    assert cli.main(["status", "--json", "--state-dir", str(tmp_path)]) == 0

    statuses = {process["process"]: process for process in json.loads(capsys.readouterr().out)}
    assert list(statuses) == [process.name for process in PROCESSES]
    assert statuses["pipes"]["state"] == "up"
    assert statuses["pipes"]["status"]["records_in"] == 3
    assert statuses["firehose"]["state"] == "starting"


def test_watch_shows_the_processes_until_it_is_interrupted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateDir(tmp_path)
    seem_running(state)
    state.write_json("deployment.json", {"stack": "local", "region": "eu-west-1", "port": 4600})
    pauses: list[float] = []

    def interrupt(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(cli.time, "sleep", interrupt)
    assert cli.main(["status", "--watch", "--state-dir", str(tmp_path)]) == 130
    shown = capsys.readouterr().out
    assert shown.count(f"http://127.0.0.1:4600 · stack local · {tmp_path}") == 2
    assert pauses == [1.0, 1.0]


def test_the_environment_is_what_a_shell_and_its_clients_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = StateDir(tmp_path)
    seem_running(state)
    assert cli.main(["env", "--state-dir", str(tmp_path)]) == 2
    assert "still starting" in capsys.readouterr().err
    state.write_json("deployment.json", {"stack": None, "region": "eu-west-3", "port": 4600})
    assert cli.main(["env", "--json", "--state-dir", str(tmp_path)]) == 0
    variables = json.loads(capsys.readouterr().out)
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4600"
    assert variables["AWS_DEFAULT_REGION"] == variables["AWS_REGION"] == "eu-west-3"
    assert cli.main(["env", "--state-dir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out
    command = ["env", "-i", "sh", "-c", f"{lines}\nenv"]
    read = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {f"{name}={value}" for name, value in variables.items()} <= set(read)


@pytest.mark.parametrize(
    ("health", "state"),
    [
        (Health("pipes", alive=False, ready=False, pid=None, since_s=None, status={}), "dead"),
        (Health("pipes", alive=True, ready=False, pid=1, since_s=0.0, status={}), "starting"),
        (Health("pipes", alive=True, ready=True, pid=1, since_s=0.0, status={"updated_at": 0.0}), "silent"),
        (Health("server", alive=True, ready=True, pid=1, since_s=0.0, status={}), "up"),
    ],
)
def test_the_state_of_a_process(health: Health, state: str) -> None:
    assert state_of(health) == state


def test_logs_show_the_last_lines_of_each_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = StateDir(tmp_path)
    (state.logs / "pipes.log").write_text("one\ntwo\nthree\n")
    (state.logs / "athena.log").write_text("four\nhalf a line")

    assert cli.main(["logs", "-n", "2", "--state-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "athena | four\npipes  | two\npipes  | three\n"

    assert cli.main(["logs", "pipes", "-n", "1", "--state-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "three\n"

    assert cli.main(["logs", "missing", "--state-dir", str(tmp_path)]) == 2
    assert error(capsys) == "There is no log of 'missing': the logs are athena, pipes."


def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sandbox.lifecycle._PACKAGES", ("json", "no_such_package"))

    assert cli.main(["up", "--state-dir", str(tmp_path)]) == 2

    said = error(capsys)
    assert said.startswith("The sandbox needs packages that are not installed (no_such_package): run `pip install")


def test_what_was_started_empty_and_has_died_goes_on_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, started = StateDir(tmp_path / "state"), list[tuple[list[str], str, str]]()

    def start(_: Sandbox, dead: Sequence[Process], endpoint_url: str, region: str) -> None:
        started.append(([process.name for process in dead], endpoint_url, region))

    monkeypatch.setattr(Sandbox, "_start_again", start)
    state.write_json("sandbox.lock", {})
    state.write_json("deployment.json", {"stack": None, "region": "eu-west-1", "port": 4600})
    up = Sandbox(state, lambda _: None).up(tmp_path, None, None)
    everything = [process.name for process in PROCESSES]
    assert started == [(everything, "http://127.0.0.1:4600", "eu-west-1")]
    assert up.outputs == {"endpoint_url": "http://127.0.0.1:4600", "region": "eu-west-1"}
    with pytest.raises(SandboxError, match=r"was stopped and was started empty: run `python -m sandbox down --forget"):
        Sandbox(state, lambda _: None).up(tmp_path, "dev", None)


def test_data_of_another_version_is_refused_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = StateDir(tmp_path / "state")
    state.write_json("sandbox.lock", {})
    state.write_json("deployment.json", {"stack": "local", "region": "eu-west-1", "port": 4600})
    state.write_json("format.json", {"format": 0, "version": "0.1", "moto": "5.0.1"})
    assert cli.main(["up", "--state-dir", str(state.path)]) == 2
    said = error(capsys, last=True)
    assert "was written by a different program (version 0.1 with moto 5.0.1, format 0)" in said
    assert f"`python -m sandbox down --forget --state-dir {state.path}`" in said
    assert cli.main(["down", "--forget", "--state-dir", str(state.path)]) == 0
    assert {path.name for path in state.path.iterdir()} <= {"logs", "sandbox.lock"}


def test_a_pipe_that_does_not_work_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status = {"failing": {"orders": "Its source cannot be read."}, "updated_at": time.time()}
    health = [Health("pipes", alive=True, ready=True, pid=1, since_s=time.time(), status=status)]

    def told_health(_: Sandbox) -> list[Health]:
        return health

    monkeypatch.setattr(Sandbox, "health", told_health)
    assert cli.main(["status", "--state-dir", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "failing" in captured.out
    assert "pipes: orders does not work. Its source cannot be read." in captured.err


def test_no_sandbox_runs_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["status", "--state-dir", str(tmp_path / "file")]) == 2
    assert "The sandbox is not running" in capsys.readouterr().err


@pytest.mark.parametrize("terminal", [True, False])
def test_an_output_of_the_stack_is_one_line(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal wraps it itself, and copies it in one piece."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    url = f"http://127.0.0.1:4566/123456789012/{'order-cdc-local-dead-letters' * 2}"
    show_outputs({"table_name": "orders", "dead_letter_queue_url": url, "made_with": {"[b]": 1, "a": True}})
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert [line.split() for line in shown.splitlines()] == [
        ["dead_letter_queue_url", url],
        ["made_with", '{"[b]":1,"a":true}'],
        ["table_name", "orders"],
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["on", "throttle", "dynamodb", "colour=red"],
            ("'colour' is not a parameter of 'throttle'", "caller, error, partition"),
        ),
        (["on", "throttle", "dynamodb", "PutItem", "GetItem"], ("'GetItem' is neither a service nor an operation",)),
        (["on", "error", "s3"], ("No sandbox runs in", "python -m sandbox up")),
        (["off"], ("No sandbox runs in",)),
        (["list", "nothing"], ("'nothing' is not a kind of fault", "throttle")),
    ],
)
def test_a_fault_that_cannot_be_switched_is_one_sentence(
    arguments: list[str], words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["fault", *arguments, "--state-dir", str(tmp_path)]) == 2
    sentence = error(capsys)
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize("arguments", [["--for", "soon"], ["--share", "much"], ["--count", "x"]])
def test_a_faults_limits_have_a_form(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(["fault", "on", "error", "s3", *arguments])
    assert refused.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_one_kind_is_shown_without_a_sandbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fault", "list", "crash", "--state-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("pipes", "after-put", "firehose", "before-object"))


@pytest.mark.parametrize("columns", [40, 60, 72, 120])
def test_a_narrow_terminal_shows_the_processes_without_breaking_a_word(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "out", Console(highlight=False, soft_wrap=True, width=columns))
    status = {"records_in": 1_234_567, "bytes_out": 89_012_345, "duration_ms": 6236, "oldest_lag_ms": 0}
    console.show_health([Health("functions", alive=True, ready=True, pid=1, since_s=time.time(), status=status)])
    shown = capsys.readouterr().out
    assert all(len(line) <= columns for line in shown.splitlines())
    words = {"functions", "counters", "records", "1234567,", "bytes", "89012345,", "duration", "6236,", "lag"}
    assert words - {*shown.split()} <= {"counters"}
