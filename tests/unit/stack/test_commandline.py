"""What `run` makes of everything that a command can do: its exit code, and what it says."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from stack.commandline import Exit, Parser, UserError, imported, run


class Gone:
    """A standard output that fails as one does."""

    def __init__(self, error: OSError, *, at: str) -> None:
        self.error = error
        self.at = at

    def write(self, text: str) -> None:
        if self.at == "write":
            raise self.error

    def flush(self) -> None:
        if self.at == "flush":
            raise self.error


def raising(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1), (Exit.INCOMPLETE, 3)])
def test_what_main_returns_is_the_exit_code(returned: int | None, code: int) -> None:
    assert run(lambda: returned) == code


MENDABLE = UserError("It is not running: start it.")


@pytest.mark.parametrize("error", [MENDABLE, ExceptionGroup("group", [ValueError(), MENDABLE])])
def test_a_user_error_is_one_sentence_on_stderr(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(error)) == Exit.BAD_INPUT
    assert capsys.readouterr() == ("", "It is not running: start it.\n")


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()))


def test_ctrl_c_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(KeyboardInterrupt())) == Exit.INTERRUPTED
    assert capsys.readouterr() == ("", "")


def test_sigterm_is_handled_like_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[str] = []

    def main() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            ended.append("cleanly")

    assert run(main) == Exit.INTERRUPTED
    assert ended == ["cleanly"]
    assert capsys.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ctrl_c_waits_until_a_module_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that is broken off half-way can crash a compiled library."""
    (tmp_path / "interrupted_module.py").write_text("import os\nos.kill(os.getpid(), 2)\nwhole = True\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            imported("interrupted_module")
    finally:
        signal.signal(signal.SIGINT, handler)
    assert sys.modules.pop("interrupted_module").whole


def test_a_reader_that_goes_before_the_end_does_not_learn_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(BrokenPipeError(), at="write"))

    def main() -> int:
        sys.stdout.write("a line")
        return 0

    assert run(main) == Exit.UNREAD


@pytest.mark.parametrize("code", [0, 1])
def test_a_reader_that_goes_at_the_end_does_not_change_the_result(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(BrokenPipeError(), at="flush"))
    assert run(lambda: code) == code


def test_help_for_a_reader_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(BrokenPipeError(), at="flush"))
    with pytest.raises(SystemExit) as end:
        run(raising(SystemExit(0)))
    assert end.value.code == 0
    assert sys.stdout is None, "the interpreter does not flush it again"


def test_rich_s_own_end_for_a_reader_that_has_gone() -> None:
    def main() -> int:
        try:
            raise BrokenPipeError
        except BrokenPipeError:
            raise SystemExit(1)  # noqa: B904 - as rich.console.Console.on_broken_pipe does

    assert run(main) == Exit.UNREAD


def test_an_output_that_takes_no_more_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(OSError(28, "No space left on device"), at="flush"))
    assert run(lambda: 0) == Exit.BAD_INPUT
    assert capsys.readouterr().err == "The output cannot be written: No space left on device.\n"


def test_a_disk_that_is_full_before_the_end_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> int:
        sys.stdout.write("x" * 1_000_000)
        return 0

    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        monkeypatch.setattr(sys, "stdout", full)
        assert run(main) == Exit.BAD_INPUT
        assert capsys.readouterr().err == "The output cannot be written: No space left on device.\n"
        with suppress(OSError):
            full.close()


def test_a_closed_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert run(lambda: sys.stdout.write("x") - 1) == 0
    sys.stdout.close()


@pytest.mark.parametrize("error", [UserError("It is wrong."), KeyboardInterrupt()])
def test_a_closed_error_output_changes_no_exit_code(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert run(raising(error)) == (Exit.BAD_INPUT if isinstance(error, UserError) else Exit.INTERRUPTED)
    sys.stderr.close()


@pytest.mark.parametrize(
    "wrong", [raising(UserError("it is a long sentence")), lambda: Parser(prog="t").error("wrong " * 9)]
)
def test_on_a_narrow_terminal_an_error_breaks_between_words(
    wrong: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with suppress(SystemExit):
        run(wrong)
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) > 1
    assert all(len(line) <= 12 for line in shown)


def test_help_ends_the_process_as_ever() -> None:
    with pytest.raises(SystemExit):
        run(raising(SystemExit(0)))


def test_a_wrong_option_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    parser: Any = Parser(prog="tool")
    parser.add_argument("--size", type=int)
    with pytest.raises(SystemExit) as end:
        parser.parse_args(["--size", str(tmp_path)])
    assert end.value.code == Exit.BAD_INPUT
    assert capsys.readouterr().err == f"tool: argument --size: invalid int value: '{tmp_path}' (see --help).\n"


def test_an_unknown_option_names_the_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    """Its --help lists the known ones."""
    parser = Parser("tool")
    parser.add_subparsers().add_parser("erase").add_argument("--yes", action="store_true")
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["erase", "--yes", "--dry-run", "--also"])
    assert ended.value.code == Exit.BAD_INPUT
    assert capsys.readouterr().err == "tool erase: unrecognized arguments: --dry-run --also (see --help).\n"
