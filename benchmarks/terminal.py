"""A measurement's output: progress on standard error, results on standard output."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

# Without a terminal, a table's width is unlimited.
_WIDTH = 160


def table(title: str) -> Table:
    """An empty table."""
    return Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="bold")


def console() -> Console:
    """Standard output."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


class Steps:
    """Shows the steps: a live line on a terminal, otherwise one line per step."""

    def __init__(self, title: str) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task(title)
        self._name = title

    def __enter__(self) -> Steps:
        """Start the display."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the display."""
        self._progress.stop()

    def begin(self, name: str) -> None:
        """Show the current step."""
        self._name = name
        self._progress.reset(self._task, description=name)

    def end(self, result: str) -> None:
        """Show the step's result."""
        self._console.print(f"{self._name}: {result}", markup=False, soft_wrap=True)
