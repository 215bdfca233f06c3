"""`python -m sandbox.firehose --endpoint-url URL --state-dir DIR`."""

from __future__ import annotations

from sandbox.firehose.worker import DeliveryStreams
from sandbox.state import Stop, worker_arguments
from sandbox.supervisor import Supervisor


def main() -> None:
    """Run the worker until SIGTERM."""
    stop = Stop()
    endpoint_url, state = worker_arguments()
    Supervisor(DeliveryStreams(endpoint_url, state), "firehose", state).run(stop)


if __name__ == "__main__":
    main()
