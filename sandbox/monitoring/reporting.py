"""The transfer of a worker's counts to the server: a call once a second.

PutMetricData refuses AWS's namespaces, so the server receives the counts at a path that no AWS client uses.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

import msgspec

from sandbox.awsjson import CallError, HttpClient
from sandbox.monitoring.recorder import RECORDER, Published, Recorder

log = logging.getLogger(__name__)

PATH = "/_sandbox/metrics"
EVERY_S = 1.0
_MAX_WAITING = 20_000
_encode = msgspec.msgpack.Encoder().encode


class MetricReporter:
    """Sends the counts of a process from a separate thread, while its context is entered."""

    def __init__(self, endpoint_url: str, recorder: Recorder = RECORDER) -> None:
        self._http = HttpClient(endpoint_url, timeout_s=5.0)
        self._recorder = recorder
        self._waiting: list[Published] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.send()
        self._http.close()

    def send(self) -> None:
        """Send the counts; if the server does not respond, the newest of them are sent next time."""
        self._waiting += self._recorder.take()
        if not self._waiting:
            return
        del self._waiting[:-_MAX_WAITING]
        try:
            if self._http.request("POST", PATH, _encode(self._waiting)).status == 200:
                self._waiting.clear()
        except CallError as error:
            log.debug("metrics are not sent: %s", error)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.send()
