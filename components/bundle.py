"""The Lambda's zip, a reproducible build: the same input gives the same bytes on any machine.

It contains the transform package, its compiled fast path, and its pinned dependencies, all for the Lambda's platform,
not this machine's. Names are sorted, times and modes are fixed and nothing is compressed, so the version of zlib does
not matter. The zip is cached under a digest of its whole input and then needs no network: in the checkout's .build/, or
in the user's cache directory for an installed project.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from components.compiler import SHARED_HEADERS
from components.library import LIBRARY, SOURCE, compile_library, compiler
from components.settings import PROJECT
from components.wheels import Install, Platform, install
from transform import schema

_FORMAT = "2"
"""Part of the digest: raise it when the output for the same input changes."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644
_UNIX = 3

_NOT_NEEDED_DIRECTORIES = frozenset({"__pycache__", "bin", "sboms", "test", "tests"})
_NOT_NEEDED_SUFFIXES = frozenset({".pyc", ".pyi", ".pyo"})
_INSTALLERS_NOTES = frozenset({".lock", "INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"})

Entry = tuple[str, bytes]
"""A file of the zip: its name and its content."""


def build(root: Path, target: Platform, installer: Install = install) -> Path:
    """The zip of the project at `root` for a target: built, or taken from the cache.

    `root` is the directory of `__main__.py`. The transform is the package in that directory, otherwise the installed
    one. Raises BundleError when its dependencies cannot be installed, or its C part does not compile.
    """
    requirements = root / "requirements" / "transform.txt"
    checkout = (root / "transform").is_dir()
    code = root if checkout else Path(schema.__file__).resolve().parents[1]
    sources = sorted(_sources(code))
    digest = _digest(target, requirements.read_bytes(), [*sources, *_native_sources(code)])
    path = (root / ".build" if checkout else _cache()) / f"transform-{digest}.zip"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            wheels = Path(scratch) / "wheels"
            installer(requirements, target, wheels)
            # Replaced atomically: an interrupted build leaves no partial zip.
            unfinished = Path(scratch) / path.name
            library = (LIBRARY, compile_library(code / SOURCE, target))
            unfinished.write_bytes(archive([*sources, library, *_dependencies(wheels)]))
            unfinished.replace(path)
    return path


def archive(entries: Iterable[Entry]) -> bytes:
    """A zip of these files that depends only on their names and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for name, content in sorted(entries):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _FILE_MODE << 16
            bundle.writestr(info, content)
    return buffer.getvalue()


def _cache() -> Path:
    """The user's cache directory; an installation directory may be read-only.

    https://specifications.freedesktop.org/basedir-spec/latest/ and, for macOS,
    https://developer.apple.com/library/archive/documentation/FileManagement/Conceptual/FileSystemProgrammingGuide
    """
    default = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or default) / PROJECT


def _sources(root: Path) -> Iterator[Entry]:
    for path in (root / "transform").rglob("*.py"):
        yield path.relative_to(root).as_posix(), path.read_bytes()


def _native_sources(root: Path) -> Iterator[Entry]:
    for path in [*sorted((root / SOURCE).parent.iterdir()), *sorted(SHARED_HEADERS.iterdir())]:
        yield path.name, path.read_bytes()


def _dependencies(wheels: Path) -> Iterator[Entry]:
    for path in wheels.rglob("*"):
        relative = path.relative_to(wheels)
        if path.is_file() and _is_needed(relative):
            yield relative.as_posix(), path.read_bytes()


def _is_needed(path: Path) -> bool:
    return (
        not _NOT_NEEDED_DIRECTORIES.intersection(path.parts[:-1])
        and path.suffix not in _NOT_NEEDED_SUFFIXES
        and path.name not in _INSTALLERS_NOTES
    )


def _digest(target: Platform, requirements: bytes, sources: list[Entry]) -> str:
    parts = [_FORMAT.encode(), compiler().encode(), str(target).encode(), requirements]
    parts += [part for name, content in sources for part in (name.encode(), content)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()[:16]
