"""`python -m sandbox.firehose --endpoint-url URL --state-dir DIR`."""

from __future__ import annotations

from sandbox.faults.points import watch
from sandbox.firehose.worker import DeliveryStreams
from sandbox.garbage import collect_rarely
from sandbox.monitoring.reporting import MetricReporter
from sandbox.revision import RevisionClient
from sandbox.state import StopSignal, worker_arguments
from sandbox.supervisor import Supervisor
from sandbox.unread import UnreadClient


def main() -> None:
    """Run the worker until SIGTERM."""
    stop = StopSignal()
    endpoint_url, state = worker_arguments()
    watch(state, "firehose", endpoint_url)
    unread, revision = UnreadClient(endpoint_url), RevisionClient(endpoint_url, "firehose")
    supervisor = Supervisor(DeliveryStreams(endpoint_url, state), "firehose", state, unread, revision.ask)
    collect_rarely()
    with MetricReporter(endpoint_url):
        supervisor.run(stop)


if __name__ == "__main__":
    main()
