"""What is shown during a run: a line of JSON a second, for logs and pipes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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
    """What is expected, then each second, as lines of JSON on standard error with the report's names.

    The name of the scenario, if it has one, is in each.
    """

    def __init__(self, scenario: str = "", stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._scenario = {"scenario": scenario} if scenario else {}

    def begin(self, expected: Expected) -> None:
        """Write what is expected."""
        self._write(msgspec.to_builtins(expected))

    def row(self, row: MetricsRow) -> None:
        """Write the second's line."""
        self._write(second(row))

    def end(self) -> None:
        """Every line is already written."""

    def _write(self, value: Mapping[str, object]) -> None:
        self._stream.write(msgspec.json.encode({**self._scenario, **value}).decode() + "\n")
        self._stream.flush()


class Silent:
    """Nothing is shown."""

    def begin(self, expected: Expected) -> None:
        """Show nothing."""

    def row(self, row: MetricsRow) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""
