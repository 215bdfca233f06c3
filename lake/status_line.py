"""A line on the terminal that says what a command is doing; nothing where standard error is not a terminal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from rich.console import Console


class StatusLine:
    """The line, shown inside the context; call it with the next text."""

    def __init__(self, first: str, console: Console | None = None) -> None:
        self._status = (console or Console(stderr=True)).status(first)

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, text: str) -> None:
        """Show another text."""
        self._status.update(text)

    @contextmanager
    def hidden(self) -> Generator[None]:
        """Take the line away while something is printed: standard output is often the same terminal."""
        self._status.stop()
        try:
            yield
        finally:
            self._status.start()
