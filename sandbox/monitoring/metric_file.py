"""The metrics on disk, so that a new server has those of the previous one.

The file is appended to: samples that clients put before the reply, the sandbox's own counts once a minute, so that a
killed server loses less than a minute of them. Each start replaces the file by what it has read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from sandbox.monitoring.recorder import Published

log = logging.getLogger(__name__)

_LENGTH_BYTES = 4
_BATCH = 1_000
_decoder = msgspec.msgpack.Decoder(list[Published])
_encode = msgspec.msgpack.Encoder().encode


class MetricFile:
    """A file of published samples, in frames of a length and a list."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size if path.exists() else 0

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self._size

    def read(self) -> Iterator[Published]:
        """Yield all samples; ignore an incomplete frame, which a killed server leaves at the end."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            while len(length := file.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
                content = file.read(size := int.from_bytes(length, "big"))
                if len(content) < size:
                    return
                try:
                    yield from _decoder.decode(content)
                except msgspec.MsgspecError as error:
                    log.warning("%s: unreadable metrics are ignored: %s", self._path, error)

    def append(self, published: Iterable[Published]) -> None:
        """Append samples; raises OSError if that fails."""
        frames = b"".join(_frames(published))
        if frames:
            with self._path.open("ab") as file:
                self._size += file.write(frames)

    def replace(self, published: Iterable[Published]) -> None:
        """Replace the file's samples by these."""
        temporary = self._path.with_suffix(".part")
        with temporary.open("wb") as file:
            file.writelines(_frames(published))
        temporary.replace(self._path)
        self._size = self._path.stat().st_size


def _frames(published: Iterable[Published]) -> Iterator[bytes]:
    samples = iter(published)
    while batch := list(islice(samples, _BATCH)):
        content = _encode(batch)
        yield len(content).to_bytes(_LENGTH_BYTES, "big") + content
