"""`python -m sandbox.athena --endpoint-url URL --state-dir DIR`: Athena's query calls on run/athena.sock."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from sandbox.athena.calls import QueryCalls
from sandbox.athena.catalogue import GlueCatalogue
from sandbox.athena.commands import AthenaEngine, Commands
from sandbox.athena.commands.prepared import Prepared
from sandbox.athena.executions import Executions
from sandbox.athena.iceberg import Iceberg
from sandbox.athena.metadata import MetadataCalls
from sandbox.athena.objects import Objects
from sandbox.athena.partitions import Finder
from sandbox.athena.runner import Runner
from sandbox.athena.service import Service
from sandbox.athena.store import RowStore
from sandbox.athena.workgroups import Workgroups
from sandbox.garbage import collect_rarely
from sandbox.http1.service import UnixService
from sandbox.monitoring.reporting import MetricReporter
from sandbox.state import ACCESS_KEY, SECRET_KEY, StateDir, StopSignal, WorkerStatus, client, region, worker_arguments

_log = logging.getLogger(__name__)
_QUERY_TIMEOUT_S = 300.0


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    endpoint_url, state = worker_arguments()
    with MetricReporter(endpoint_url):
        asyncio.run(serve(endpoint_url, state, StopSignal()))


async def serve(endpoint_url: str, state: StateDir, stop: StopSignal) -> None:
    """Serve on the state directory's athena.sock until the stop is requested."""
    objects = Objects(client("s3", endpoint_url))
    catalogue = GlueCatalogue(client("glue", endpoint_url), Iceberg(_iceberg_settings(endpoint_url)))
    directory = state.path / "athena"
    store = RowStore(directory / "lake.duckdb", objects)
    runner = Runner(catalogue, store, Finder(catalogue, objects, _now))
    athena = client("athena", endpoint_url)
    commands = Commands(AthenaEngine(catalogue, objects, runner), Prepared(athena))
    executions = Executions(directory / "results", commands, objects.write, _QUERY_TIMEOUT_S)
    service = Service(QueryCalls(executions, Workgroups(athena)).calls | MetadataCalls(catalogue).calls)
    http = UnixService(service.answer)
    socket = state.socket("athena")
    socket.unlink(missing_ok=True)
    await http.start(socket)
    collect_rarely()
    status = WorkerStatus(state, "athena", executions.counts)
    _log.info("serving on %s", socket)
    try:
        await _until_stopped(stop, status, executions)
    finally:
        await http.close()
        socket.unlink(missing_ok=True)
        await asyncio.to_thread(executions.close)
        store.close()


async def _until_stopped(stop: StopSignal, status: WorkerStatus, executions: Executions) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(stop.fileno(), stopped.set)
    try:
        while not stopped.is_set():
            try:
                await asyncio.wait_for(stopped.wait(), 1.0)
            except TimeoutError:
                status.counters.update(executions.counts)
                status.tick()
    finally:
        loop.remove_reader(stop.fileno())


def _iceberg_settings(endpoint_url: str) -> dict[str, str]:
    """pyiceberg's settings for the endpoint: https://py.iceberg.apache.org/configuration/."""
    keys = {"access-key-id": ACCESS_KEY, "secret-access-key": SECRET_KEY, "endpoint": endpoint_url, "region": region()}
    return {f"{service}.{name}": value for service in ("glue", "s3") for name, value in keys.items()}


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


if __name__ == "__main__":
    main()
