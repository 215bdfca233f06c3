"""The live view on a terminal."""

from __future__ import annotations

from collections import deque

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loadgen.metrics.counters import Row
from loadgen.report.expected import Expected
from loadgen.report.report import Second, second
from loadgen.schedule.plan import Plan

_BARS = "▁▂▃▄▅▆▇█"
_HISTORY = 60
_GOOD, _BAD, _DIM = "green", "bold red", "dim"


class LiveView:
    """Target and achieved rate, latencies, in flight, trouble, and the last minute as sparklines.

    It is drawn once a second, when a row comes, so that it takes no time from the sending.
    """

    def __init__(self, plan: Plan, target: str, console: Console | None = None) -> None:
        self._plan = plan
        self._target = target
        self._live = Live(console=console or Console(stderr=True), auto_refresh=False, transient=True)
        self._rows: deque[Second] = deque(maxlen=_HISTORY)
        self._acked = self._dropped = self._failed = self._throttled = self._retried = 0

    def begin(self, expected: Expected) -> None:
        """Say what is expected, and draw the view, still empty."""
        self._live.console.print(expected.sentence(), highlight=False)
        self._live.start()
        self._live.update(self._panel(), refresh=True)

    def row(self, row: Row) -> None:
        """Draw the second that is over."""
        self._rows.append(second(row))
        self._acked += row.acked
        self._dropped += row.dropped
        self._failed += row.failed
        self._throttled += row.throttled
        self._retried += row.retried
        self._live.update(self._panel(), refresh=True)

    def end(self) -> None:
        """Take the view away: the summary follows."""
        self._live.stop()

    def _panel(self) -> Panel:
        now = self._rows[-1] if self._rows else None
        done_s = now.second + 1 if now else 0
        duration_s = self._plan.duration_s
        heading = "warming up" if done_s <= 0 < self._plan.warm_up_s else f"{done_s:,.0f} of {duration_s:,.0f} s"
        rate = Table.grid(padding=(0, 2))
        rate.add_column(style=_DIM, min_width=9)
        rate.add_column(justify="right", min_width=12)
        rate.add_column()
        rate.add_row("planned", f"{now.planned if now else 0:,}/s", _spark([row.planned for row in self._rows]))
        rate.add_row("acked", f"{now.acked if now else 0:,}/s", _spark([row.acked for row in self._rows], _GOOD))
        rate.add_row(
            "p99", f"{now.intended_p99_ms if now else 0:,.1f} ms", _spark([row.intended_p99_ms for row in self._rows])
        )
        return Panel(
            Group(
                _bar(min(max(done_s, 0), duration_s), duration_s),
                rate,
                self._latency(now),
                self._trouble(now),
            ),
            title=f"[bold]{self._target}[/] · {heading}",
            width=min(100, self._live.console.width),
        )

    def _latency(self, now: Second | None) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(style=_DIM, min_width=9)
        table.add_column(min_width=12, justify="right")
        table.add_column(min_width=12, justify="right")
        table.add_row("", Text("p50", _DIM), Text("p99", _DIM))
        if now:
            table.add_row("service", f"{now.service_p50_ms:,.1f} ms", f"{now.service_p99_ms:,.1f} ms")
            table.add_row("intended", f"{now.intended_p50_ms:,.1f} ms", f"{now.intended_p99_ms:,.1f} ms")
        return table

    def _trouble(self, now: Second | None) -> Text:
        figures = (
            ("in flight", now.in_flight if now else 0, ""),
            ("acked", self._acked, _GOOD),
            ("throttled", self._throttled, _BAD),
            ("retried", self._retried, _BAD),
            ("dropped", self._dropped, _BAD),
            ("failed", self._failed, _BAD),
        )
        text = Text()
        for name, number, style in figures:
            text.append(f"{name} ", _DIM)
            text.append(f"{number:,}   ", style if number else "")
        return text


def _bar(done_s: float, duration_s: float) -> Table:
    # In a grid, because a bar by itself does not end its line.
    grid = Table.grid(expand=True)
    grid.add_row(ProgressBar(total=duration_s, completed=done_s))
    return grid


def _spark(values: list[int] | list[float], style: str = "cyan") -> Text:
    """The values as bars of eighths, the highest full."""
    highest = max(values, default=0)
    if highest <= 0:
        return Text()
    return Text("".join(_BARS[min(7, int(value / highest * 7.999))] for value in values), style)
