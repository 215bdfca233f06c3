"""Tables and sentences for people: folded to a terminal's width, unlimited in a file."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_WIDEST = 1_000_000
"""Columns of a file's line, which has no limit."""


def measured(console: Console, table: Table) -> Measurement:
    """Return the columns that a table takes: at least those of its longest words, at most those of its whole cells."""
    return console.measure(table, options=console.options.update(max_width=_WIDEST))


def print_table(console: Console, table: Table) -> None:
    """Print a table; cells are folded only on a terminal."""
    if console.is_terminal:
        console.print(table)
        return
    console.width = measured(console, table).maximum
    console.print(table)


def print_line(console: Console, text: Text | str, style: str = "") -> None:
    """Print a sentence; it is broken, between words, only on a terminal."""
    console.print(text, style=style, soft_wrap=not console.is_terminal)
