"""Runs on a real Dask cluster of several worker processes."""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from loadgen.cli import main
from loadgen.distributed.cluster import Cluster
from loadgen.report import report as reports
from stack import UserError
from tests.integration.loadgen.order_table import REGION, OrderTable

WORKERS = 2
_START_TIMEOUT_S = 90


class DaskCluster(NamedTuple):
    """A scheduler and its workers, as processes."""

    address: str
    workers: list["subprocess.Popen[bytes]"]


def start(directory: Path, module: str, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *options]
    return subprocess.Popen(
        command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


@contextmanager
def dask(directory: Path) -> Generator[DaskCluster]:
    """Workers that start in a separate directory, so that they get this package only from the coordinator."""
    distributed: Any = importlib.import_module("distributed")
    file = directory / "scheduler.json"
    place = ("--scheduler-file", str(file))
    processes = [start(directory, "dask_scheduler", "--host", "127.0.0.1", "--port", "0", *place)]
    try:
        workers = [start(directory, "dask_worker", "--nthreads", "1", "--no-nanny", *place) for _ in range(WORKERS)]
        processes += workers
        with distributed.Client(scheduler_file=str(file), timeout=_START_TIMEOUT_S, set_as_default=False) as client:
            client.wait_for_workers(WORKERS, timeout=_START_TIMEOUT_S)
        yield DaskCluster(msgspec.json.decode(file.read_bytes())["address"], workers)
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture
def mortal_cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    """A cluster for a test that kills one of its workers."""
    with dask(tmp_path) as cluster:
        yield cluster


def options(table: OrderTable, directory: Path, address: str, *more: str) -> list[str]:
    return [
        *("--table", table.name, "--endpoint-url", table.endpoint_url, "--region", REGION, "--cluster", address),
        *("--report", str(directory / "report.json"), *more),
    ]


def test_a_cluster_writes_the_plan_and_survives_for_the_next_run(
    order_table: OrderTable, dask_cluster: DaskCluster, tmp_path: Path
) -> None:
    load = ["--rps", "100", "--duration", "2", "--seed", "4", "--quiet"]
    for _ in range(2):
        assert main([*load, *options(order_table, tmp_path, dask_cluster.address)]) == 0
        report = reports.load(tmp_path / "report.json")
        assert report.generator.segments == WORKERS
        assert report.counts.planned == report.counts.acked == report.latency["service"].count == 200
        assert [second["planned"] for second in report.series][:2] == [100, 100]


def test_a_worker_that_dies_is_reported_and_its_segment_is_not_repeated(
    order_table: OrderTable, mortal_cluster: DaskCluster, tmp_path: Path
) -> None:
    arguments = ["--rps", "60", "--duration", "6", *options(order_table, tmp_path, mortal_cluster.address)]
    process = subprocess.Popen(
        [sys.executable, "-m", "loadgen", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        process.stderr.readline()
        assert '"second":0' in process.stderr.readline()
        os.kill(mortal_cluster.workers[0].pid, signal.SIGKILL)
        out, _ = process.communicate(timeout=90)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 3
    assert "was lost and is not in these numbers: worker tcp://127.0.0.1:" in out
    report = reports.load(tmp_path / "report.json")
    assert len(report.lost) == 1
    assert 0 < report.counts.acked < 360
    assert len(order_table.items()) <= 360


def test_ctrl_c_reaches_the_cluster(order_table: OrderTable, dask_cluster: DaskCluster, tmp_path: Path) -> None:
    arguments = ["--rps", "40", "--duration", "10m", *options(order_table, tmp_path, dask_cluster.address)]
    process = subprocess.Popen([sys.executable, "-m", "loadgen", *arguments], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    counts = reports.load(tmp_path / "report.json").counts
    assert counts.acked == counts.sent > 0


async def test_a_missing_scheduler_is_reported() -> None:
    with pytest.raises(UserError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        await Cluster("tcp://127.0.0.1:1", connect_timeout_s=0.2).launch()
