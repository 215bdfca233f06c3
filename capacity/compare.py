"""Compares two capacity reports side by side, for `python -m loadgen compare`."""

from __future__ import annotations

from pathlib import Path

from capacity.report import CapacityReport, read
from loadgen.report.beside import BesideRow, print_beside
from loadgen.report.compare import distinct
from stack import write_lines

_NONE = "none"


def lines(first: CapacityReport, second: CapacityReport) -> list[tuple[str, str, str]]:
    """Return the results of both, line by line: a name and two texts."""
    pairs = (
        ("what it takes", _rate(first.takes_per_s), _rate(second.takes_per_s)),
        ("highest rate that held", _rate(first.held_per_s), _rate(second.held_per_s)),
        ("lowest that did not", _rate(first.failed_per_s), _rate(second.failed_per_s)),
        ("bottleneck", _stage(first), _stage(second)),
        ("a million changes", _usd(first), _usd(second)),
        ("objectives", ", ".join(first.objectives), ", ".join(second.objectives)),
        ("item size", _size(first), _size(second)),
        ("pipeline", first.origin, second.origin),
    )
    return list(pairs)


def share_lost(first: CapacityReport, second: CapacityReport) -> float:
    """Return by which share the second's capacity is lower; 0 when it is not."""
    before, after = first.takes_per_s or 0.0, second.takes_per_s or 0.0
    return max(0.0, (before - after) / before) if before else 0.0


def show(first: Path, second: Path, tolerated: float | None) -> int:
    """Print both; exit code 1 when the second's capacity is lower by more than the tolerance."""
    one, other = read(first), read(second)
    names = distinct(first, second)
    print_beside(names, [BesideRow(name, values) for name, *values in lines(one, other)])
    lost = share_lost(one, other)
    verdict = f"takes {lost:.1%} less" if lost else "takes as much or more"
    write_lines(f"{names[1]} {verdict}.")
    return int(tolerated is not None and lost > tolerated)


def _rate(value: float | None) -> str:
    return _NONE if value is None else f"{value:,.0f}/s"


def _size(report: CapacityReport) -> str:
    return f"{report.item_bytes:,} bytes" if report.item_bytes else "about 1 KB"


def _stage(report: CapacityReport) -> str:
    return _NONE if report.bottleneck is None else report.bottleneck.stage


def _usd(report: CapacityReport) -> str:
    return "unknown" if report.price is None else f"${report.price.million_usd:,.2f}"
