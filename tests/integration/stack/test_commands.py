"""Every command line follows the same rules for bad input, Ctrl-C, and a closed standard output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import pytest

from stack.commandline import Exit
from tests.conftest import ROOT


class Command(NamedTuple):
    """A command: its module, valid input, and the function that it then calls."""

    module: str
    arguments: tuple[str, ...]
    calls: str

    @property
    def main(self) -> Any:
        return import_module(self.module).main


COMMANDS = {
    "loadgen": Command("loadgen.cli", ("compare", "a", "b"), "loadgen.report.compare.read"),
    "lake": Command("lake.__main__", ("query", "SELECT 1"), "lake.command_query.main"),
    "sandbox": Command("sandbox.cli", ("status",), "sandbox.cli._status"),
    "sandbox.deploy": Command(
        "sandbox.deploy.__main__", ("--endpoint-url", "http://127.0.0.1:9"), "sandbox.deploy.__main__.deploy"
    ),
    "components.explain": Command("components.explain.cli", ("--stack", "dev"), "components.explain.cli.check_stack"),
    "components.audit": Command("components.audit.cli", ("--stack", "dev"), "components.audit.cli.check_stack"),
    "benchmarks.loadgen": Command("benchmarks.loadgen.__main__", (), "benchmarks.loadgen.__main__.python_version"),
    "benchmarks.pacing": Command("benchmarks.pacing.__main__", (), "benchmarks.pacing.__main__.NullServer"),
    "benchmarks.transform": Command("benchmarks.transform.__main__", (), "benchmarks.transform.__main__.Worker"),
}
# Input that only the command itself can find wrong.
WRONG = {
    "loadgen": (
        (("--rps", "500", "--report", "no/such/place.json", "--table", "t", "--region", "r"), "no/such"),
        (("compare", "none.json", "none.json"), "none.json"),
        (("html", "none.json", "page.html"), "none.json"),
        (("capacity", "--state-dir", "nowhere"), "sandbox up"),
        (("capacity", "--report", "no/such/place.json", "--table", "t", "--region", "r"), "no/such"),
    ),
    "lake": ((("verify", "--state-dir", "nowhere"), "sandbox up"),),
    "sandbox": ((("status", "--state-dir", "nowhere"), "not running"),),
    "sandbox.deploy": ((("--endpoint-url", "http://127.0.0.1:9", "--stack", "none"), "no stack 'none'"),),
    "components.explain": ((("--stack", "none"), "no stack 'none'"),),
    "components.audit": ((("--stack", "none"), "no stack 'none'"),),
}


@pytest.fixture(params=COMMANDS)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(signal, "signal", _no_handler)
    monkeypatch.chdir(ROOT)
    return str(request.param)


@pytest.fixture
def gone() -> Iterator[TextIO]:
    """A pipe whose reader is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    yield stream
    with suppress(BrokenPipeError):
        stream.close()


def _no_handler(*_: object) -> None:
    return None


def _run(name: str, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    """Return a command's exit code, called like a process."""
    monkeypatch.setattr(sys, "argv", ["__main__.py", *arguments])
    try:
        return COMMANDS[name].main()
    except SystemExit as end:
        return end.code


def test_a_wrong_option_is_one_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(name, ("--no-such-option",), monkeypatch) == Exit.BAD_INPUT
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"python -m {name}: ")
    assert err.endswith(" (see --help).\n")
    assert err.count("\n") == 1


def test_wrong_input_is_one_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, said in WRONG.get(name, ()):
        assert _run(name, arguments, monkeypatch) == Exit.BAD_INPUT
        out, err = capsys.readouterr()
        assert out == ""
        assert said in err
        assert err.endswith(".\n")
        assert err.count("\n") == 1


def test_ctrl_c_ends_it_and_says_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    import_module(COMMANDS[name].module)
    monkeypatch.setattr(COMMANDS[name].calls, interrupted)
    assert _run(name, COMMANDS[name].arguments, monkeypatch) == Exit.INTERRUPTED
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("module", ["loadgen", "lake", "sandbox", "components.explain", "components.audit"])
def test_ctrl_c_while_it_is_imported_says_nothing_either(module: str, tmp_path: Path) -> None:
    # All of them import `stack`, and it msgspec. A shell's background job, such as a test run, ignores SIGINT.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "from importlib.abc import MetaPathFinder\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Interrupts(MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'msgspec':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupts())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (Exit.INTERRUPTED, b"", b"")


def test_a_reader_that_has_gone_is_no_error(
    name: str, gone: TextIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*_: object, **__: object) -> None:
        sys.stdout.write("x" * 100_000)

    import_module(COMMANDS[name].module)
    monkeypatch.setattr(COMMANDS[name].calls, shown)
    monkeypatch.setattr(sys, "stdout", gone)
    assert _run(name, COMMANDS[name].arguments, monkeypatch) == Exit.UNREAD
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("arguments", "code"), [(("--rules",), Exit.UNREAD), (("--help",), Exit.OK)])
def test_the_interpreter_does_not_report_it_either(arguments: tuple[str, ...], code: Exit, gone: TextIO) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "components.audit", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        stdout=gone,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (code, b"")
