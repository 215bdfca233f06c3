"""The output of the sandbox's commands: progress on standard error, results on standard output.

On a terminal the progress is one changing line, otherwise one line per event.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.status import Status
from rich.table import Table
from rich.text import Text

from sandbox.lifecycle import Health
from stack.terminal import wrapped, write_lines

_SILENT_S = 10.0
_NARROW = 72
_STATES = {"up": "green", "starting": "yellow", "silent": "yellow", "failing": "bold red", "dead": "bold red"}
_NOT_COUNTERS = frozenset({"process", "pid", "updated_at"})

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


class ProgressLine:
    """Shows progress; as a context manager, it clears its line at the end."""

    def __init__(self) -> None:
        self._status: Status | None = err.status("") if err.is_terminal else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, line: str) -> None:
        """Show the current step."""
        if self._status is not None:
            self._status.update(Text(line))
        else:
            err.print(Text(line))


def say(sentence: str) -> None:
    """Print one sentence about the result, on standard error."""
    write_lines(sentence, to=sys.stderr)


def show_json(value: object) -> None:
    """Print a result as JSON."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def show_outputs(outputs: Mapping[str, object]) -> None:
    """Print the stack's outputs by name; values other than strings as JSON.

    A terminal wraps a long value itself, so it is copied in one piece.
    """
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)
        for name, value in sorted(outputs.items())
    }
    width = max(map(len, texts), default=0)
    for name, text in texts.items():
        out.print(Text.assemble((f"{name:<{width}}", "bold"), "  ", text), soft_wrap=True)


class StatusWatch:
    """Shows the processes repeatedly: in place on a terminal, otherwise as a table or a line of JSON each time."""

    def __init__(self, heading: str, *, as_json: bool) -> None:
        self._heading = heading
        self._as_json = as_json
        self._live = Live(console=out, auto_refresh=False) if out.is_terminal and not as_json else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, health: Sequence[Health]) -> None:
        """Show the current state of the processes."""
        if self._as_json:
            sys.stdout.write(json.dumps(health_json(health)) + "\n")
        elif self._live is None:
            write_lines(self._heading)
            out.print(health_table(health))
        else:
            self._live.update(
                Group(Text("\n".join(wrapped(self._heading, out.width)), "dim"), health_table(health)), refresh=True
            )
        sys.stdout.flush()


def show_health(health: Sequence[Health]) -> None:
    """Print the processes: state, start time and counters."""
    out.print(health_table(health))


def health_json(health: Sequence[Health]) -> list[dict[str, Any]]:
    """The processes with their states, for JSON."""
    return [process._asdict() | {"state": state_of(process)} for process in health]


def health_table(health: Sequence[Health]) -> RenderableType:
    """A row for each process; on a narrow terminal its counters are below it."""
    narrow = out.width < _NARROW
    shown = table(["process", "state", "pid", "for", *([] if narrow else ["counters"])], [])
    below: list[RenderableType] = []
    for process in health:
        state = state_of(process)
        age = _duration(time.time() - process.since_s) if process.alive and process.since_s else ""
        pid = str(process.pid) if process.alive else ""
        counters = _counters_text(process.status)
        shown.add_row(process.process, Text(state, _STATES[state]), pid, age, *([] if narrow else [counters]))
        if narrow and counters:
            below += map(Text, wrapped(f"{process.process}: {counters}", out.width))
    return Group(shown, *below) if narrow else shown


def state_of(process: Health) -> str:
    """The state of a process.

    up, starting, silent (a worker without a status report for 10 s), failing (one of its resources does not work), or
    dead.
    """
    if not process.alive:
        return "dead"
    if not process.ready:
        return "starting"
    updated_s = process.status.get("updated_at")
    if updated_s is not None and time.time() - updated_s > _SILENT_S:
        return "silent"
    return "failing" if process.status.get("failing") else "up"


def failures(process: Health) -> list[str]:
    """A sentence about each failing resource of a process."""
    failing = cast("Mapping[str, str]", process.status.get("failing") or {})
    return [f"{process.process}: {name} does not work. {reason}" for name, reason in failing.items()]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table of a command's output."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _counters_text(status: Mapping[str, object]) -> str:
    """A worker's scalar counters as text, without zeros."""
    counters = {
        name: value
        for name, value in status.items()
        if name not in _NOT_COUNTERS and isinstance(value, int | float | str) and (value or "lag" in name)
    }
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counters.items())


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
