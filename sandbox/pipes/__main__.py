"""`python -m sandbox.pipes --endpoint-url URL --state-dir DIR`."""

from __future__ import annotations

from sandbox.faults.points import watch
from sandbox.garbage import collect_rarely
from sandbox.monitoring.reporting import MetricReporter
from sandbox.pipes.worker import Pipes
from sandbox.revision import RevisionClient
from sandbox.state import StopSignal, worker_arguments
from sandbox.supervisor import Supervisor
from sandbox.unread import UnreadClient


def main() -> None:
    """Run the worker until SIGTERM."""
    stop = StopSignal()
    endpoint_url, state = worker_arguments()
    watch(state, "pipes", endpoint_url)
    unread, revision = UnreadClient(endpoint_url), RevisionClient(endpoint_url, "pipes")
    supervisor = Supervisor(Pipes(endpoint_url, state), "pipes", state, unread, revision.ask)
    collect_rarely()
    with MetricReporter(endpoint_url):
        supervisor.run(stop)


if __name__ == "__main__":
    main()
