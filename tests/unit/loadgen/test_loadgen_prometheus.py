"""A run's metrics in Prometheus' text format, read as its grammar says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from loadgen.cli.progress import Silent
from loadgen.cli.prometheus import PrometheusFile
from loadgen.metrics.counters import Counts, Latencies, MetricsRow
from stack import UserError

# https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
SAMPLE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?\d+(?:\.\d+)?)'
)


def samples(text: str) -> dict[str, float]:
    """Values by name and labels; fails for what is neither a sample nor the type of the metric that follows."""
    found: dict[str, float] = {}
    kind = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            kind = line.split()[2]
            continue
        match = SAMPLE.fullmatch(line)
        assert match is not None, line
        assert match[1] == kind, line
        found[f"{match[1]}{{{match[2]}}}"] = float(match[3])
    assert text.endswith("\n")
    return found


def row(second: int, *, acked: int, planned: int = 0) -> MetricsRow:
    latencies = Latencies()
    latencies.service[2000] += 1
    latencies.intended[4000] += 1
    throttled = {'Slow"Down\\': 1} if second else {}
    return MetricsRow(
        second=second,
        counts=Counts(planned=planned, acked=acked, throttled=throttled),
        in_flight=3,
        latencies=latencies,
    )


def test_counters_are_totals_and_latencies_are_of_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "loadgen.prom"
    written = PrometheusFile(path, "orders", Silent())
    written.row(row(-1, planned=5, acked=5))
    assert not path.exists(), "the warm-up does not count"
    written.row(row(0, planned=10, acked=9))
    written.row(row(1, planned=10, acked=8))
    found = samples(path.read_text())
    assert found['loadgen_acked_total{table="orders"}'] == 17
    assert found['loadgen_throttled_total{table="orders",class="Slow\\"Down\\\\"}'] == 1
    assert found['loadgen_in_flight{table="orders"}'] == 3
    assert found['loadgen_latency_seconds{table="orders",latency="service",quantile="0.99"}'] == 0.002
    assert found['loadgen_latency_seconds{table="orders",latency="intended",quantile="0.5"}'] == pytest.approx(
        0.004, rel=0.01
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_goes_on_without_a_file_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = PrometheusFile(tmp_path / "none" / "loadgen.prom", "orders", Silent())
    written.row(row(0, acked=1))
    written.row(row(1, acked=1))
    assert capsys.readouterr().err.count("cannot be written: No such file or directory; the run continues") == 1


def test_a_device_is_refused_and_a_link_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe is not a file: give --prometheus the path of one"):
        PrometheusFile(tmp_path / "pipe", "orders", Silent())
    (tmp_path / "link").symlink_to(tmp_path / "loadgen.prom")
    PrometheusFile(tmp_path / "link", "orders", Silent()).row(row(0, acked=1))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "loadgen.prom").is_file()


def test_each_kind_of_call_has_a_label_and_the_sum_is_of_all(tmp_path: Path) -> None:
    both = row(0, planned=10, acked=9)
    both.kinds = {"write": row(0, planned=6, acked=5), "get": row(0, planned=4, acked=4)}
    path = tmp_path / "loadgen.prom"
    PrometheusFile(path, "orders", Silent()).row(both)
    found = samples(path.read_text())
    acked = {name: value for name, value in found.items() if name.startswith("loadgen_acked_total")}
    assert acked == {
        'loadgen_acked_total{table="orders",call="write"}': 5,
        'loadgen_acked_total{table="orders",call="get"}': 4,
    }
    assert found['loadgen_in_flight{table="orders"}'] == 3
    assert found['loadgen_latency_seconds{table="orders",call="get",latency="service",quantile="0.5"}'] == 0.002
