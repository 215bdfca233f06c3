"""Prints two reports beside each other: a table where no word of it breaks, otherwise a line for each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from stack import write_lines

if TYPE_CHECKING:
    from rich.table import Table

_SHORT = ("first", "second")
"""Headings instead of the files' names, which are then above the table."""


class BesideRow(Struct, frozen=True):
    """What is compared, the two values with those of further columns, and rich's style of the row."""

    name: str
    values: Sequence[str]
    style: str = ""


def print_beside(
    names: tuple[str, str], rows: Sequence[BesideRow], *further: str, justify: Literal["left", "right"] = "left"
) -> None:
    """Print the rows under the names of the two files and the headings of further columns.

    On a terminal that is too narrow for the names they are above the table, and on one that is too narrow for the
    values each row is a sentence: neither a name nor a value is broken.
    """
    from rich.console import Console

    from stack.tables import measured, print_table

    console = Console()
    for headings, boxed in ((names, True), (names, False), (_SHORT, False)):
        if headings is _SHORT:
            write_lines(*(f"{short}: {name}" for short, name in zip(_SHORT, names, strict=True)))
        table = _table((*headings, *further), rows, justify, boxed=boxed)
        if not console.is_terminal or measured(console, table).minimum <= console.width:
            print_table(console, table)
            return
    write_lines(*map(_sentence, rows))


def _table(
    headings: Sequence[str], rows: Sequence[BesideRow], justify: Literal["left", "right"], *, boxed: bool
) -> Table:
    """A table whose names of rows alone are wrapped, between words."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table("", pad_edge=boxed)
    if not boxed:
        table.box = None
    for number, heading in enumerate(headings):
        widest = max(cell_len(text) for text in (heading, *(row.values[number] for row in rows)))
        table.add_column(Text(heading), justify=justify, min_width=widest, no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, (row.name, *row.values)), style=row.style)
    return table


def _sentence(row: BesideRow) -> str:
    first, second, *further = row.values
    return ", ".join((f"{row.name}: {first} and {second}", *filter(None, further)))
