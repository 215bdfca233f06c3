"""Delivery streams as workers of the supervisor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.firehose.config import StreamConfig, parse_stream
from sandbox.firehose.stream import DeliveryStream
from sandbox.state import StateDir, client
from sandbox.supervisor import WorkerKind


class DeliveryStreams(WorkerKind[StreamConfig]):
    """The delivery streams at an endpoint that read a Kinesis stream.

    If one is deleted, or replaced under its name, its buffered records are lost, as on AWS.
    """

    noun = "delivery stream"
    plural = "delivery_streams"
    totals = (
        *("records_in", "bytes_in", "records_out", "bytes_out", "objects", "dropped", "processing_failed"),
        *("conversion_failed", "invocation_failures", "failed_puts", "backlog"),
    )
    stop_timeout_s = 15.0

    def __init__(self, endpoint_url: str, state: StateDir) -> None:
        self._endpoint_url = endpoint_url
        self._state = state
        self._firehose: Any = client("firehose", endpoint_url)

    def listed(self) -> Mapping[str, object]:
        """The names alone: the list of delivery streams does not show which have changed."""
        names: list[str] = []
        request: dict[str, Any] = {"DeliveryStreamType": "KinesisStreamAsSource"}
        while True:
            page = self._firehose.list_delivery_streams(**request)
            names += page["DeliveryStreamNames"]
            if not page["HasMoreDeliveryStreams"]:
                return dict.fromkeys(names)
            request["ExclusiveStartDeliveryStreamName"] = names[-1]

    def configuration(self, name: str) -> StreamConfig:
        """The delivery stream's configuration."""
        description = self._firehose.describe_delivery_stream(DeliveryStreamName=name)
        return parse_stream(description["DeliveryStreamDescription"])

    def worker(self, config: StreamConfig) -> DeliveryStream:
        """The worker of a delivery stream."""
        return DeliveryStream(config, self._endpoint_url, self._state)
