"""The progress of a verification: a live line on a terminal, JSON lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import msgspec
from rich.console import Console

from lake.verification import Phase, VerifyProgress
from lake.way import Way

_TEXTS: dict[Phase, str] = {
    "waiting": "waiting for the pipeline to drain: {count:,} rows in the change log",
    "table": "reading the table: {count:,} items",
    "digests": "compared digests: {count:,} rows of the view",
    "view": "reading the view's rows whose digests differ: {count:,}",
    "images": "reading the images whose digests differ: {count:,}",
    "ledger": "reading the change log for the ledger: {count:,} writes",
    "compared": "compared: {count:,} differences",
}
_JSON_INTERVAL_S = 5.0


@contextmanager
def progress_display(console: Console) -> Generator[Callable[[VerifyProgress], None]]:
    """Yield a callback that displays progress on `console` inside the context."""
    if not console.is_terminal:
        yield _JsonLines(console).tell
        return
    with console.status("reading the change log") as status:
        yield lambda progress: status.update(_text(progress))


def _text(progress: VerifyProgress) -> str:
    parts = [_TEXTS[progress.phase].format(count=progress.count), f"{progress.waited_s:.0f} s"]
    if progress.phase == "compared" and progress.count:
        parts[0] += ", waiting for late changes"
    if progress.way is not None:
        parts[1:1] = places(progress.way)
    return " · ".join(parts)


def places(way: Way) -> list[str]:
    """Describe the places of changes in words, without empty places."""
    counted = (
        (way.in_stream, "in the table's stream"),
        (way.in_delivery, "in Kinesis or Firehose's buffer"),
        (way.failed, "objects under the error prefix"),
        (way.dead_letters, "dead letters"),
    )
    return [f"{count:,} {where}" for count, where in counted if count]


class _JsonLines:
    """Writes a line for each new phase, and every few seconds within a phase."""

    def __init__(self, console: Console) -> None:
        self._out = console.file
        self._phase: Phase | None = None
        self._told_at_s = 0.0

    def tell(self, progress: VerifyProgress) -> None:
        """Write the line if the interval has passed."""
        if progress.phase == self._phase and progress.waited_s - self._told_at_s < _JSON_INTERVAL_S:
            return
        self._phase, self._told_at_s = progress.phase, progress.waited_s
        self._out.write(msgspec.json.encode(progress).decode() + "\n")
        self._out.flush()
