"""The live view of several scenarios: a line for each, redrawn with every row."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from loadgen.metrics.counters import PROBLEMS, Counts, MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.report import Second, second

_COLUMNS = ("scenario", "second", "planned/s", "acked/s", "service p99", "in flight", "acked")
_ANY_WIDTH = 1000


class LiveScenarios:
    """Displays every scenario, from the start of the first to the end of the last."""

    def __init__(self, names: Sequence[str], console: Console | None = None) -> None:
        self._live = Live(console=console or Console(stderr=True), auto_refresh=False, transient=True)
        self._running: set[str] = set()
        self._last: dict[str, Second | None] = dict.fromkeys(names)
        self._totals = {name: Counts() for name in names}

    def view(self, name: str) -> ScenarioView:
        """Return the view of one scenario."""
        return ScenarioView(self, name)

    def begin(self, name: str, expected: Expected) -> None:
        """Add a scenario that is about to begin."""
        if not self._running:
            self._live.start()
        self._running.add(name)
        self._live.console.print(f"{name}: {expected.sentence()}", highlight=False)

    def row(self, name: str, row: MetricsRow) -> None:
        """Redraw with a second of a scenario."""
        self._last[name] = second(row)
        self._totals[name].add(row.counts)
        self._live.update(self.table(), refresh=True)

    def end(self, name: str) -> None:
        """Mark a scenario as ended."""
        self._running.discard(name)
        if not self._running:
            self._live.stop()

    def table(self) -> RenderableType:
        """Draw a line for each scenario: its last second, and its problems so far. Without room, draw sentences."""
        table = Table(*_COLUMNS, *(metric.title for metric in PROBLEMS))
        for column in table.columns:
            column.no_wrap = True
        for column in table.columns[1:]:
            column.justify = "right"
        for name in self._last:
            table.add_row(name, *self._figures(name))
        console = self._live.console
        if table.__rich_measure__(console, console.options.update_width(_ANY_WIDTH)).maximum <= console.width:
            return table
        return Text("\n".join(self._sentence(name) for name in self._last))

    def _figures(self, name: str) -> list[str]:
        """Return what follows a scenario's name in the table."""
        now, totals = self._last[name], self._totals[name]
        figures = ["waits", "", "", "", ""]
        if now is not None:
            figures = [f"{now['second']}", *(f"{now[one]:,}" for one in ("planned", "acked"))]
            figures += [f"{now['service_p99_ms']:,.1f} ms", f"{now['in_flight']:,}"]
        return [*figures, f"{totals.acked:,}", *(f"{metric.number(totals):,}" for metric in PROBLEMS)]

    def _sentence(self, name: str) -> str:
        """Return the row of the table as a sentence, without counts of 0."""
        second, planned, acked, p99, in_flight, *totals = self._figures(name)
        if self._last[name] is None:
            return f"{name} waits"
        titles = ("acked", *(metric.title for metric in PROBLEMS))
        counts = ", ".join(f"{title} {count}" for title, count in zip(titles, totals, strict=True) if count != "0")
        return f"{name}, second {second}: {acked} of {planned}/s, p99 {p99}, {in_flight} in flight; {counts}"


class ScenarioView:
    """One scenario's part of the common view."""

    def __init__(self, live: LiveScenarios, name: str) -> None:
        self._live = live
        self._name = name

    def begin(self, expected: Expected) -> None:
        """Print the expected numbers."""
        self._live.begin(self._name, expected)

    def row(self, row: MetricsRow) -> None:
        """Draw a second that has ended."""
        self._live.row(self._name, row)

    def end(self) -> None:
        """Remove the view if this is the last scenario."""
        self._live.end(self._name)
