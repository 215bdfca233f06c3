"""Writes the metrics of a run to a file in Prometheus's text format, every second.

node_exporter's textfile collector serves it, and so does any web server. The file is replaced atomically, so a reader
never sees a part of it. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from loadgen.cli.progress import ProgressView
from loadgen.metrics.counters import METRICS, MetricsRow
from loadgen.report.expected import Expected
from loadgen.report.report import second
from loadgen.schedule.mix import Kind
from stack import UserError

PREFIX = "loadgen"
_QUANTILES = {"p50": "0.5", "p99": "0.99"}
LATENCIES = ("service", "intended", "lag")


class PrometheusFile:
    """Writes the metrics and passes each row on to another view.

    Counters are totals since the end of preload and warm-up; latencies are those of the last second. The constructor
    raises UserError for a path that is not a file's.
    """

    def __init__(self, path: Path, table: str, view: ProgressView, scenario: str = "") -> None:
        # A file replaces the one that a link names, and must not replace a device or a named pipe.
        self._path = path.resolve()
        if self._path.exists() and not self._path.is_file():
            raise UserError(f"{path} is not a file: give --prometheus the path of one.")
        self._label = f'table="{_escaped(table)}"' + (f',scenario="{scenario}"' if scenario else "")
        self._view = view
        self._total = MetricsRow(second=0)
        self._failed = False

    def begin(self, expected: Expected) -> None:
        """Write the metrics with all counters at 0."""
        self._view.begin(expected)

    def row(self, row: MetricsRow) -> None:
        """Add the row of a second and rewrite the file."""
        self._view.row(row)
        if row.second < 0 or self._failed:
            return
        self._total.add(row)
        self._save("\n".join(lines(self._label, self._total, row)) + "\n")

    def end(self) -> None:
        """Leave the file with the metrics of the last second."""
        self._view.end()

    def _save(self, text: str) -> None:
        unfinished = self._path.with_name(f".{self._path.name}.new")
        try:
            unfinished.write_text(text)
            unfinished.replace(self._path)
        except OSError as error:
            # A failure here must not end the run: its report has the metrics too.
            self._failed = True
            sys.stderr.write(f"{self._path} cannot be written: {error.strerror}; the run continues without it.\n")


def lines(label: str, total: MetricsRow, row: MetricsRow) -> Iterator[str]:
    """Return the metrics in the text format, with these labels: all counters' totals, and the gauges of a second.

    In a run with calls other than writes, each kind of call has separate metrics with the label `call`.
    """
    labels: dict[str, Kind | None] = {f'{label},call="{kind}"': kind for kind in total.kinds}
    labels = labels or {label: None}
    for counter in METRICS.values():
        metric = f"{PREFIX}_{counter.name}_total"
        yield f"# TYPE {metric} counter"
        for name, kind in labels.items():
            counts = total.counts if kind is None else total.kinds[kind].counts
            if counter.by_class:
                for each, number in sorted(counter.classes(counts).items()):
                    yield f'{metric}{{{name},class="{_escaped(each)}"}} {number}'
            else:
                yield f"{metric}{{{name}}} {counter.number(counts)}"
    yield f"# TYPE {PREFIX}_in_flight gauge"
    yield f"{PREFIX}_in_flight{{{label}}} {row.in_flight}"
    yield f"# TYPE {PREFIX}_latency_seconds gauge"
    values = second(row)
    for name, kind in labels.items():
        for latency, (percentile, quantile) in product(LATENCIES, _QUANTILES.items()):
            value = values.get(f"{kind}:{latency}_{percentile}_ms" if kind else f"{latency}_{percentile}_ms")
            if value is not None:
                labelled = f'{name},latency="{latency}",quantile="{quantile}"'
                yield f"{PREFIX}_latency_seconds{{{labelled}}} {value / 1000:.6f}"


def _escaped(value: str) -> str:
    """Return a label's value with backslash, quote and line feed escaped."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
