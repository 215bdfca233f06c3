"""What is shown during a run: a line of JSON a second, for logs and pipes."""

from __future__ import annotations

import sys
from typing import Protocol, TextIO

import msgspec

from loadgen.metrics.counters import MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.report import second


class ProgressView(Protocol):
    """Shows rows as they come."""

    def begin(self, expected: Expected) -> None:
        """The run begins."""
        ...

    def row(self, row: MetricsRow) -> None:
        """A second is over."""
        ...

    def end(self) -> None:
        """The run is over."""
        ...


class JsonLines:
    """What is expected, then each second, as lines of JSON on standard error with the report's names."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def begin(self, expected: Expected) -> None:
        """Write what is expected."""
        self._write(expected)

    def row(self, row: MetricsRow) -> None:
        """Write the second's line."""
        self._write(second(row))

    def end(self) -> None:
        """Every line is already written."""

    def _write(self, value: object) -> None:
        self._stream.write(msgspec.json.encode(value).decode() + "\n")
        self._stream.flush()


class Silent:
    """Nothing is shown."""

    def begin(self, expected: Expected) -> None:
        """Show nothing."""

    def row(self, row: MetricsRow) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""
