"""A run as metrics of Prometheus: a file in its text format, written again each second.

node_exporter's textfile collector serves it, and so does any web server. The file is replaced whole, so that a reader
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

PREFIX = "loadgen"
_QUANTILES = {"p50": "0.5", "p99": "0.99"}
_LATENCIES = ("service", "intended", "lag")


class PrometheusFile:
    """Writes the metrics, and passes what it gets on to another view.

    Counters are totals since the end of preload and warm-up; the latencies are those of the last second.
    """

    def __init__(self, path: Path, table: str, view: ProgressView, scenario: str = "") -> None:
        self._path = path
        self._label = f'table="{_escaped(table)}"' + (f',scenario="{scenario}"' if scenario else "")
        self._view = view
        self._total = MetricsRow(second=0)
        self._failed = False

    def begin(self, expected: Expected) -> None:
        """Nothing is counted yet."""
        self._view.begin(expected)

    def row(self, row: MetricsRow) -> None:
        """Add a second, and write the file again."""
        self._view.row(row)
        if row.second < 0 or self._failed:
            return
        self._total.add(row)
        self._save("\n".join(lines(self._label, self._total, row)) + "\n")

    def end(self) -> None:
        """The file keeps the last second's metrics."""
        self._view.end()

    def _save(self, text: str) -> None:
        unfinished = self._path.with_name(f".{self._path.name}.new")
        try:
            unfinished.write_text(text)
            unfinished.replace(self._path)
        except OSError as error:
            # The run is worth more than its metrics, which are in its report too.
            self._failed = True
            sys.stderr.write(f"{self._path} cannot be written: {error.strerror}; the run goes on without it.\n")


def lines(label: str, total: MetricsRow, row: MetricsRow) -> Iterator[str]:
    """The metrics in the text format, with these labels: totals of every counter, and the gauges of a second.

    Each kind of call has its own, with the label `call`, in a run that has others than writes.
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
        for latency, (percentile, quantile) in product(_LATENCIES, _QUANTILES.items()):
            value = values.get(f"{kind}:{latency}_{percentile}_ms" if kind else f"{latency}_{percentile}_ms")
            if value is not None:
                labelled = f'{name},latency="{latency}",quantile="{quantile}"'
                yield f"{PREFIX}_latency_seconds{{{labelled}}} {value / 1000:.6f}"


def _escaped(value: str) -> str:
    """A label's value: backslash, quote and line feed are escaped."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
