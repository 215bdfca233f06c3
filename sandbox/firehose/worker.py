"""The Firehose process: finds the delivery streams at the endpoint and keeps each that reads Kinesis running."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.firehose.config import StreamConfig, UnsupportedStreamError, parse_stream
from sandbox.firehose.stream import DeliveryStream
from sandbox.state import StateDir, Stop, WorkerStatus, client

log = logging.getLogger(__name__)

LIST_INTERVAL_S = 1.0
STOP_TIMEOUT_S = 15.0
_TOTALS = (
    "records_in",
    "bytes_in",
    "records_out",
    "bytes_out",
    "objects",
    "dropped",
    "processing_failed",
    "conversion_failed",
    "invocation_failures",
    "failed_puts",
    "backlog",
)


class FirehoseWorker:
    """Runs every delivery stream with a Kinesis source, and follows changes of its configuration."""

    def __init__(self, endpoint_url: str, state: StateDir) -> None:
        self._endpoint_url = endpoint_url
        self._state = state
        self._firehose: Any = client("firehose", endpoint_url)
        self._streams: dict[str, DeliveryStream] = {}
        self._unsupported: dict[str, str] = {}
        self._status = WorkerStatus(state, "firehose", self._counters())
        self._failing = False

    def run(self, stop: Stop) -> None:
        """Work until the stop is requested; what had been read is then in S3 and in the checkpoints."""
        while not stop.requested:
            self._follow()
            self._status.counters = self._counters()
            self._status.tick()
            stop.wait(LIST_INTERVAL_S)
        for stream in self._streams.values():
            stream.request_stop()
        for stream in self._streams.values():
            stream.join(STOP_TIMEOUT_S)
        self._status.counters = self._counters()
        self._status.write()

    def _follow(self) -> None:
        try:
            names = self._names()
            for name in names:
                description = self._firehose.describe_delivery_stream(DeliveryStreamName=name)
                self._apply(name, description["DeliveryStreamDescription"])
        except (BotoCoreError, ClientError) as error:
            if not self._failing:
                log.warning("delivery streams cannot be listed: %s", error)
            self._failing = True
            return
        self._failing = False
        for name in (self._streams.keys() | self._unsupported.keys()) - set(names):
            self._end(name, deliver=False)

    def _names(self) -> list[str]:
        names: list[str] = []
        request: dict[str, Any] = {"DeliveryStreamType": "KinesisStreamAsSource"}
        while True:
            page = self._firehose.list_delivery_streams(**request)
            names += page["DeliveryStreamNames"]
            if not page["HasMoreDeliveryStreams"]:
                return names
            request["ExclusiveStartDeliveryStreamName"] = names[-1]

    def _apply(self, name: str, description: dict[str, Any]) -> None:
        try:
            config = parse_stream(description)
        except (UnsupportedStreamError, msgspec.ValidationError) as error:
            if self._unsupported.get(name) != str(error):
                log.error("delivery stream %s does not run: %s", name, error)
            self._end(name, deliver=True)
            self._unsupported[name] = str(error)
            return
        running = self._streams.get(name)
        if running is None or not running.is_alive or running.config != config:
            self._end(name, deliver=running is not None and running.config.identity == config.identity)
            self._start(config)

    def _start(self, config: StreamConfig) -> None:
        self._streams[config.name] = DeliveryStream(config, self._endpoint_url, self._state)
        self._streams[config.name].start()

    def _end(self, name: str, *, deliver: bool) -> None:
        """End a stream; one that is deleted, or made anew under its name, loses what it holds, as on AWS."""
        self._unsupported.pop(name, None)
        stream = self._streams.pop(name, None)
        if stream is not None:
            stream.request_stop(deliver=deliver)
            stream.join(STOP_TIMEOUT_S)

    def _counters(self) -> dict[str, object]:
        streams = {name: stream.status() for name, stream in self._streams.items()}
        return {
            **{key: sum(stream[key] for stream in streams.values()) for key in _TOTALS},
            "lag_ms": max((stream["lag_ms"] for stream in streams.values()), default=0),
            "delivery_streams": streams,
            "unsupported": dict(self._unsupported),
        }
