"""What is seen while a run goes on: a line of JSON a second, for logs and pipes."""

from __future__ import annotations

import sys
from typing import Protocol, TextIO

import msgspec

from loadgen.figures import Row
from loadgen.report import second


class Progress(Protocol):
    """Shows rows as they come."""

    def begin(self) -> None:
        """The run begins."""
        ...

    def row(self, row: Row) -> None:
        """A second is over."""
        ...

    def end(self) -> None:
        """The run is over."""
        ...


class JsonLines:
    """Each second as a line of JSON on standard error, with the report's names."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def begin(self) -> None:
        """Nothing is written before the first second is over."""

    def row(self, row: Row) -> None:
        """Write the second's line."""
        self._stream.write(msgspec.json.encode(second(row)).decode() + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Every line is already written."""


class Silent:
    """Nothing is shown."""

    def begin(self) -> None:
        """Show nothing."""

    def row(self, row: Row) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""
