"""Progress of a run as one line of JSON per second, for logs and pipes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Protocol, TextIO

import msgspec

from loadgen.metrics.counters import MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.report import second


class ProgressView(Protocol):
    """Displays each row when it arrives."""

    def begin(self, expected: Expected) -> None:
        """Start the display with the expected numbers."""
        ...

    def row(self, row: MetricsRow) -> None:
        """Display the row of a second that has ended."""
        ...

    def end(self) -> None:
        """End the display."""
        ...


class JsonLines:
    """Writes the expected numbers, then each second, as lines of JSON on standard error with the report's names.

    Each line has the name of the scenario if there is one.
    """

    def __init__(self, scenario: str = "", stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._scenario = {"scenario": scenario} if scenario else {}

    def begin(self, expected: Expected) -> None:
        """Write the expected numbers."""
        self._write(msgspec.to_builtins(expected))

    def row(self, row: MetricsRow) -> None:
        """Write the second's line."""
        self._write(second(row))

    def end(self) -> None:
        """Do nothing: every line is already written."""

    def _write(self, value: Mapping[str, object]) -> None:
        self._stream.write(msgspec.json.encode({**self._scenario, **value}).decode() + "\n")
        self._stream.flush()


class Silent:
    """Displays nothing."""

    def begin(self, expected: Expected) -> None:
        """Do nothing."""

    def row(self, row: MetricsRow) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""
