"""The content of S3's objects: one file for each, instead of moto's temporary files."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_directory: Path | None = None
_gone: list[str] = []
_fresh: list[int] = []
_noted: set[str] | None = None


def keep_in(directory: Path) -> None:
    """Set the directory in which bodies are saved from now on."""
    global _directory
    directory.mkdir(parents=True, exist_ok=True)
    _directory = directory
    _gone.clear()


@contextmanager
def noting() -> Generator[set[str]]:
    """Collect the names of the bodies that are restored within the block."""
    global _noted
    _noted = set()
    try:
        yield _noted
    finally:
        _noted = None


def take_gone() -> list[Path]:
    """Return the files of the bodies deleted since the last call; delete them once their deletion is on the disk."""
    taken = [_place() / name for name in _gone]
    _gone.clear()
    return taken


def take_fresh() -> list[int]:
    """Return the descriptors of the files written since the last call, for the caller to sync and close."""
    taken = list(_fresh)
    _fresh.clear()
    return taken


def remove_except(names: set[str]) -> None:
    """Delete all files except those with the given names."""
    for path in _place().iterdir():
        if path.name not in names:
            path.unlink()


class StoredBody:
    """A file as moto uses one: written as a whole, read from its beginning; in memory until saved.

    `name` is its file's name, "" while it is not saved.
    """

    def __init__(self, max_size: int = 0, name: str = "") -> None:  # noqa: ARG002 - as tempfile.SpooledTemporaryFile
        self.name = name
        if name and _noted is not None:
            _noted.add(name)
        self.closed = False
        self._content = b""
        self._at = 0

    def save(self) -> str:
        """Write the file if it is not yet saved, and return its name; "" if the body is closed."""
        if not self.name and not self.closed:
            name = uuid4().hex
            fd = os.open(_place() / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            _fresh.append(fd)
            rest = memoryview(self._content)
            while rest:
                rest = rest[os.write(fd, rest) :]
            self.name, self._content = name, b""
        return self.name

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes from the current offset; by default the rest."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        if self.name:
            with (_place() / self.name).open("rb") as file:
                file.seek(self._at)
                content = file.read(size)
        else:
            content = self._content[self._at : None if size < 0 else self._at + size]
        self._at += len(content)
        return content

    def write(self, content: bytes) -> int:
        """Write at the current offset, and drop what follows it; return the number of bytes written."""
        if self.name:
            self._content = (_place() / self.name).read_bytes()
            self._leave()
        self._content = self._content[: self._at] + content
        self._at = len(self._content)
        return len(content)

    def seek(self, offset: int) -> int:
        """Set the current offset."""
        self._at = offset
        return offset

    def truncate(self) -> int:
        """Drop the content after the current offset."""
        if self.name:
            self._content = b"" if self._at == 0 else (_place() / self.name).read_bytes()
            self._leave()
        self._content = self._content[: self._at]
        return self._at

    def close(self) -> None:
        """Delete the content."""
        if not self.closed:
            self.closed = True
            self._content = b""
            self._leave()

    def _leave(self) -> None:
        if self.name:
            _gone.append(self.name)
            self.name = ""


def _place() -> Path:
    if _directory is None:
        raise RuntimeError("the directory of the bodies is not set")
    return _directory
