"""The live view of several scenarios: a line for each, drawn again with every second of any."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.table import Table

from loadgen.metrics.counters import PROBLEMS, Counts, MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.report import Second, second


class LiveScenarios:
    """What each scenario does; it is shown from the first that begins to the last that ends."""

    def __init__(self, names: Sequence[str], console: Console | None = None) -> None:
        self._live = Live(console=console or Console(stderr=True), auto_refresh=False, transient=True)
        self._running: set[str] = set()
        self._last: dict[str, Second | None] = dict.fromkeys(names)
        self._totals = {name: Counts() for name in names}

    def view(self, name: str) -> ScenarioView:
        """The view of one of them."""
        return ScenarioView(self, name)

    def begin(self, name: str, expected: Expected) -> None:
        """A scenario is about to begin."""
        if not self._running:
            self._live.start()
        self._running.add(name)
        self._live.console.print(f"{name}: {expected.sentence()}", highlight=False)

    def row(self, name: str, row: MetricsRow) -> None:
        """A second of a scenario is over."""
        self._last[name] = second(row)
        self._totals[name].add(row.counts)
        self._live.update(self.table(), refresh=True)

    def end(self, name: str) -> None:
        """A scenario is over."""
        self._running.discard(name)
        if not self._running:
            self._live.stop()

    def table(self) -> Table:
        """A line for each scenario: its last second, and what went wrong so far."""
        table = Table("scenario", "second", "planned/s", "acked/s", "service p99", "in flight", "acked")
        for column in table.columns[1:]:
            column.justify = "right"
        for metric in PROBLEMS:
            table.add_column(metric.title, justify="right")
        for name, now in self._last.items():
            totals = self._totals[name]
            figures = ["waits", "", "", "", ""]
            if now is not None:
                figures = [f"{now['second']}", *(f"{now[one]:,}" for one in ("planned", "acked"))]
                figures += [f"{now['service_p99_ms']:,.1f} ms", f"{now['in_flight']:,}"]
            problems = (f"{metric.number(totals):,}" for metric in PROBLEMS)
            table.add_row(name, *figures, f"{totals.acked:,}", *problems)
        return table


class ScenarioView:
    """The part of one scenario in the view of all."""

    def __init__(self, live: LiveScenarios, name: str) -> None:
        self._live = live
        self._name = name

    def begin(self, expected: Expected) -> None:
        """Say what is expected."""
        self._live.begin(self._name, expected)

    def row(self, row: MetricsRow) -> None:
        """Draw the second that is over."""
        self._live.row(self._name, row)

    def end(self) -> None:
        """Take the view away when it was the last."""
        self._live.end(self._name)
