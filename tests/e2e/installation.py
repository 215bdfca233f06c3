"""The project built as a package, and installed into virtual environments that know no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stack.installation import PROJECT
from tests.e2e.pipeline import Finished

ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 180
_UV = (sys.executable, "-m", "uv")


def build(kind: str, directory: Path, root: Path = ROOT) -> Path:
    """A wheel or an sdist of the project at `root`: the file, alone in the directory. It needs no network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(directory)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=_TIMEOUT_S)
    (built,) = directory.iterdir()
    return built


class Environment:
    """A virtual environment with the wheel and, pinned as in requirements/dev.txt, what its metadata asks for."""

    def __init__(self, directory: Path, wheel: Path, *extras: str) -> None:
        self.directory = directory
        python = str(self.directory / "bin" / "python")
        subprocess.run([*_UV, "venv", "--quiet", "--python", sys.executable, str(directory)], check=True)
        lock = directory / "requirements.txt"
        lock.write_text("".join(_pinned(required(wheel, *extras))))
        self.offline = _install(python, "--require-hashes", "--requirements", str(lock))
        _install(python, "--no-deps", str(wheel))

    @property
    def site_packages(self) -> Path:
        """Where the packages are."""
        (found,) = self.directory.glob("lib/python3*/site-packages")
        return found

    def installed(self) -> set[str]:
        """The names of what is installed."""
        return {canonicalize_name(path.name.partition("-")[0]) for path in self.site_packages.glob("*.dist-info")}

    def run(self, cwd: Path, command: str, *arguments: str) -> Finished:
        """Run one of the environment's commands as its user's shell would, anywhere but in the checkout."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SANDBOX_", "PYTHON"))
        }
        result = subprocess.run(
            [str(self.directory / "bin" / command), *arguments],
            cwd=cwd,
            env=kept | self._caches(),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        return Finished(result.returncode, result.stdout, result.stderr)

    def _caches(self) -> dict[str, str]:
        """A new cache for what is made, and uv's own for what is fetched."""
        kept = subprocess.run([*_UV, "cache", "dir"], check=True, capture_output=True, text=True).stdout.strip()
        found = {"XDG_CACHE_HOME": str(self.directory / "cache"), "UV_CACHE_DIR": kept}
        return found | {"UV_OFFLINE": "1"} if self.offline else found


def required(wheel: Path, *extras: str) -> set[str]:
    """The names of all distributions that a wheel with these extras asks for, directly or by another."""
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        own = Parser().parsestr(archive.read(entry).decode()).get_all("Requires-Dist", [])
    found: dict[str, set[str]] = {}
    waiting = [(canonicalize_name(PROJECT), frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop()
        if name in found and wanted <= found[name]:
            continue
        found.setdefault(name, set()).update(wanted)
        requirements = map(Requirement, own if name == PROJECT else metadata.requires(name) or [])
        waiting += [
            (canonicalize_name(requirement.name), frozenset(requirement.extras))
            for requirement in requirements
            if _applies(requirement, found[name])
        ]
    return found.keys() - {PROJECT}


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _pinned(names: set[str]) -> Iterator[str]:
    """The entries of these distributions in the lock, hashes and all."""
    kept = False
    for line in (ROOT / "requirements" / "dev.txt").read_text().splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            kept = canonicalize_name(line.partition("==")[0]) in names
        if kept:
            yield line


def _install(python: str, *what: str) -> bool:
    """Install into another Python's environment: from uv's cache (True), else by the network (False)."""
    for offline in (True, False):
        command = [*_UV, "pip", "install", "--quiet", "--no-config", "--python", python, *what]
        done = subprocess.run(
            [*command, *(["--offline"] if offline else [])], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return offline
    pytest.fail(f"{' '.join(what)} cannot be installed: {done.stderr}")
