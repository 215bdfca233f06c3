"""Kinesis' metrics of streams, and of shards with enhanced monitoring.

https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandbox.front.counting.latency import SCALE, ticks_since
from sandbox.monitoring.recorder import RECORDER, metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.kinesis.models import Stream

NAMESPACE = "AWS/Kinesis"
THROTTLED = "ProvisionedThroughputExceededException"


class KinesisCounter:
    """Counts the records that the streams of this process receive and return. Not thread-safe."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str, str, str], Callable[[float], None]] = {}

    def put(self, stream: Stream, operation: str, entries: Sequence[tuple[str, int, str]], began_ns: int) -> None:
        """Count a PutRecord or PutRecords: the shard of each record, its size, and its error code or ""."""
        region, name = stream.region, stream.stream_name
        taken = [(shard, size) for shard, size, code in entries if not code]
        throttled = sum(code == THROTTLED for _, _, code in entries)
        self._add(region, name, f"{operation}.Latency", ticks_since(began_ns))
        self._add(region, name, f"{operation}.Bytes", sum(size for _, size in taken))
        self._add(region, name, f"{operation}.Success", 1 if taken else 0)
        if operation == "PutRecords":
            self._add(region, name, "PutRecords.Records", len(taken))
            self._add(region, name, "PutRecords.TotalRecords", len(entries))
            self._add(region, name, "PutRecords.SuccessfulRecords", len(taken))
            self._add(region, name, "PutRecords.FailedRecords", len(entries) - len(taken) - throttled)
            self._add(region, name, "PutRecords.ThrottledRecords", throttled)
        self._add(region, name, "IncomingRecords", len(taken))
        self._add(region, name, "IncomingBytes", sum(size for _, size in taken))
        self._add(region, name, "WriteProvisionedThroughputExceeded", throttled)
        if enhanced := _enhanced(stream):
            for shard, size, code in entries:
                self._add_of_shard(stream, enhanced, "IncomingRecords", shard, 0 if code else 1)
                self._add_of_shard(stream, enhanced, "IncomingBytes", shard, 0 if code else size)
                self._add_of_shard(
                    stream, enhanced, "WriteProvisionedThroughputExceeded", shard, int(code == THROTTLED)
                )

    def got(self, stream: Stream, shard: str, records: Sequence[bytes], age_ms: int, began_ns: int) -> None:
        """Count a GetRecords; `age_ms` is the age of the last record returned, 0 at the end of the shard."""
        region, name = stream.region, stream.stream_name
        size = sum(map(len, records))
        self._add(region, name, "GetRecords.Latency", ticks_since(began_ns))
        self._add(region, name, "GetRecords.Records", len(records))
        self._add(region, name, "GetRecords.Bytes", size)
        self._add(region, name, "GetRecords.Success", 1)
        self._add(region, name, "GetRecords.IteratorAgeMilliseconds", age_ms)
        self._add(region, name, "ReadProvisionedThroughputExceeded", 0)
        if enhanced := _enhanced(stream):
            self._add_of_shard(stream, enhanced, "OutgoingRecords", shard, len(records))
            self._add_of_shard(stream, enhanced, "OutgoingBytes", shard, size)
            self._add_of_shard(stream, enhanced, "IteratorAgeMilliseconds", shard, age_ms)
            self._add_of_shard(stream, enhanced, "ReadProvisionedThroughputExceeded", shard, 0)

    def refused(self, region: str, operation: str, stream: str, code: str) -> None:
        """Count a call that was refused as a whole."""
        if operation not in ("PutRecord", "PutRecords", "GetRecords") or not stream:
            return
        self._add(region, stream, f"{operation}.Success", 0)
        if code == THROTTLED:
            verb = "Read" if operation == "GetRecords" else "Write"
            self._add(region, stream, f"{verb}ProvisionedThroughputExceeded", 1)

    def _add(self, region: str, stream: str, name: str, value: float, shard: str = "") -> None:
        key = (region, stream, name, shard)
        sample = self._samples.get(key)
        if sample is None:
            dimensions = {"StreamName": stream} | ({"ShardId": shard} if shard else {})
            latency = name.endswith(".Latency")
            unit = (
                "Milliseconds" if latency or "Milliseconds" in name else "Bytes" if name.endswith("Bytes") else "Count"
            )
            counted = metric(NAMESPACE, name, **dimensions)
            sample = self._samples[key] = RECORDER.series(region, counted, unit, SCALE if latency else 1.0).add
        sample(value)

    def _add_of_shard(self, stream: Stream, enhanced: frozenset[str], name: str, shard: str, value: float) -> None:
        if name in enhanced or "ALL" in enhanced:
            self._add(stream.region, stream.stream_name, name, value, shard)


def _enhanced(stream: Stream) -> frozenset[str]:
    """The shard metrics that are enabled.

    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html
    """
    return frozenset(vars(stream).get("shard_level_metrics") or ())


KINESIS = KinesisCounter()
"""The counter of this process."""
