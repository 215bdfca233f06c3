"""The ledger: a line for each write that was acknowledged, so that delivery can be proven write by write.

Each line is a JSON object: `key` (the key values as text, joined by "/"), `op`
(insert, update or delete), `version` (of the item that was written or
deleted), `at` (when the answer came, ISO 8601 in UTC) and `table`.
Lines are appended whole and soon, so what a crash loses is what was
acknowledged in the last fraction of a second, and several processes can
append to one file.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Protocol

import msgspec

from loadgen.clock import WallClock
from loadgen.dynamodb.writes import Write

_FLUSH_BYTES = 64 * 1024


class Ledger(Protocol):
    """Keeps acknowledged writes."""

    def acknowledged(self, write: Write) -> None:
        """Note a write that the table has acknowledged just now."""
        ...

    def flush(self) -> None:
        """Hand over to the operating system what has been noted."""
        ...

    def close(self) -> None:
        """Flush, and note no more."""
        ...


class LedgerFile:
    """A ledger appended to a file. OSError from the constructor when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._lines = bytearray()
        self._clock = WallClock(0)

    def acknowledged(self, write: Write) -> None:
        """Note a write that the table has acknowledged just now."""
        self._lines += b'{"key":%b,"op":"%b","version":%d,"at":"%b","table":%b}\n' % (
            msgspec.json.encode(write.key),
            write.op.encode(),
            write.version,
            self._clock.text(time.time_ns()),
            msgspec.json.encode(write.table),
        )
        if len(self._lines) >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append what has been noted, in whole lines."""
        if self._lines:
            view = memoryview(bytes(self._lines))
            self._lines.clear()
            while view:
                view = view[os.write(self._fd, view) :]

    def close(self) -> None:
        """Flush, and close the file."""
        self.flush()
        os.close(self._fd)
