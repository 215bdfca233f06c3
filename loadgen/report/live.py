"""The live view on a terminal."""

from __future__ import annotations

from collections import deque

from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loadgen.metrics.counters import PROBLEMS, Counts, MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.report import Second, second
from loadgen.schedule.plan import Plan

_BARS = "▁▂▃▄▅▆▇█"
_HISTORY = 60
_WIDEST = 100
# The names, the numbers, and what is between and around them: 40 columns show all but the sparklines' past.
_NAME, _NUMBER, _GAP, _FRAME = 8, 12, 2, 4
_GOOD, _BAD, _DIM = "green", "bold red", "dim"


class LiveView:
    """Displays target and achieved rate, latencies, in flight, problems, and the last minute as sparklines.

    It is drawn once per second, when a row arrives, to leave the time to the sender.
    """

    def __init__(self, plan: Plan, target: str, console: Console | None = None) -> None:
        self._plan = plan
        self._target = target
        self._live = Live(console=console or Console(stderr=True), auto_refresh=False, transient=True)
        self._rows: deque[Second] = deque(maxlen=_HISTORY)
        self._totals = Counts()

    def begin(self, expected: Expected) -> None:
        """Print the expected numbers and draw the empty view."""
        self._live.console.print(expected.sentence(), highlight=False)
        self._live.start()
        self._live.update(self._panel(), refresh=True)

    def row(self, row: MetricsRow) -> None:
        """Draw a second that has ended."""
        self._rows.append(second(row))
        self._totals.add(row.counts)
        self._live.update(self._panel(), refresh=True)

    def end(self) -> None:
        """Remove the view, because the summary follows."""
        self._live.stop()

    def _panel(self) -> Panel:
        now = self._rows[-1] if self._rows else None
        done_s = now["second"] + 1 if now else 0
        duration_s = self._plan.duration_s
        heading = (
            "preload and warm-up" if done_s <= 0 < self._plan.before_s else f"{done_s:,.0f} of {duration_s:,.0f} s"
        )
        width = min(_WIDEST, self._live.console.width)
        shown = max(0, width - _FRAME - _NAME - _NUMBER - 2 * _GAP)
        rows = list(self._rows)[-shown:]
        rate = _grid()
        rate.add_column()
        for title, name, form, style in (
            ("planned", "planned", "{:,}/s", "cyan"),
            ("acked", "acked", "{:,}/s", _GOOD),
            ("p99", "intended_p99_ms", "{:,.1f} ms", "cyan"),
        ):
            rate.add_row(title, form.format(now[name] if now else 0), _spark([row[name] for row in rows], style))
        return Panel(
            Group(
                _bar(min(max(done_s, 0), duration_s), duration_s),
                rate,
                self._latency(now),
                self._problems(now),
            ),
            title=f"[bold]{self._target}[/] · {heading}",
            width=width,
        )

    def _latency(self, now: Second | None) -> Table:
        table = _grid()
        table.add_column(justify="right", min_width=_NUMBER)
        table.add_row("", Text("p50", _DIM), Text("p99", _DIM))
        if now is not None:
            for name in ("service", "intended"):
                table.add_row(name, f"{now[name + '_p50_ms']:,.1f} ms", f"{now[name + '_p99_ms']:,.1f} ms")
        return table

    def _problems(self, now: Second | None) -> Columns:
        numbers = (
            ("in flight", now["in_flight"] if now else 0, ""),
            ("acked", self._totals.acked, _GOOD),
            *((metric.title, metric.number(self._totals), _BAD) for metric in PROBLEMS),
        )
        return Columns(
            (
                Text.assemble((f"{name} ", _DIM), (f"{number:,}", style if number else ""))
                for name, number, style in numbers
            ),
            padding=(0, 3),
        )


def _grid() -> Table:
    """Return a grid of a name and a number, to which further columns are added."""
    grid = Table.grid(padding=(0, _GAP))
    grid.add_column(style=_DIM, min_width=_NAME)
    grid.add_column(justify="right", min_width=_NUMBER)
    return grid


def _bar(done_s: float, duration_s: float) -> Table:
    # In a grid, because a bar alone does not end its line.
    grid = Table.grid(expand=True)
    grid.add_row(ProgressBar(total=duration_s, completed=done_s))
    return grid


def _spark(values: list[int | float], style: str) -> Text:
    """Return the values as bars of eighths, the highest full."""
    highest = max(values, default=0)
    if highest <= 0:
        return Text()
    return Text("".join(_BARS[min(7, int(value / highest * 7.999))] for value in values), style)
