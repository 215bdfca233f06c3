"""A run's metrics by OTLP, sent to a collector each second.

The same counters as `loadgen.cli.prometheus` has, as cumulative sums, and the latencies as histograms. A name follows
OpenTelemetry's rules (https://opentelemetry.io/docs/specs/semconv/general/metrics/): no unit and no "total" in it. So
Prometheus stores them under the names of that module. The table is `db.collection.name`, a class `error.type`
(https://opentelemetry.io/docs/specs/semconv/db/dynamodb/).

OTEL_EXPORTER_OTLP_PROTOCOL chooses "http/protobuf" (the default of the specification) or "grpc"; the exporters read
OTEL_EXPORTER_OTLP_HEADERS and _CERTIFICATE too (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from importlib.metadata import entry_points
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from loadgen.cli.progress import ProgressView
from loadgen.cli.prometheus import LATENCIES, PREFIX
from loadgen.metrics.counters import METRICS, MetricsRow
from loadgen.metrics.histogram import Buckets, highest, max_us, middle
from loadgen.report.expected import Expected
from loadgen.schedule.mix import Kind
from stack import UserError, version

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import Metric, MetricsData, NumberDataPoint

_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""The exporters' names among the entry points, by the protocol."""
_TIMEOUT_S = 5.0
BOUNDS_S = tuple(digit * 10.0**power for power in range(-4, 1) for digit in (1, 2, 5))
"""The upper bounds of the histograms' buckets: 100 µs, 200 µs, 500 µs to 5 s."""
_Labels = dict[str, str]


class Exporter(Protocol):
    """The part of OpenTelemetry's MetricExporter that is used here."""

    def export(self, metrics_data: MetricsData) -> object:
        """Send metrics; MetricExportResult says whether the collector took them."""
        ...

    def shutdown(self) -> None:
        """Close the connection."""
        ...


def exporter(endpoint: str) -> Exporter:
    """Return the exporter to a collector. UserError for a wrong endpoint or protocol, or without the extra `otel`."""
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise UserError(f"--otlp {endpoint} is not a collector's URL: write it as http://127.0.0.1:4318.")
    general = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", general)
    if protocol not in _PROTOCOLS:
        known = " or ".join(_PROTOCOLS)
        raise UserError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}: this version supports {known}.")
    found = entry_points(group="opentelemetry_metrics_exporter", name=_PROTOCOLS[protocol])
    if not found:
        raise UserError("--otlp needs the extra otel: run `pip install '.[otel]'`.")
    # Its failures are reported here, once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
    target = endpoint if protocol == "grpc" else f"{endpoint.rstrip('/')}/v1/metrics"
    return next(iter(found)).load()(endpoint=target, timeout=_TIMEOUT_S)


class OtlpExport:
    """Sends the metrics, and passes what it gets on to another view.

    They are sent in a separate thread, so that a slow collector delays nothing; what it misses meanwhile is in the
    next totals. All are totals since the end of preload and warm-up.
    """

    def __init__(self, endpoint: str, table: str, view: ProgressView, scenario: str = "") -> None:
        self._exporter = exporter(endpoint)
        self._endpoint = endpoint
        self._labels = {"db.system.name": "aws.dynamodb", "db.collection.name": table}
        if scenario:
            self._labels["loadgen.scenario"] = scenario
        self._view = view
        self._total = MetricsRow(second=0)
        self._began_ns = 0
        self._waiting: SimpleQueue[MetricsData | None] = SimpleQueue()
        self._thread = Thread(target=self._send, name="otlp", daemon=True)

    def begin(self, expected: Expected) -> None:
        """Start to send."""
        self._view.begin(expected)
        self._thread.start()

    def row(self, row: MetricsRow) -> None:
        """Add a second, and send the totals."""
        self._view.row(row)
        if row.second < 0:
            return
        now_ns = time.time_ns()
        self._began_ns = self._began_ns or now_ns - 1_000_000_000
        self._total.add(row)
        self._total.in_flight = row.in_flight
        self._waiting.put(metrics_data(self._labels, self._total, self._began_ns, now_ns))

    def end(self) -> None:
        """Wait until the last totals are sent."""
        self._view.end()
        self._waiting.put(None)
        self._thread.join(3 * _TIMEOUT_S)
        self._exporter.shutdown()

    def _send(self) -> None:
        from opentelemetry.sdk.metrics.export import MetricExportResult

        is_last = failed = False
        while not is_last:
            newest, is_last = self._newest()
            if newest is None:
                continue
            if self._exporter.export(newest) is not MetricExportResult.SUCCESS and not failed:
                failed = True
                sys.stderr.write(f"The collector at {self._endpoint} does not take metrics; the run continues.\n")

    def _newest(self) -> tuple[MetricsData | None, bool]:
        """The newest totals that wait, and whether they are the last."""
        newest: MetricsData | None = None
        while True:
            data = self._waiting.get()
            if data is None:
                return newest, True
            newest = data
            if self._waiting.empty():
                return newest, False


def metrics_data(labels: _Labels, total: MetricsRow, began_ns: int, now_ns: int) -> MetricsData:
    """Return totals as OpenTelemetry's metrics.

    Each kind of call has its own points, with the attribute `loadgen.call`, in a run that has others than writes.
    """
    from opentelemetry.sdk.metrics import export
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    made = list(_metrics(labels, total, began_ns, now_ns))
    scope = export.ScopeMetrics(InstrumentationScope(PREFIX, version()), made, "")
    resource = Resource.create({"service.name": PREFIX, "service.version": version()})
    return export.MetricsData([export.ResourceMetrics(resource, [scope], "")])


def _metrics(labels: _Labels, total: MetricsRow, began_ns: int, now_ns: int) -> Iterator[Metric]:
    from opentelemetry.sdk.metrics import export

    kinds: list[tuple[Kind | None, MetricsRow]] = list(total.kinds.items()) or [(None, total)]
    each = [({**labels, "loadgen.call": kind} if kind else labels, row) for kind, row in kinds]
    cumulative = export.AggregationTemporality.CUMULATIVE

    def point(attributes: _Labels, value: int) -> NumberDataPoint:
        return export.NumberDataPoint(dict(attributes), began_ns, now_ns, value)

    for counter in METRICS.values():
        points: list[NumberDataPoint] = []
        for attributes, row in each:
            if counter.by_class:
                classes = counter.classes(row.counts)
                points += [point(attributes | {"error.type": name}, number) for name, number in classes.items()]
            else:
                points.append(point(attributes, counter.number(row.counts)))
        if points:
            yield _metric(counter.name, "{operation}", counter.shown.note, export.Sum(points, cumulative, True))
    flying = export.Sum([point(labels, total.in_flight)], cumulative, False)
    yield _metric("in_flight", "{request}", "unanswered", flying)
    histograms = [
        _histogram(attributes | {"loadgen.latency.kind": name}, getattr(row.latencies, name), began_ns, now_ns)
        for attributes, row in each
        for name in LATENCIES
        if getattr(row.latencies, name)
    ]
    if histograms:
        yield _metric("latency", "s", "of operations", export.Histogram(histograms, cumulative))


def _metric(name: str, unit: str, description: str, data: Any) -> Metric:
    from opentelemetry.sdk.metrics import export

    return export.Metric(f"{PREFIX}.{name}", description, unit, data)


def _histogram(attributes: _Labels, latencies: Buckets, began_ns: int, now_ns: int) -> Any:
    """Return a histogram's point; a latency is in the bucket of the first bound that is not below it."""
    from opentelemetry.sdk.metrics import export

    counts = [0] * (len(BOUNDS_S) + 1)
    for value_us, number in latencies.items():
        counts[bisect_left(BOUNDS_S, highest(value_us) / 1e6)] += number
    return export.HistogramDataPoint(
        attributes=dict(attributes),
        start_time_unix_nano=began_ns,
        time_unix_nano=now_ns,
        count=sum(counts),
        sum=sum(middle(value_us) * number for value_us, number in latencies.items()) / 1e6,
        bucket_counts=counts,
        explicit_bounds=BOUNDS_S,
        min=min(latencies, default=0) / 1e6,
        max=max_us(latencies) / 1e6,
    )
