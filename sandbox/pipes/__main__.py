"""`python -m sandbox.pipes --endpoint-url URL --state-dir DIR`."""

from __future__ import annotations

from sandbox.pipes.worker import PipesWorker
from sandbox.state import Stop, worker_arguments


def main() -> None:
    """Run the worker until SIGTERM."""
    stop = Stop()
    endpoint_url, state = worker_arguments()
    PipesWorker(endpoint_url, state).run(stop)


if __name__ == "__main__":
    main()
