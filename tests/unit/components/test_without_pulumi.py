"""The commands that run the program, where Pulumi's SDK is not installed; tests/e2e/test_installation.py is without."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from components.without_pulumi import exit_with
from stack.commandline import Exit


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command line that no test has imported."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "a_command_line", raising=False)
    return tmp_path / "a_command_line.py"


@pytest.mark.parametrize(
    ("package", "imported"),
    [("pulumi", "pulumi"), ("pulumi_aws", "pulumi_aws"), ("pulumi", "no_package_that_comes_with_the_sdk")],
)
def test_what_is_to_be_installed_is_said_in_one_sentence(
    package: str, imported: str, command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    command.write_text(f"import {imported}\n")
    with pytest.raises(SystemExit) as ended:
        exit_with("a_command_line")
    said = capsys.readouterr().err
    assert ended.value.code == Exit.BAD_INPUT
    assert said.count("\n") == 1
    assert f"{package} is not installed: `pip install '.[pulumi]'`" in said


def test_another_module_that_is_missing_is_a_bug(command: Path) -> None:
    command.write_text("import no_module_of_this_name\n")
    with pytest.raises(ModuleNotFoundError, match="no_module_of_this_name"):
        exit_with("a_command_line")


def test_the_exit_code_is_the_command_lines(command: Path) -> None:
    command.write_text("def main() -> int:\n    return 1\n")
    with pytest.raises(SystemExit) as ended:
        exit_with("a_command_line")
    assert ended.value.code == 1
