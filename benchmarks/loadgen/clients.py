"""The measured clients, each a process that writes as fast as possible.

    python -m benchmarks.loadgen.clients NAME --url URL --seconds 5

Every client keeps CONCURRENCY requests in flight, signs them, and puts orders of about 1 KB, each with its own key.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, cast

from benchmarks.loadgen.clock import Measured, say


class Client(NamedTuple):
    """A client's module and function, imported only when it is measured."""

    module: str
    function: str

    @property
    def ours(self) -> bool:
        """Whether it is the load generator."""
        return self.module == "ours"


CLIENTS = {
    "boto3 threads": Client("peers", "boto3_threads"),
    "locust boto3": Client("locust_users", "boto3"),
    "aioboto3 table": Client("peers", "aioboto3_table"),
    "aioboto3 client": Client("peers", "aioboto3_client"),
    "aioboto3 tuned": Client("peers", "aioboto3_tuned"),
    "aiodynamo": Client("peers", "aiodynamo"),
    "loadgen aioboto3": Client("ours", "reference"),
    "loadgen whole": Client("ours", "whole"),
    "loadgen whole, batches of 25": Client("ours", "whole_batched"),
    "loadgen fast": Client("ours", "fast"),
    "loadgen fast, batches of 25": Client("ours", "fast_batched"),
    "floor": Client("floor", "single"),
    "floor, batches of 25": Client("floor", "batched"),
}


def main() -> None:
    """Measure one client."""
    parser = argparse.ArgumentParser(description="Write as fast as one client can.")
    parser.add_argument("name", choices=CLIENTS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    module, function = CLIENTS[arguments.name]
    run = cast("Callable[[str, float], Measured]", getattr(import_module(f"benchmarks.loadgen.{module}"), function))
    say(json.dumps(run(arguments.url, arguments.seconds)._asdict()))


if __name__ == "__main__":
    main()
