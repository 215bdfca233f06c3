"""A run's metrics by OTLP, as a collector takes them: decoded with OpenTelemetry's own messages."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from importlib.metadata import entry_points
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.cli import otlp
from loadgen.cli.otlp import BOUNDS_S, OtlpExport, metrics_data
from loadgen.cli.progress import Silent
from loadgen.metrics.counters import METRICS, Counts, Latencies, MetricsRow
from loadgen.metrics.histogram import coarse, highest
from loadgen.report.expected import Expected
from stack import UserError
from tests.serving import serving

# No types: made from OpenTelemetry's protocol definitions.
_service: Any = import_module("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
_service_grpc: Any = import_module("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc")
_grpc: Any = import_module("grpc")

Received = list[Any]
EXPECTED = Expected(table="orders", writes=1, seconds=1, write_units=1, price_per_million=None, cost=None)


@contextmanager
def _http(received: Received) -> Generator[str]:
    """https://opentelemetry.io/docs/specs/otlp/#otlphttp"""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert (self.path, self.headers["Content-Type"]) == ("/v1/metrics", "application/x-protobuf")
            received.append(_service.ExportMetricsServiceRequest.FromString(body))
            answer = _service.ExportMetricsServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    server = HTTPServer(("127.0.0.1", 0), Collector)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def _by_grpc(received: Received) -> Generator[str]:
    class Collector(_service_grpc.MetricsServiceServicer):
        def Export(self, request: Any, context: object) -> Any:  # noqa: N802
            received.append(request)
            return _service.ExportMetricsServiceResponse()

    server = _grpc.server(ThreadPoolExecutor(1))
    _service_grpc.add_MetricsServiceServicer_to_server(Collector(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def _has(protocol: str) -> bool:
    return bool(entry_points(group="opentelemetry_metrics_exporter", name=protocol))


def _values(message: Any) -> dict[str, Any]:
    """The points of a request by the metric's name and its points' attributes, but those of the table."""
    found: dict[str, Any] = {}
    for metric in message.resource_metrics[0].scope_metrics[0].metrics:
        kind = metric.WhichOneof("data")
        for point in getattr(metric, kind).data_points:
            attributes = {one.key: one.value.string_value for one in point.attributes}
            assert attributes.pop("db.system.name") == "aws.dynamodb"
            assert attributes.pop("db.collection.name") == "orders"
            labels = ",".join(attributes[name] for name in sorted(attributes))
            found[f"{metric.name}[{labels}]"] = point if kind == "histogram" else point.as_int
    return found


def row(second: int, acked: int, **throttled: int) -> MetricsRow:
    latencies = Latencies()
    latencies.service[1500] += acked
    return MetricsRow(
        second=second,
        counts=Counts(acked=acked, planned=acked, throttled=throttled),
        in_flight=acked // 2,
        latencies=latencies,
    )


@pytest.mark.parametrize(
    ("protocol", "collector"),
    [
        pytest.param(
            *("http/protobuf", _http),
            marks=pytest.mark.skipif(not _has("otlp_proto_http"), reason="the extra otel is not installed"),
        ),
        ("grpc", _by_grpc),
    ],
)
def test_a_collector_gets_the_totals_of_every_counter_and_the_histograms(
    protocol: str, collector: Callable[[Received], AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    received: Received = []
    with collector(received) as url:
        view = OtlpExport(url, "orders", Silent(), "checkout")
        view.begin(EXPECTED)
        view.row(row(-1, 100))
        view.row(row(0, 10, Slow=1))
        both = row(1, 6, Slow=2)
        both.kinds = {}
        view.row(both)
        view.end()
    assert 1 <= len(received) <= 2, "what waits is replaced by later totals"
    last = received[-1]
    values = _values(last)
    assert values["loadgen.acked[checkout]"] == 16, "the warm-up does not count"
    assert values["loadgen.throttled[Slow,checkout]"] == 3
    assert values["loadgen.in_flight[checkout]"] == 3
    assert values["loadgen.latency[service,checkout]"].count == 16
    metrics = {metric.name: metric for metric in last.resource_metrics[0].scope_metrics[0].metrics}
    shown = [counter.name for counter in METRICS.values() if not counter.by_class or counter.name == "throttled"]
    assert metrics.keys() == {f"loadgen.{name}" for name in (*shown, "in_flight", "latency")}
    for name in shown:
        summed = metrics[f"loadgen.{name}"].sum
        assert (summed.aggregation_temporality, summed.is_monotonic) == (2, True), "cumulative"
    assert not metrics["loadgen.in_flight"].sum.is_monotonic
    assert metrics["loadgen.latency"].unit == "s"
    service = {one.key: one.value.string_value for one in last.resource_metrics[0].resource.attributes}
    assert service["service.name"] == "loadgen"


@given(values=st.lists(st.integers(1, 20_000_000), min_size=1, max_size=60))
def test_a_latency_is_in_the_bucket_whose_bounds_it_is_between(values: list[int]) -> None:
    latencies = Latencies()
    for value in values:
        latencies.lag[coarse(value)] += 1
    total = MetricsRow(second=0, latencies=latencies)
    made = metrics_data({}, total, 1, 2).resource_metrics[0].scope_metrics[0].metrics[-1].data
    points: list[Any] = list(made.data_points)
    point = next(one for one in points if one.attributes["loadgen.latency.kind"] == "lag")
    seconds = [highest(coarse(value)) / 1e6 for value in values]
    bounds = [0.0, *BOUNDS_S, float("inf")]
    assert list(point.bucket_counts) == [
        sum(low < second <= high for second in seconds) for low, high in pairwise(bounds)
    ]
    assert point.count == len(values)
    assert point.sum == pytest.approx(sum(values) / 1e6, rel=0.001)
    assert max(seconds) == pytest.approx(point.max)


def test_each_kind_of_call_has_its_points() -> None:
    both = row(0, 9)
    both.kinds = {"write": row(0, 5), "get": row(0, 4)}
    metrics = metrics_data({}, both, 1, 2).resource_metrics[0].scope_metrics[0].metrics
    acked: list[Any] = list(next(metric for metric in metrics if metric.name == "loadgen.acked").data.data_points)
    assert {point.attributes["loadgen.call"]: point.value for point in acked} == {"write": 5, "get": 4}


def test_a_run_continues_without_a_collector(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Unheard:
        def export(self, metrics_data: object) -> object:
            return None

        def shutdown(self) -> None: ...

    def unheard(_: str) -> Unheard:
        return Unheard()

    monkeypatch.setattr(otlp, "exporter", unheard)
    view = OtlpExport("http://127.0.0.1:1", "orders", Silent())
    view.begin(EXPECTED)
    for second in range(3):
        view.row(row(second, 1))
    view.end()
    error = capsys.readouterr().err
    assert error == "The collector at http://127.0.0.1:1 does not take metrics; the run continues.\n"


@pytest.mark.parametrize(
    ("endpoint", "protocol", "sentence"),
    [
        ("collector:4318", "grpc", "--otlp collector:4318 is not a collector's URL: write it as http://127.0.0.1:4318"),
        ("http://127.0.0.1:1", "carrier pigeon", "is carrier pigeon: this version supports http/protobuf or grpc"),
    ],
)
def test_what_cannot_be_sent_to_is_one_sentence(
    endpoint: str, protocol: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    with pytest.raises(UserError, match=sentence):
        otlp.exporter(endpoint)


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_: str) -> tuple[()]:
        return ()

    monkeypatch.setattr(otlp, "entry_points", none)
    with pytest.raises(UserError, match=r"--otlp needs the extra otel: run `pip install '\.\[otel\]'`\."):
        otlp.exporter("http://127.0.0.1:4318")
