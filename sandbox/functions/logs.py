"""The output of functions, sent to their log groups in CloudWatch Logs."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from msgspec import Struct

from sandbox.awsjson import AwsJson, CallError, RemoteError

log = logging.getLogger(__name__)

TAIL_BYTES = 4096
"""Invoke's LogResult is the last 4 KB."""
_INTERVAL_S = 1.0
_EVENTS_A_CALL = 5_000
_KEPT_EVENTS = 100_000


class _Event(Struct, frozen=True):
    timestamp: int
    message: str


class LogSink:
    """Sends log events once per second from its own thread; one per region."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        self._client = AwsJson(endpoint_url, "logs", region)
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, str], list[_Event]] = {}
        self._made: set[tuple[str, str]] = set()
        self._stop = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def put(self, group: str, stream: str, lines: list[str]) -> None:
        """Queue lines. While CloudWatch does not accept them, the oldest are dropped."""
        now_ms = int(time.time() * 1000)
        with self._lock:
            events = self._pending.setdefault((group, stream), [])
            events += [_Event(now_ms, line) for line in lines]
            del events[:-_KEPT_EVENTS]

    def close(self) -> None:
        """Send the remaining lines and end."""
        self._stop.set()
        self._thread.join()
        self.send()
        self._client.close()

    def send(self) -> None:
        """Send what is pending."""
        with self._lock:
            pending, self._pending = self._pending, {}
        for (group, stream), events in pending.items():
            try:
                self._send(group, stream, events)
            except CallError as error:
                if not self._failing:
                    log.warning("log events are not sent to CloudWatch Logs: %s", error)
                self._failing = True
                with self._lock:
                    newer = self._pending.get((group, stream), [])
                    self._pending[group, stream] = (events + newer)[-_KEPT_EVENTS:]
                return
        self._failing = False

    def _send(self, group: str, stream: str, events: list[_Event]) -> None:
        if (group, stream) not in self._made:
            self._make("CreateLogGroup", {"logGroupName": group})
            self._make("CreateLogStream", {"logGroupName": group, "logStreamName": stream})
            self._made.add((group, stream))
        while events:
            request = {"logGroupName": group, "logStreamName": stream, "logEvents": events[:_EVENTS_A_CALL]}
            self._client.call("PutLogEvents", request, dict[str, Any])
            del events[:_EVENTS_A_CALL]

    def _make(self, operation: str, request: dict[str, str]) -> None:
        try:
            self._client.call(operation, request, dict[str, Any])
        except RemoteError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL_S):
            self.send()


class InvocationLog:
    """The log of one environment, sent line by line to its stream, and the tail of the current invocation."""

    def __init__(self, sink: LogSink, group: str, stream: str) -> None:
        self._sink = sink
        self._group = group
        self._stream = stream
        self._rest = b""
        self._tail = b""

    def begin(self) -> None:
        """Start an invocation with an empty tail."""
        self._tail = b""

    def write(self, data: bytes) -> None:
        """Add output. The runtime joins the lines of one message with carriage returns."""
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        *lines, self._rest = (self._rest + data).split(b"\n")
        messages = [line.decode(errors="replace").replace("\r", "\n") for line in lines if line]
        if messages:
            self._sink.put(self._group, self._stream, messages)

    def tail(self) -> bytes:
        """The last 4 KB of the invocation's output."""
        return self._tail
