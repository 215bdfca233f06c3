"""The server's metrics: its own counts and the workers' reports, stored in memory and on disk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from sandbox.front.counting.buckets import DAY_S, sizes_of_buckets
from sandbox.front.counting.queues import sizes_of_queues
from sandbox.front.reply import HttpReply, Request
from sandbox.monitoring.metric_file import MetricFile
from sandbox.monitoring.recorder import RECORDER, Published
from sandbox.monitoring.store import MINUTE_S, MetricStore
from sandbox.state import StateDir

log = logging.getLogger(__name__)

EVERY_S = 1.0
_QUEUES_EVERY_S = 5.0
_MAX_FILE_BYTES = 32 << 20
_OK = HttpReply(200, [("content-type", "application/json")], b"{}")
_decoder = msgspec.msgpack.Decoder(list[Published])


class Monitoring:
    """The metrics of the server. A process has at most one open at a time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.store = MetricStore(clock)
        self._clock = clock
        self._file: MetricFile | None = None
        self._unsaved = MetricStore(clock)
        self._saved_s = clock()
        self._queues_s = 0.0
        self._day_s = 0

    def open(self, state: StateDir) -> None:
        """Load the metrics that a state directory has."""
        self.store = MetricStore(self._clock)
        self._unsaved = MetricStore(self._clock)
        self._file = MetricFile(state.path / "metrics")
        self.store.restore(self._file.read())
        self.store.thin_out(self._clock())
        self._file.replace(self.store.everything())

    def receive(self, request: Request) -> HttpReply:
        """Add the metrics that a worker reports."""
        try:
            self.add(_decoder.decode(request.body))
        except msgspec.MsgspecError as error:
            body = msgspec.json.encode({"message": f"The metrics are invalid: {error}."})
            return HttpReply(400, [("content-type", "application/json")], body)
        return _OK

    def add(self, published: Sequence[Published]) -> None:
        """Add samples, which are persisted within a minute."""
        self.store.add(published)
        self._unsaved.add(published)

    def put(self, published: Sequence[Published], resolution_s: int) -> None:
        """Add samples, which are persisted when this returns."""
        self.store.add(published, resolution_s)
        if self._file is not None:
            self._file.append(self._in_period(each, resolution_s) for each in published)

    def _in_period(self, published: Published, resolution_s: int) -> Published:
        at_s = int(self._clock()) if published.at_s is None else published.at_s
        return msgspec.structs.replace(published, at_s=at_s - at_s % resolution_s)

    def collect(self) -> None:
        """Add the counts since the last call."""
        now_s = self._clock()
        counted = RECORDER.take()
        if RECORDER.on and now_s - self._queues_s >= _QUEUES_EVERY_S:
            self._queues_s = now_s
            counted += sizes_of_queues(now_s)
        if RECORDER.on and now_s - self._day_s >= DAY_S:
            self._day_s = int(now_s) // DAY_S * DAY_S
            counted += [each for each in sizes_of_buckets(self._day_s) if not self._has(each)]
        if counted:
            self.add(counted)
        if now_s - self._saved_s >= MINUTE_S:
            self.save()

    def _has(self, published: Published) -> bool:
        """Return whether a previous server has already recorded this metric at this time."""
        at_s = published.at_s or 0
        found = self.store.periods(published.region, published.metric, at_s, at_s + MINUTE_S, MINUTE_S, None)
        return bool(found)

    def save(self) -> None:
        """Write the samples that are not yet persisted."""
        self._saved_s = self._clock()
        if self._file is None:
            return
        self._file.append(self._unsaved.everything())
        self._unsaved = MetricStore(self._clock)
        if self._file.size > _MAX_FILE_BYTES:
            self.store.thin_out(self._clock())
            self._file.replace(self.store.everything())

    def close(self) -> None:
        """Write all samples and close the file."""
        self.collect()
        self.save()
        self._file = None


MONITORING = Monitoring()
"""The metrics of this process."""


async def keep_counting(evaluate: Callable[[], None]) -> None:
    """Collect the counts and evaluate alarms at an interval, until cancelled; no alarms while counting is disabled."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            MONITORING.collect()
            if RECORDER.on:
                evaluate()
        except Exception:
            log.exception("metrics or alarms failed")
