"""Tables for people: folded to a terminal's width, as wide as they need to be in a file."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_WIDEST = 1_000_000


def print_table(console: Console, table: Table) -> None:
    """Print a table; only a terminal folds its cells."""
    if console.is_terminal:
        console.print(table)
        return
    console.width = console.measure(table, options=console.options.update(max_width=_WIDEST)).maximum
    console.print(table)
