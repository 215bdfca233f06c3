"""The project built as a package, and installed into virtual environments without access to the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stack.installation import PROJECT
from tests.e2e.pipeline import Finished

ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 180
_UV = (sys.executable, "-m", "uv")


def build(kind: str, directory: Path, root: Path = ROOT) -> Path:
    """Build a wheel or an sdist of the project at `root` into an empty directory, without network; return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(directory)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=_TIMEOUT_S)
    (built,) = directory.iterdir()
    return built


class Environment:
    """A virtual environment with only the wheel and its required distributions.

    The distributions are links to those of this process's environment, which `make install` has installed from their
    hashes: their modules are compiled once, and not again for each environment.
    """

    def __init__(self, directory: Path, wheel: Path, *extras: str) -> None:
        self.directory = directory
        subprocess.run([*_UV, "venv", "--quiet", "--python", sys.executable, str(directory)], check=True)
        for name in required(wheel, *extras):
            _link(metadata.distribution(name), self.site_packages)
        command = [*_UV, "pip", "install", "--quiet", "--no-config", "--offline", "--no-deps", "--python"]
        subprocess.run([*command, str(directory / "bin" / "python"), str(wheel)], check=True)

    @property
    def site_packages(self) -> Path:
        """The directory of the packages."""
        (found,) = self.directory.glob("lib/python3*/site-packages")
        return found

    def run(self, cwd: Path, command: str, *arguments: str) -> Finished:
        """Run one of the environment's commands like its user's shell, outside the checkout."""
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
        """Return the environment variables for a new build cache and uv's download cache."""
        kept = subprocess.run([*_UV, "cache", "dir"], check=True, capture_output=True, text=True).stdout.strip()
        return {"XDG_CACHE_HOME": str(self.directory / "cache"), "UV_CACHE_DIR": kept}


def required(wheel: Path, *extras: str) -> set[str]:
    """Return the names of all distributions that a wheel with these extras requires, directly or indirectly."""
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


def _link(distribution: metadata.Distribution, site_packages: Path) -> None:
    """Install a distribution by links to its packages and its other files."""
    files = distribution.files
    assert files is not None, f"{distribution.name} has no RECORD"
    packages = {file.parent for file in files if file.name == "__init__.py" and ".." not in file.parts}
    outermost = {package for package in packages if not packages.intersection(package.parents)}
    alone = {file for file in files if not outermost.intersection(file.parents) and "__pycache__" not in file.parts}
    for path in outermost | alone:
        link = Path(os.path.normpath(site_packages / path))
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path(os.path.normpath(str(distribution.locate_file(path)))))
