"""The faults of the processes beside the server: named points at which they can crash, and Lambda functions.

A process checks the server's file of faults, which exists only while a fault is on, and queries the server only if a
fault in it concerns the process.
"""

from __future__ import annotations

import logging
import os
import signal
import threading

import msgspec

from sandbox.awsjson import CallError, HttpClient, authorization
from sandbox.faults.active_file import FILE, Saved
from sandbox.faults.fault import Active, Fault
from sandbox.faults.strikes import STRIKE_PATH, Strike
from sandbox.state import StateDir, region

log = logging.getLogger(__name__)


class ProcessFaults:
    """The faults that concern one process. Thread-safe."""

    def __init__(self, state: StateDir, process: str, endpoint_url: str) -> None:
        self._path = state.path / FILE
        self._process = process
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._version = 0
        self._faults: list[Active] = []

    def reach(self, point: str) -> None:
        """Crash if a fault crashes this process at this point."""
        if self.struck("crash", self._process, point=point):
            log.warning("fault: crash at %s", point)
            os.kill(os.getpid(), signal.SIGKILL)

    def struck(self, kind: str, service: str, operation: str = "", **parameters: str) -> Fault | None:
        """The fault of a kind that strikes an operation now; None if no fault does."""
        asked = Strike(kind, service, operation, parameters)
        return self._strikes(asked) if self._concerns(asked) else None

    def _concerns(self, asked: Strike) -> bool:
        try:
            version = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        with self._lock:
            if version != self._version:
                self._faults, self._version = self._read(), version
            faults = self._faults
        return any(
            each.on
            and each.fault.kind == asked.kind
            and each.fault.service == asked.service
            and all(each.fault.parameters.get(name) in (None, "", value) for name, value in asked.parameters.items())
            for each in faults
        )

    def _read(self) -> list[Active]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Saved).faults
        except FileNotFoundError:
            return []

    def _strikes(self, asked: Strike) -> Fault | None:
        http = HttpClient(self._endpoint_url, timeout_s=10.0)
        headers = {"Authorization": authorization(region(), "sandbox"), "Content-Type": "application/json"}
        try:
            response = http.request("POST", STRIKE_PATH, msgspec.json.encode(asked), headers)
            return msgspec.json.decode(response.body, type=_Answer).fault
        except (CallError, msgspec.DecodeError) as error:
            log.warning("the server does not report whether a fault strikes: %s", error)
            return None
        finally:
            http.close()


class _Answer(msgspec.Struct):
    fault: Fault | None = None


class Points:
    """The points of this process; without a watch they have no effect."""

    watch: ProcessFaults | None = None

    def reach(self, point: str) -> None:
        """Pass a point, or crash there."""
        if self.watch is not None:
            self.watch.reach(point)


POINTS = Points()


def watch(state: StateDir, process: str, endpoint_url: str) -> ProcessFaults:
    """Apply the faults of this process from now on."""
    POINTS.watch = ProcessFaults(state, process, endpoint_url)
    return POINTS.watch
