"""`python -m sandbox.crawlers --endpoint-url URL --state-dir DIR`: runs Glue crawlers and state machines.

It serves StartCrawler on run/crawlers.sock, and the calls about executions on run/states.sock.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.athena.objects import Objects
from sandbox.crawlers.crawl import crawl
from sandbox.crawlers.service import Crawlers
from sandbox.garbage import collect_rarely
from sandbox.http1.service import UnixService
from sandbox.monitoring.reporting import MetricReporter
from sandbox.state import StateDir, StopSignal, WorkerStatus, client, worker_arguments
from sandbox.states.worker import StatesWorker

_log = logging.getLogger(__name__)
_TICK_S = 1.0
_END_S = 10.0


def main() -> None:
    """Serve and run the schedules until SIGTERM or SIGINT."""
    endpoint_url, state = worker_arguments()
    with MetricReporter(endpoint_url):
        asyncio.run(serve(endpoint_url, state, StopSignal()))


async def serve(endpoint_url: str, state: StateDir, stop: StopSignal) -> None:
    """Serve on the state directory's crawlers.sock until the stop is requested."""
    glue, objects = client("glue", endpoint_url), Objects(client("s3", endpoint_url))
    crawlers = Crawlers(glue, lambda definition: crawl(definition, glue, objects))
    states = await asyncio.to_thread(StatesWorker, endpoint_url, state)
    await asyncio.to_thread(crawlers.recover)
    http = UnixService(crawlers.answer)
    socket = state.socket("crawlers")
    socket.unlink(missing_ok=True)
    await http.start(socket)
    collect_rarely()
    status = WorkerStatus(state, "crawlers", crawlers.counts)
    _log.info("serving on %s", socket)
    try:
        async with states.served():
            while not await asyncio.to_thread(stop.wait, _TICK_S):
                status.counters.update(crawlers.counts)
                status.tick()
                await asyncio.to_thread(_start_due, crawlers)
                await asyncio.to_thread(states.start_due)
    finally:
        await http.close()
        socket.unlink(missing_ok=True)
        await asyncio.to_thread(crawlers.join, _END_S)


def _start_due(crawlers: Crawlers) -> None:
    try:
        crawlers.start_due(datetime.now(UTC).replace(tzinfo=None))
    except (BotoCoreError, ClientError) as error:
        _log.warning("the crawlers' schedules could not be checked: %s", error)


if __name__ == "__main__":
    main()
