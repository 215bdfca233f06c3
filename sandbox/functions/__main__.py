"""`python -m sandbox.functions --endpoint-url URL --state-dir DIR`."""

from __future__ import annotations

from sandbox.faults.points import watch
from sandbox.functions.service import FunctionsService
from sandbox.garbage import collect_rarely
from sandbox.monitoring.reporting import MetricReporter
from sandbox.state import StopSignal, worker_arguments


def main() -> None:
    """Serve until SIGTERM."""
    stop = StopSignal()
    endpoint_url, state = worker_arguments()
    watch(state, "functions", endpoint_url)
    service = FunctionsService(endpoint_url, state)
    collect_rarely()
    with MetricReporter(endpoint_url):
        service.run(stop)


if __name__ == "__main__":
    main()
