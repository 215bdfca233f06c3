"""Appends to the ledger, from which delivery is verified write by write; `stack.ledger` has its format.

Lines are appended whole and without delay, so a crash loses only the acknowledgements of the last fraction of a second,
and several processes can append to one file.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Protocol, cast

from loadgen.clock import WallClock
from loadgen.dynamodb.writes import Transaction, Write
from loadgen.schedule.mix import READS
from stack import UserError
from stack.ledger import HEADER, line

_FLUSH_BYTES = 64 * 1024


class Ledger(Protocol):
    """Records acknowledged writes."""

    @property
    def failure(self) -> str | None:
        """Why the ledger lacks writes that it received, in a sentence."""
        ...

    def acknowledged(self, write: Write) -> None:
        """Record a write that the table has just acknowledged: each write of a transaction, nothing for a read."""
        ...

    def flush(self) -> None:
        """Pass the recorded writes to the operating system."""
        ...

    def close(self) -> None:
        """Flush and close."""
        ...


def _changes(write: Write) -> tuple[Write, ...]:
    """Return the changes of a write: all writes of a transaction, none of a read."""
    if write.op == "transact":
        return cast("Transaction", write).changes
    return () if write.op in READS else (write,)


class LedgerFile:
    """A ledger appended to a file. The constructor raises UserError when the file cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.failure: str | None = None
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"The ledger {path} cannot be written: {error.strerror}; change --ledger.") from None
        # A line that a crash has cut must not join the next line.
        size = os.fstat(self._fd).st_size
        self._lines = bytearray(b"" if size == 0 or os.pread(self._fd, 1, size - 1) == b"\n" else b"\n")
        self._lines += HEADER
        self._clock = WallClock(0)

    def acknowledged(self, write: Write) -> None:
        """Record a write that the table has just acknowledged."""
        at = self._clock.text(time.time_ns())
        for change in _changes(write):
            self._lines += line(change.key, change.op, change.version, at, change.table)
        if len(self._lines) >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append the recorded writes, in whole lines."""
        if self._lines:
            view = memoryview(bytes(self._lines))
            self._lines.clear()
            try:
                while view:
                    view = view[os.write(self._fd, view) :]
            except OSError as error:
                self.failure = (
                    f"The ledger {self._path} lacks acknowledged writes, because it cannot be written: "
                    f"{error.strerror}; make room or change --ledger."
                )

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        os.close(self._fd)
