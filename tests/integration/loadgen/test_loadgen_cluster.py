"""Runs on a real Dask cluster of several worker processes, which the lake uses too."""

import importlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from lake.__main__ import main as lake
from lake.cluster import ClusterWorkers
from lake.fingerprints import BUCKETS, Fingerprints
from lake.inventory import Inventory
from lake.items import Items
from lake.parts import PartedDigests
from loadgen.cli import main
from loadgen.distributed.cluster import Cluster
from loadgen.report import report as reports
from loadgen.report.report import RunReport
from stack import StackOutputs, UserError
from tests.conftest import free_port
from tests.integration.loadgen.order_table import CREDENTIALS, REGION, OrderTable
from transform.schema import TABLE

WORKERS = 2
_START_TIMEOUT_S = 90


class DaskCluster(NamedTuple):
    """A scheduler, and a process of the workers' nannies."""

    address: str
    scheduler: "subprocess.Popen[bytes]"
    client: Any


def start(directory: Path, module: str, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *options]
    # The nannies' workers are forks of one process that has imported Dask, which takes 0.6 s.
    environment = os.environ | {"DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver"}
    return subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def ports() -> tuple[str, str]:
    """Return the option that gives the workers free ports that follow each other."""
    while True:
        first = free_port()
        with suppress(OSError), ExitStack() as held:
            for port in range(first, first + WORKERS):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return "--worker-port", f"{first}:{first + WORKERS - 1}"


@contextmanager
def dask(directory: Path) -> Generator[DaskCluster]:
    """Workers that start in a separate directory, so that they get this package only from the coordinator.

    Each has a nanny, which starts it again, and a fixed port, so that it then has the address that it had.
    """
    distributed: Any = importlib.import_module("distributed")
    file = directory / "scheduler.json"
    place = ("--scheduler-file", str(file))
    processes = [start(directory, "dask_scheduler", "--host", "127.0.0.1", "--port", "0", *place)]
    worker = ("--nthreads", "1", "--host", "127.0.0.1", "--death-timeout", "60", *place)
    try:
        processes.append(start(directory, "dask_worker", "--nworkers", str(WORKERS), *ports(), *worker))
        with distributed.Client(scheduler_file=str(file), timeout=_START_TIMEOUT_S, set_as_default=False) as client:
            client.wait_for_workers(WORKERS, timeout=_START_TIMEOUT_S)
            yield DaskCluster(msgspec.json.decode(file.read_bytes())["address"], processes[0], client)
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], DaskCluster]]:
    """The module's cluster: a new one when a test has killed the scheduler of the last."""
    with ExitStack() as stack:
        made: list[DaskCluster] = []

        def whole() -> DaskCluster:
            if not made or made[-1].scheduler.poll() is not None:
                made.append(stack.enter_context(dask(tmp_path_factory.mktemp("dask"))))
            return made[-1]

        yield whole


@pytest.fixture
def dask_cluster(clusters: Callable[[], DaskCluster]) -> DaskCluster:
    return clusters()


def options(table: OrderTable, directory: Path, address: str, *more: str) -> list[str]:
    return [
        *("--table", table.name, "--endpoint-url", table.endpoint_url, "--region", REGION, "--cluster", address),
        *("--report", str(directory / "report.json"), *more),
    ]


def bundles(cluster: DaskCluster) -> list[str]:
    """Return the names under which this package is registered for new workers."""

    def registered(dask_scheduler: Any) -> list[str]:
        return list(dask_scheduler.worker_plugins)

    return [name for name in cluster.client.run_on_scheduler(registered) if name.startswith("loadgen_")]


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
    # A new worker carries out all registered uploads concurrently: a file registered twice may be half written.
    assert len(bundles(dask_cluster)) == 1


def test_the_workers_digest_a_table_as_lake_verify_does(order_table: OrderTable, dask_cluster: DaskCluster) -> None:
    for number in range(60):
        order_table.client.put_item(
            TableName=order_table.name, Item={"order_id": {"S": f"order-{number}"}, "version": {"N": str(number)}}
        )
    outputs = StackOutputs(
        origin="the test", region=REGION, endpoint_url=order_table.endpoint_url, table_name=order_table.name
    )
    here = Inventory(Fingerprints(TABLE))
    for page in Items(order_table.client, order_table.name, TABLE).pages():
        here.add(page)
    far = PartedDigests(outputs, TABLE, BUCKETS, partial(ClusterWorkers, dask_cluster.address), files=False)
    far.read(lambda _: None)
    assert far.items == 60
    assert [far.rows(bucket) for bucket in range(BUCKETS)] == [here.rows(bucket) for bucket in range(BUCKETS)]
    assert [far.images(bucket) for bucket in range(BUCKETS)] == [here.images(bucket) for bucket in range(BUCKETS)]
    assert sorted(far.entries(range(BUCKETS))) == sorted(here.entries(range(BUCKETS)))
    here.close()
    gone = replace(outputs, table_name="nothing")
    with pytest.raises(UserError, match="no DynamoDB table 'nothing'"):
        PartedDigests(gone, TABLE, BUCKETS, partial(ClusterWorkers, dask_cluster.address), files=False).read(print)


def test_a_cluster_that_is_none_is_told_before_lake_verify_waits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing listens at the port, so that a longer wait tells no more.
    waits = ClusterWorkers.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(waits, "connect_timeout_s", 0.5)
    known = ["--table", "t", "--workgroup", "w", "--database", "d", "--region", REGION]
    known += ["--endpoint-url", "http://127.0.0.1:9"]
    for address, said in (("nowhere", "is not an address"), (f"127.0.0.1:{free_port()}", "No Dask scheduler answers")):
        assert lake(["verify", *known, "--cluster", address]) == 2
        assert said in capsys.readouterr().err
    assert lake(["verify", *known, "--cluster", "127.0.0.1:1", "--since", "2h"]) == 2
    assert "leave out one of them" in capsys.readouterr().err


def kill_a_worker(cluster: DaskCluster) -> None:
    os.kill(min(cluster.client.run(os.getpid).values()), signal.SIGKILL)


def restart_the_workers(cluster: DaskCluster) -> None:
    cluster.client.restart(wait_for_workers=False)


def retire_a_worker(cluster: DaskCluster) -> None:
    cluster.client.retire_workers([min(cluster.client.scheduler_info()["workers"])])


def kill_the_scheduler(cluster: DaskCluster) -> None:
    cluster.scheduler.kill()


def writes_by_key(table: OrderTable) -> Counter[str]:
    """Return the number of writes of each key, by the table's stream."""
    boto3: Any = importlib.import_module("boto3")
    streams = boto3.client("dynamodbstreams", endpoint_url=table.endpoint_url, region_name=REGION, **CREDENTIALS)
    arn = table.client.describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
    found: Counter[str] = Counter()
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(**place)["ShardIterator"]
        while records := (reply := streams.get_records(ShardIterator=iterator))["Records"]:
            found.update(record["dynamodb"]["Keys"]["order_id"]["S"] for record in records)
            iterator = reply["NextShardIterator"]
    streams.close()
    return found


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


# In this order: a nanny does not restart a retired worker, and without a scheduler there is no cluster.
DISTURBANCES: tuple[tuple[Callable[[DaskCluster], None], int, int, str], ...] = (
    (kill_a_worker, 2, 1, r"worker \S+ (is gone|did not send its result)"),
    (restart_the_workers, 2, 2, r"worker"),
    (retire_a_worker, 2, 1, r"worker \S+ is gone"),
    (kill_the_scheduler, 1, 1, r"the scheduler at \S+ is gone"),
)


@pytest.mark.destroys
def test_whatever_makes_dask_run_a_task_again_no_write_is_sent_twice(
    order_table: OrderTable, dask_cluster: DaskCluster, tmp_path: Path
) -> None:
    order_table.client.update_table(
        TableName=order_table.name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    )
    before: Counter[str] = Counter()
    for disturb, workers, lost, reason in DISTURBANCES:
        dask_cluster.client.wait_for_workers(workers, timeout=_START_TIMEOUT_S)
        report = disturbed_run(order_table, dask_cluster, tmp_path, disturb, len(before))
        assert len(report.lost) == lost
        assert all(re.search(reason, segment.reason) for segment in report.lost)
        assert report.counts.acked == 240 * (workers - lost) // workers
        everything = writes_by_key(order_table)
        written, before = everything - before, everything
        assert max(written.values()) == max(everything.values()) == 1
        assert report.counts.acked <= len(written) <= 240


def disturbed_run(
    order_table: OrderTable, cluster: DaskCluster, directory: Path, disturb: Callable[[DaskCluster], None], written: int
) -> RunReport:
    """Run 240 new orders, and disturb the run when the first of them is in the table."""

    over = threading.Event()

    def wait_and_disturb() -> None:
        while order_table.client.scan(TableName=order_table.name, Select="COUNT")["Count"] <= written:
            if over.wait(0.1):
                return
        disturb(cluster)

    load = ["--rps", "60", "--duration", "4", "--mix", "insert=100", "--quiet"]
    with ThreadPoolExecutor(1) as pool:
        disturber = pool.submit(wait_and_disturb)
        try:
            code = main([*load, *options(order_table, directory, cluster.address)])
        finally:
            over.set()
    disturber.result()
    assert code == 3
    return reports.load(directory / "report.json")
