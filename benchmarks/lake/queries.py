"""Measures the cost of a query of the current state: the view over the log, over the current table, a plain table."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.lake.filled import FilledSandbox
from benchmarks.lake.history import PLAIN, TODAY, History
from benchmarks.terminal import Steps, console, table
from lake.athena import Athena, QueryProgress
from lake.clients import client
from lake.merging import CurrentMerge
from stack.commandline import Parser, run

_CURRENT = "orders"
_QUERIES: Mapping[str, str] = {
    "count": "SELECT count(*) FROM {}",
    "one order": "SELECT * FROM {} WHERE order_id = 'order-000000017'",
    "revenue by day": "SELECT CAST(ordered_at AS date) AS day, sum(total) FROM {} GROUP BY 1",
}
_NEW_CHANGES = 500
"""The number of changes after the merge."""
_LONG = 10


class QueryCost(NamedTuple):
    """What a query costs through each source at a number of changes.

    Of the plain table the median of its times in Athena, in ms; of the others the median of how many times the plain
    table's they take in the same round, because Athena's times are whole milliseconds and the machine's speed changes.
    And the processor time of the sandbox's processes for one query, in ms, which other programs change less.
    """

    query: str
    changes: int
    plain_ms: float
    today: float
    current: float
    plain_processor_ms: float
    today_processor_ms: float
    current_processor_ms: float


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    return run(lambda: _main(arguments))


def _main(arguments: list[str] | None) -> int:
    parser = Parser(prog="python -m benchmarks.lake.queries", description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="orders (default: %(default)s)")
    parser.add_argument("--each", type=int, default=10, help="changes of each order (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=40, help="runs of each query (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    chosen = parser.parse_args(arguments)
    costs: list[QueryCost] = []
    with (
        Steps("queries of the current state") as steps,
        tempfile.TemporaryDirectory(prefix="bench-queries-") as directory,
        FilledSandbox(Path(directory)) as sandbox,
    ):
        history = History(sandbox.outputs, chosen.orders)
        for each in (1, chosen.each, chosen.each * _LONG):
            steps.begin(f"{each * chosen.orders:,} changes")
            history.grow(each)
            if not costs:
                history.prepare()
            for _ in CurrentMerge(sandbox.outputs, margin=timedelta(0)).run():
                pass
            history.change(min(_NEW_CHANGES, chosen.orders))
            costs += _measure(sandbox, history.changes, chosen.runs)
            steps.end("measured")
    _show(costs)
    if chosen.json:
        chosen.json.write_text(json.dumps([cost._asdict() for cost in costs], indent=1))
    return 0


def _measure(sandbox: FilledSandbox, changes: int, runs: int) -> list[QueryCost]:
    """Each query through the plain table and through each other source in turn."""
    elapsed: list[int] = []
    outputs = sandbox.outputs
    athena = Athena(
        client("athena", outputs),
        outputs.require("workgroup_name"),
        outputs.require("database_name"),
        watch=lambda progress: _note(progress, elapsed),
    )

    def measured(sql: str, source: str) -> tuple[int, float]:
        """A query's time in Athena in ms, and its processor time in ms."""
        elapsed.clear()
        began_s = sandbox.processor_s()
        athena.query(sql.format(source))
        return elapsed[-1], (sandbox.processor_s() - began_s) * 1000

    # The whole log comes last: its scans take seconds of two cores and all of their caches.
    by_source = {
        source: {
            name: _beside_plain(lambda chosen, sql=sql: measured(sql, chosen), source, runs)
            for name, sql in _QUERIES.items()
        }
        for source in (_CURRENT, TODAY)
    }
    costs: list[QueryCost] = []
    for name in _QUERIES:
        today, current = by_source[TODAY][name], by_source[_CURRENT][name]
        costs.append(
            QueryCost(
                name,
                changes,
                current.plain_ms,
                today.ratio,
                current.ratio,
                current.plain_processor_ms,
                today.processor_ms,
                current.processor_ms,
            )
        )
    return costs


class _BesidePlain(NamedTuple):
    ratio: float
    plain_ms: float
    processor_ms: float
    plain_processor_ms: float


def _beside_plain(measured: Callable[[str], tuple[int, float]], source: str, runs: int) -> _BesidePlain:
    """A query through a source and through the plain table, in pairs whose order alternates.

    So each is as often the one that finds the processor's caches as the other has left them. The first two pairs load
    the objects and do not count.
    """
    of_source: list[tuple[int, float]] = []
    of_plain: list[tuple[int, float]] = []
    for number in range(-2, runs):
        found = {one: measured(one) for one in ((source, PLAIN) if number % 2 else (PLAIN, source))}
        if number >= 0:
            of_source.append(found[source])
            of_plain.append(found[PLAIN])
    ratio = statistics.median(one[0] / other[0] for one, other in zip(of_source, of_plain, strict=True))
    processor = (statistics.mean(one[1] for one in times) for times in (of_source, of_plain))
    return _BesidePlain(ratio, statistics.median(one[0] for one in of_plain), *processor)


def _note(progress: QueryProgress, elapsed: list[int]) -> None:
    if progress.finished:
        elapsed.append(progress.elapsed_ms)


def _show(costs: list[QueryCost]) -> None:
    lines = table("queries of the current state, times a plain table's of the same orders")
    for title in ("query", "changes", "plain, ms", "the view over the log", "over the current table"):
        lines.add_column(title)
    for title in ("plain, ms of processor", "the view over the log", "over the current table"):
        lines.add_column(title)
    for cost in costs:
        lines.add_row(
            *(cost.query, f"{cost.changes:,}", f"{cost.plain_ms:.0f}"),
            *(f"{cost.today:.1f}", f"{cost.current:.2f}"),
            f"{cost.plain_processor_ms:.0f}",
            f"{cost.today_processor_ms / cost.plain_processor_ms:.1f}",
            f"{cost.current_processor_ms / cost.plain_processor_ms:.2f}",
        )
    console().print(lines)


if __name__ == "__main__":
    sys.exit(main())
