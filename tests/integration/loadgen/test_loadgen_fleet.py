"""Runs of several processes, by the command line."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadgen.cli import main
from loadgen.metrics.histogram import decode
from loadgen.report import report as reports
from stack.ledger import read_ledger
from tests.integration.loadgen.order_table import REGION, OrderTable


def options(table: OrderTable, directory: Path, *more: str) -> list[str]:
    return [
        *("--table", table.name, "--endpoint-url", table.endpoint_url, "--region", REGION),
        *("--report", str(directory / "report.json"), *more),
    ]


_TRIES = 4


def written(table: OrderTable, directory: Path, *load: str) -> tuple[dict[str, dict[str, object]], int]:
    """Run on the empty table; return the items without their times, and the number of substitutes."""
    table.clear()
    assert main([*load, "--quiet", *options(table, directory)]) == 0
    items = table.items()
    for item in items.values():
        del item["ordered_at"], item["updated_at"]
    return items, reports.load(directory / "report.json").counts.substituted


def assert_the_same_is_written(table: OrderTable, directory: Path, *load: str, by: tuple[str, ...]) -> None:
    """Check that the run and the run with the options `by` write the same items.

    When the machine stalls for longer than an order's rest, a run writes more substitutes than the plan has, and
    reports them: then both are repeated.
    """
    for _ in range(_TRIES):
        one, substituted = written(table, directory, *load)
        other, substituted_too = written(table, directory, *load, *by)
        if substituted == substituted_too:
            assert other == one
            return
    pytest.fail(f"in each of {_TRIES} pairs of runs, other writes were replaced")


def test_two_processes_write_what_one_writes(order_table: OrderTable, tmp_path: Path) -> None:
    load = ("--rps", "100", "--duration", "3", "--seed", "11", "--keys", "uniform:rest=1500ms")
    assert_the_same_is_written(order_table, tmp_path, *load, by=("--processes", "2"))
    report = reports.load(tmp_path / "report.json")
    assert report.generator.segments == 2
    assert report.counts.planned == report.counts.acked == 300
    assert sum(decode(report.latency["intended"].histogram).values()) == 300


def test_the_ledger_of_two_processes_has_a_line_a_write(order_table: OrderTable, tmp_path: Path) -> None:
    ledger = tmp_path / "run.ledger"
    load = ("--rps", "100", "--duration", "1", "--processes", "2", "--ledger", str(ledger), "--quiet")
    assert main([*load, *options(order_table, tmp_path)]) == 0
    assert len(list(read_ledger(ledger))) == 100


def test_a_batched_run_leaves_the_same_orders(order_table: OrderTable, tmp_path: Path) -> None:
    load = ("--rps", "100", "--duration", "3", "--seed", "12", "--keys", "uniform:rest=1500ms")
    assert_the_same_is_written(order_table, tmp_path, *load, by=("--batch", "25", "--batch-wait", "50ms"))
    counts = reports.load(tmp_path / "report.json").counts
    assert counts.planned == counts.acked == 300
    assert counts.requests < 150


def workers_of(parent: int) -> Iterator[int]:
    for directory in Path("/proc").iterdir():
        if directory.name.isdecimal():
            try:
                fields = (directory / "stat").read_text().rpartition(")")[2].split()
                command = (directory / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == parent and b"loadgen.distributed.worker" in command:
                yield int(directory.name)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
def test_a_worker_that_dies_is_reported_and_its_numbers_are_left_out(order_table: OrderTable, tmp_path: Path) -> None:
    arguments = ["--rps", "60", "--duration", "4", "--processes", "2", *options(order_table, tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "loadgen", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        process.stderr.readline()
        assert '"second":0' in process.stderr.readline()
        os.kill(next(workers_of(process.pid)), signal.SIGKILL)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 3
    assert "was lost and is not in these numbers: its process was ended by signal 9" in out
    report = reports.load(tmp_path / "report.json")
    assert len(report.lost) == 1
    assert 0 < report.counts.acked < 200
    assert report.counts.planned == 240
    assert sum(second["acked"] for second in report.series) == report.counts.acked


def test_a_worker_that_ends_before_the_start_is_one_sentence(
    order_table: OrderTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert main(["--rps", "50", "--processes", "2", "--quiet", *options(order_table, tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == "The run has not started: a worker is gone, and its process ended with exit code 1; run it again.\n"


def test_a_count_ends_the_run(order_table: OrderTable, tmp_path: Path) -> None:
    assert main(["--rps", "100", "--count", "37", "--quiet", *options(order_table, tmp_path)]) == 0
    assert main(["--rps", "100", "--count", "37", "--profile", "poisson", *options(order_table, tmp_path)]) == 0
    counts = reports.load(tmp_path / "report.json").counts
    assert counts.planned == counts.acked == 37


def test_the_brake_stops_before_more_write_units_are_used(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load = ["--rps", "100", "--duration", "1m", "--item-size", "2KB", "--max-write-units", "51", "--price", "1.25"]
    assert main([*load, "--quiet", *options(order_table, tmp_path)]) == 0
    report = reports.load(tmp_path / "report.json")
    assert report.limit_reached
    assert report.counts.acked == 25
    assert report.counts.write_units == 50
    assert report.cost is not None
    assert report.cost.after == pytest.approx(50 * 1.25e-6)
    assert "the limit of write units was reached" in capsys.readouterr().out


def test_a_threshold_that_fails_is_the_exit_code(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    load = ["--rps", "50", "--duration", "1", "--quiet", "--html", str(page), "--threshold", "acked==50"]
    assert main([*load, *options(order_table, tmp_path)]) == 0
    assert main([*load, "--threshold", "service_p50<0.001ms", *options(order_table, tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "holds  acked==50" in out
    assert "FAILS  service_p50<0.001ms" in out
    assert page.read_text().startswith("<!doctype html>")


def test_a_table_with_another_key_is_refused(
    order_table: OrderTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{order_table.name}-other"
    order_table.client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    assert main(["--rps", "50", *options(order_table._replace(name=name), tmp_path)]) == 2
    assert f"Table '{name}' has the key id" in capsys.readouterr().err
    assert main(["--rps", "50", *options(order_table._replace(name="absent"), tmp_path)]) == 2
    assert "There is no table 'absent'" in capsys.readouterr().err
