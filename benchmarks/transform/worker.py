"""One contender in a separate process; it runs a round for each command.

    python -m benchmarks.transform.worker NAME

It writes one line of JSON when it is ready (its losses, or why it cannot run), then one for each line that it reads:
the reply to {"records", "bytes", "seconds"} has the minimum and the median time for one batch, and the median processor
time, in nanoseconds.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from typing import Any

from benchmarks.transform.contenders import CONTENDERS, Handler
from benchmarks.transform.exactness import losses
from benchmarks.transform.workload import batch

_MIN_BATCHES = 5


def main() -> int:
    """Run the process."""
    contender = CONTENDERS[sys.argv[1]]
    try:
        handler = contender.load()
        ready: dict[str, Any] = {"losses": losses(handler) if contender.does_all else None}
    except Exception as error:
        _say({"missing": f"{type(error).__name__}: {error}"})
        return 1
    _say(ready)
    batches: dict[tuple[int, int], dict[str, Any]] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        key = asked["records"], asked["bytes"]
        if key not in batches:
            batches[key] = batch(*key)
        _say(_round(handler, batches[key], asked["seconds"]))
    return 0


def _round(handler: Handler, event: dict[str, Any], seconds: float) -> dict[str, float]:
    times: list[int] = []
    processor: list[int] = []
    gc.collect()
    deadline = time.monotonic() + seconds
    while len(times) < _MIN_BATCHES or time.monotonic() < deadline:
        used, started = time.process_time_ns(), time.perf_counter_ns()
        handler(event)
        times.append(time.perf_counter_ns() - started)
        processor.append(time.process_time_ns() - used)
    return {"least": min(times), "median": statistics.median(times), "processor": statistics.median(processor)}


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
