from __future__ import annotations

import subprocess
from collections.abc import Sequence
from importlib import util
from pathlib import Path

import pytest

from components.wheels import BundleError, Platform, install

REQUIREMENTS = Path("requirements/transform.txt")


class Installers:
    """The installers of a machine: which are there, what they answer, and how they were called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.calls: list[Sequence[str]] = []
        monkeypatch.setattr(util, "find_spec", lambda name: name if name in self.answers else None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - a stand-in
        monkeypatch.setattr(subprocess, "run", self._run)

    def _run(self, command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.calls.append(command)
        code, stderr = self.answers[command[2]]
        return subprocess.CompletedProcess(command, code, "", stderr)


@pytest.fixture
def installers(monkeypatch: pytest.MonkeyPatch) -> Installers:
    return Installers(monkeypatch)


def test_uv_installs_the_lambdas_wheels_and_not_this_machines(installers: Installers) -> None:
    installers.answers = {"uv": (0, ""), "pip": (0, "")}
    install(REQUIREMENTS, Platform("python3.13", "arm64"), Path("wheels"))
    (command,) = installers.calls
    said = " ".join(command)
    assert "-m uv pip install" in said
    assert "--python-platform aarch64-manylinux2014" in said
    assert "--python-version 3.13" in said
    assert {"--require-hashes", "--no-deps"} <= set(command)
    assert "--only-binary :all:" in said


def test_pip_does_it_where_there_is_no_uv(installers: Installers) -> None:
    installers.answers = {"pip": (0, "")}
    install(REQUIREMENTS, Platform("python3.11", "x86_64"), Path("wheels"))
    (command,) = installers.calls
    said = " ".join(command)
    assert "-m pip install" in said
    assert "--platform manylinux2014_x86_64" in said
    assert "--implementation cp --abi cp311" in said
    assert {"--require-hashes", "--no-deps", "--no-compile"} <= set(command)


def test_pip_does_it_where_uv_cannot(installers: Installers) -> None:
    installers.answers = {"uv": (1, "error: no registry"), "pip": (0, "")}
    install(REQUIREMENTS, Platform("python3.13", "arm64"), Path("wheels"))
    assert [command[2] for command in installers.calls] == ["uv", "pip"]


@pytest.mark.parametrize("module", ["uv", "pip"])
def test_the_sandbox_gets_wheels_of_this_system(module: str, installers: Installers) -> None:
    installers.answers = {module: (0, "")}
    install(REQUIREMENTS, Platform("python3.13", "arm64", native=True), Path("wheels"))
    assert not any("platform" in word or "manylinux" in word for word in installers.calls[0])


def test_a_failure_is_one_sentence_with_what_each_installer_said(installers: Installers) -> None:
    installers.answers = {
        "uv": (2, "  \N{MULTIPLICATION SIGN} Failed to fetch: `msgspec`.\n  ╰─▶ dns error\n"),
        "pip": (1, "\nERROR: No matching distribution found\nmore\n"),
    }
    with pytest.raises(BundleError) as failed:
        install(REQUIREMENTS, Platform("python3.14", "arm64"), Path("wheels"))
    assert str(failed.value) == (
        "The transform's dependencies for python3.14 on arm64 could not be installed "
        "(uv says: Failed to fetch: `msgspec`; pip says: ERROR: No matching distribution found); "
        "connect to the package registry and try again, or choose another lambdaRuntime."
    )


def test_a_machine_without_installers_is_reported(installers: Installers) -> None:
    with pytest.raises(BundleError, match="neither uv nor pip is installed"):
        install(REQUIREMENTS, Platform("python3.13", "arm64"), Path("wheels"))
