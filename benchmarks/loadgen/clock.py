"""The timing of a client, the same for all, reported to the measuring process.

A client is a process that prints a line when its time starts, one when it ends, and finally its `Measured` as JSON.
This module imports little, because Locust must patch the standard library first.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

from loadgen.engine import memory

CONCURRENCY = 64
BEGIN, END = "begin", "end"
_WARM_UP_S = 0.5


class Measured(NamedTuple):
    """A client's result, in wall and processor seconds."""

    requests: int
    items: int
    seconds: float
    cpu_s: float


class Clock:
    """Counts requests for a time after a warm-up."""

    def __init__(self, seconds: float) -> None:
        self.requests = 0
        self._seconds = seconds
        self._cpu_s = self._begin_s = 0.0
        self._begun = False
        # As in the load generator's processes; a full collection during the measurement would disturb any client.
        memory.tune()
        self._until_s = time.perf_counter() + _WARM_UP_S

    def begin(self) -> None:
        """Count from now on."""
        self._begun = True
        say(BEGIN)
        self.requests = 0
        self._cpu_s = time.process_time()
        self._begin_s = time.perf_counter()
        self._until_s = self._begin_s + self._seconds

    def over(self) -> bool:
        """Count a request; returns whether the time has expired."""
        self.requests += 1
        if time.perf_counter() < self._until_s:
            return False
        if self._begun:
            return True
        self.begin()
        return False

    def measured(self, items_each: int = 1) -> Measured:
        """All that was counted."""
        seconds, cpu_s = time.perf_counter() - self._begin_s, time.process_time() - self._cpu_s
        say(END)
        return Measured(self.requests, self.requests * items_each, seconds, cpu_s)


def say(line: str) -> None:
    """Report to the measuring process."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
