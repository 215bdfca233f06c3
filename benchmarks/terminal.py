"""What a measurement shows: how far it is on standard error, its results on standard output."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

# Where there is no terminal, a table is as wide as it needs to be.
_WIDTH = 160


def table(title: str) -> Table:
    """An empty table."""
    return Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="bold")


def console() -> Console:
    """Standard output."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


class Steps:
    """Tells of one step after the other: a moving line on a terminal, a quiet line for each elsewhere."""

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
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Show no more."""
        self._progress.stop()

    def begin(self, name: str) -> None:
        """What is measured now."""
        self._name = name
        self._progress.reset(self._task, description=name)

    def end(self, result: str) -> None:
        """What came of it."""
        self._console.print(f"{self._name}: {result}", markup=False, soft_wrap=True)
