"""Wheels for another platform: pinned and hashed dependencies for a Lambda.

Both uv and pip can download them. uv is one of the development requirements, and an environment that uv creates has no
pip; an environment that pip creates may have no uv; and a registry may be configured for only one of them. So each
installed one is tried in turn.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


class BundleError(pulumi.RunError):
    """The Lambda's zip cannot be built; the message has the cause and the solution."""


@dataclass(frozen=True)
class Platform:
    """The platform of a zip.

    `runtime` is a Lambda runtime such as python3.13, `architecture` is arm64 or x86_64. `native` selects wheels for
    this machine's system instead of Lambda's Linux, for the sandbox.
    """

    runtime: str
    architecture: str
    native: bool = False

    @property
    def python(self) -> str:
        """The runtime's Python version: 3.13."""
        return self.runtime.removeprefix("python")

    @property
    def machine(self) -> str:
        """The architecture in wheel tags: aarch64 or x86_64."""
        return _MACHINES[self.architecture]


Install = Callable[[Path, Platform, Path], None]
"""Installs a requirements file's wheels for a target into a new directory; raises BundleError on failure."""

Command = Callable[[Path, Platform, Path], Sequence[str]]


def install(requirements: Path, target: Platform, directory: Path) -> None:
    """Install the pinned wheels without running their code; raises BundleError on failure."""
    refusals: list[str] = []
    for module, command in _INSTALLERS.items():
        if importlib.util.find_spec(module) is None:
            continue
        result = subprocess.run(  # noqa: S603 - the arguments come from this file
            command(requirements, target, directory), capture_output=True, text=True, check=False
        )
        if result.returncode == 0:
            return
        refusals.append(f"{module} says: {_gist(result.stderr)}")
    reason = "; ".join(refusals) or "neither uv nor pip is installed"
    raise BundleError(
        f"The transform's dependencies for {target.runtime} on {target.architecture} could not be installed "
        f"({reason}); connect to the package registry and try again, or choose another lambdaRuntime."
    )


def _uv(requirements: Path, target: Platform, directory: Path) -> Sequence[str]:
    platform = [] if target.native else ["--python-platform", f"{target.machine}-manylinux2014"]
    return [
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--no-config"),
        *("--target", str(directory), "--python-version", target.python, *platform),
        *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--requirements", str(requirements)),
    ]


def _pip(requirements: Path, target: Platform, directory: Path) -> Sequence[str]:
    platform = [] if target.native else ["--platform", f"manylinux2014_{target.machine}"]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--target", str(directory), "--python-version", target.python, *platform),
        *("--implementation", "cp", "--abi", f"cp{target.python.replace('.', '')}", "--no-compile"),
        *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--requirement", str(requirements)),
    ]


_INSTALLERS: dict[str, Command] = {"uv": _uv, "pip": _pip}


def _gist(stderr: str) -> str:
    """The first line with text, without uv's box characters."""
    lines = [line.encode("ascii", "ignore").decode().strip(" .") for line in stderr.splitlines()]
    return next((line for line in lines if line), "no output")
