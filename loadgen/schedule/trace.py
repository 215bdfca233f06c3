"""Reads a recorded trace of operations from JSON lines or CSV, and makes a profile of its times.

A line of JSON, or of CSV with a header of the same names, is an operation:

    {"at":0.25,"op":"insert","key":"o-1","item":{"status":"placed","total":12.5}}
    {"at":"2026-01-02T03:04:05.000600Z","op":"update","key":{"device":"d-7","n":3},"version":2}

`at` is its start: seconds, or a time in ISO 8601; the first operation is due at the start. `op` is insert (or put),
update, delete, get or query. `key` has the key's attributes, or their values as text joined by "/" if they are all
texts. `item` are the other attributes that are written; without it they are `version`, when the line has one, and
`padding` up to the requested size. In CSV they are an object of JSON. Other members are ignored, so a ledger is a valid
trace.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO, cast

import msgspec
from msgspec import Struct

from loadgen.values import LONGEST_S
from stack import UserError

_OPS = ("insert", "put", "update", "delete", "get", "query")
_HEADER = "ledger"


class TracedOperation(Struct, frozen=True, gc=False):
    """An operation of a trace, and its due time in seconds after the first."""

    at_s: float
    op: str
    key: str | dict[str, object]
    item: dict[str, object] | None
    version: int


class _Line(Struct):
    at: float | str
    op: str
    key: str | dict[str, Any]
    item: dict[str, Any] | None = None
    version: int = 0


@lru_cache(maxsize=4)
def load(path: Path) -> Sequence[TracedOperation]:
    """Return a trace's operations in order of time. Raises: UserError: an unreadable file or line."""
    try:
        found = sorted(_read(path), key=lambda operation: operation.at_s)
    except OSError as error:
        raise UserError(f"The trace {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UserError(f"The trace {path} is not text: write JSON lines or CSV.") from None
    except csv.Error as error:
        raise UserError(f"The trace {path} is not CSV: {error}.") from None
    if not found:
        raise UserError(f"The trace {path} has no operations.")
    first_s = found[0].at_s
    return [msgspec.structs.replace(operation, at_s=operation.at_s - first_s) for operation in found]


class Recorded(Struct, frozen=True, tag="recorded"):
    """The times of a trace, `speed` times as fast.

    rate │▏▎ ▏▍  ▏▎▏        rate(t)     = n / duration, the mean
         │▏▎ ▏▍  ▏▎▏        expected(t) = how many are due before t
         └────────── t      at(n)       = the time of operation n
    """

    path: str
    duration_s: float
    speed: float = 1.0

    def rate(self, t_s: float) -> float:  # noqa: ARG002 - a trace has no rate at a time
        """Return the mean operations per second."""
        return len(self._operations) / self.duration_s

    def expected(self, t_s: float) -> float:
        """Operations due by t."""
        return bisect_left(self._operations, t_s * self.speed, key=lambda operation: operation.at_s)

    def at(self, n: float) -> float:
        """Seconds until n operations are due."""
        number = max(0, math.ceil(n))
        operations = self._operations
        return operations[number].at_s / self.speed if number < len(operations) else self.duration_s

    def times(self) -> Iterator[float]:
        """When each operation is due."""
        speed = self.speed
        return (operation.at_s / speed for operation in self._operations)

    def rates(self) -> list[float]:
        """The mean."""
        return [self.rate(0.0)]

    @property
    def _operations(self) -> Sequence[TracedOperation]:
        return load(Path(self.path))


def recorded(path: Path, speed: float = 1.0) -> Recorded:
    """Return a trace's profile, which ends a mean gap after its last operation.

    Raises: UserError: as in `load`, and for a trace that is longer than a run.
    """
    operations = load(path)
    last_s = operations[-1].at_s / speed
    if last_s > LONGEST_S:
        raise UserError(
            f"The trace {path} lasts more than 30 years: give `at` of all operations in seconds, or of all as a time."
        )
    return Recorded(str(path), last_s * len(operations) / (len(operations) - 1) if last_s > 0 else 1.0, speed)


def _read(path: Path) -> Iterator[TracedOperation]:
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in _rows(lines) if path.suffix == ".csv" else enumerate(map(_raw, lines), 1):
            try:
                if (operation := _operation(row)) is not None:
                    yield operation
            except (msgspec.MsgspecError, ValueError, InvalidOperation) as error:
                raise UserError(f"Line {number} of the trace {path} is not an operation: {error}.") from None


def _raw(line: str) -> msgspec.Raw:
    return msgspec.Raw(line.encode())


def _rows(lines: TextIO) -> Iterator[tuple[int, dict[str, object]]]:
    """The number of each row's last line, and its cells without empty ones. Raises: csv.Error: an open quote."""
    rows = csv.DictReader(lines, strict=True)
    for row in rows:
        yield rows.line_num, {name: cell for name, cell in row.items() if cell}


def _operation(row: msgspec.Raw | dict[str, object]) -> TracedOperation | None:
    """Parse a line; None for a blank line and for a ledger's header."""
    if isinstance(row, msgspec.Raw):
        if not bytes(row).strip():
            return None
        members = msgspec.json.decode(row)
        if isinstance(members, dict) and _HEADER in members:
            return None
        line = msgspec.convert(members, _Line)
    else:
        item = row.get("item")
        line = msgspec.convert(row if item is None else {**row, "item": _object(item)}, _Line, strict=False)
    if line.op not in _OPS:
        raise ValueError(f"{line.op!r} is not an operation: it is one of {', '.join(_OPS)}")
    key = line.key if isinstance(line.key, str) else _exact(line.key)
    return TracedOperation(
        _seconds(line.at), line.op, key, None if line.item is None else _exact(line.item), line.version
    )


def _object(cell: object) -> object:
    """The attributes in a cell of CSV."""
    return msgspec.json.decode(cell) if isinstance(cell, str) else cell


def _seconds(at: float | str) -> float:
    try:
        seconds = float(at)
    except ValueError:
        seconds = datetime.fromisoformat(str(at)).timestamp()
    if not math.isfinite(seconds):
        raise ValueError(f"{at} is not a time")
    return seconds


def _exact(values: Any) -> Any:
    """Parse numbers with a point as Decimal, with the digits of the JSON text."""
    match values:
        case float():
            return Decimal(repr(values))
        case dict():
            return {name: _exact(value) for name, value in cast("dict[str, Any]", values).items()}
        case list():
            return [_exact(value) for value in cast("list[Any]", values)]
        case _:
            return values
